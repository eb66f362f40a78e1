"""The scorecard as a person reads it on a terminal of 80 columns: three lines a step."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from gatedrill.orchestrator.reports.scorecard_wording import (
    REACTIONS,
    gate_in_words,
    staff_in_words,
    totals_in_words,
)
from gatedrill.orchestrator.scorecard import Scorecard, ScoredStep

_MARKS = {True: ("PASS", "green"), False: ("FAIL", "red"), None: ("----", "dim")}


def print_scorecard(card: Scorecard, console: Console) -> None:
    """Write all of it to `console`."""
    for line in _lines(card):
        console.print(line, soft_wrap=True)


def _lines(card: Scorecard) -> Iterator[Text]:
    yield Text(f"SCORECARD  {card.scenario}", "bold")
    if card.cut_short:
        yield Text(f"the drill was cut short: {card.cut_short}", "yellow")
    for number, step in enumerate(card.steps, 1):
        yield from _step(number, step)
    yield Text("")
    yield from (Text(line, "bold") for line in totals_in_words(card.totals))


def _step(number: int, step: ScoredStep) -> Iterator[Text]:
    yield Text(f"\n{number:2}  {step.ticket} at {step.gate}".rstrip(), "bold")
    if not step.reached:
        yield _marked(None, "not reached", "")
        return
    yield _marked(step.gate_ok, "gate ", gate_in_words(step))
    right = "" if step.reaction_ok else f"; right: {REACTIONS[step.right_reaction]}"
    yield _marked(step.reaction_ok, "staff", f"{staff_in_words(step)}{right}")


def _marked(ok: bool | None, who: str, what: str) -> Text:  # noqa: FBT001 - a mark's own value
    mark, style = _MARKS[ok]
    return Text.assemble("    ", (mark, style), f"  {who}  {what}")
