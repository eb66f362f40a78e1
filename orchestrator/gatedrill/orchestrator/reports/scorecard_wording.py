"""What guide and scorecard say of gates and staff, in the same words."""

from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.fixtures.scenario import Reaction
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.scorecard import ScoredStep, Totals

REACTIONS: dict[Reaction, str] = {
    "let_in": "let in",
    "turn_away": "turn away",
    "call_supervisor": "call a supervisor",
}
NO_ANSWER = "no answer was heard"
_NOT_PRESENTED = str(Outcome(OutcomeKind.IGNORED, Reason.NOT_PRESENTED))


def answer_in_words(answer: str | None) -> str:
    """A gate's answer for people: `refused: already used` for `refused (already_used)`."""
    if answer is None:
        return NO_ANSWER
    if answer == _NOT_PRESENTED:
        return "nobody presented the ticket in time"
    return answer.replace(" (", ": ").rstrip(")").replace("_", " ")


def expected_in_words(word: str | None) -> str:
    """The right answer, an outcome or the reason of a refusal, as `answer_in_words` would."""
    if word in list(Reason):
        return answer_in_words(str(Outcome(OutcomeKind.REFUSED, Reason(word))))
    return answer_in_words(word)


def gate_in_words(step: ScoredStep) -> str:
    """What the gate answered, how soon, and what it should have."""
    after = "" if step.gate_ms is None else f", after {figures.reading_ms(step.gate_ms)} ms"
    right = f"; right: {expected_in_words(step.expected)}" if step.gate_ok is False else ""
    return f"{answer_in_words(step.answer)}{after}{right}"


def staff_in_words(step: ScoredStep) -> str:
    """What staff did, and how soon."""
    if step.reaction is None:
        return "no answer"
    after = "" if step.reaction_s is None else f", after {figures.reaction_s(step.reaction_s)} s"
    return f"{REACTIONS[step.reaction]}{after}"


def totals_in_words(totals: Totals) -> list[str]:
    """The totals, a line for gates and one for staff."""
    steps = f"of {totals.steps} steps"
    staff = f"staff were right in {totals.staff_right} and wrong in {totals.staff_wrong} {steps}"
    if totals.median_reaction_s is not None:
        took = figures.reaction_s(totals.median_reaction_s).text
        slowest = figures.reaction_s(totals.slowest_reaction_s).text
        staff += f"; median {took} s, slowest {slowest} s"
    gates = f"gates were right in {totals.gate_right} and wrong in {totals.gate_wrong} {steps}"
    return [gates, staff]
