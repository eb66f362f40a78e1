"""Signs for how things ended: a shape and a word, so that colour is never alone."""

from collections.abc import Mapping
from typing import NamedTuple

from gatedrill.contract.outcome import OutcomeKind
from gatedrill.orchestrator.checks.check import CheckStatus
from gatedrill.orchestrator.reports.markup import Html, element
from gatedrill.orchestrator.result import Verdict


class Sign(NamedTuple):
    """A symbol and the tone that colours it."""

    symbol: str
    tone: str


GOOD, BAD = Sign("\N{CHECK MARK}", "good"), Sign("\N{BALLOT X}", "bad")
DOUBT, LATE = Sign("?", "doubt"), Sign("!", "doubt")
PLAIN = Sign("\N{EN DASH}", "plain")

VERDICTS: Mapping[Verdict, Sign] = {
    Verdict.PASSED: GOOD,
    Verdict.VIOLATED: BAD,
    Verdict.INCONCLUSIVE: DOUBT,
    Verdict.THRESHOLD_CROSSED: LATE,
}
STATUSES: Mapping[CheckStatus, Sign] = {
    CheckStatus.HOLDS: GOOD,
    CheckStatus.VIOLATED: BAD,
    CheckStatus.NOT_JUDGED: PLAIN,
}
OUTCOMES: Mapping[OutcomeKind, Sign] = {
    OutcomeKind.ADMITTED: GOOD,
    OutcomeKind.READMITTED: Sign("\N{CLOCKWISE OPEN CIRCLE ARROW}", "good"),
    OutcomeKind.BOOKED: GOOD,
    OutcomeKind.CONFIRMED: GOOD,
    OutcomeKind.LINKED: GOOD,
    OutcomeKind.REFUSED: Sign("\N{MULTIPLICATION SIGN}", "refused"),
    OutcomeKind.UNKNOWN: DOUBT,
}


def mark(sign: Sign, word: str) -> Html:
    """The symbol and the word that says the same."""
    symbol = element("span", sign.symbol, aria_hidden="true")
    return element("span", symbol, f" {word}", class_=f"mark {sign.tone}")
