"""Comparing a log with what was answered: one row for every answer, none doubled."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

R = TypeVar("R")


class Told(NamedTuple):
    """What was answered about one thing, counted by the kind of log row that it must leave.

    `open` is how many questions had no answer and may each have left a row, of whatever kind; None
    if nobody knows how many there were.
    """

    answers: Counter[str]
    open: int | None = 0


class Mismatch(NamedTuple):
    """A kind of row of which the log has too few or too many."""

    kind: str
    what: str
    is_missing: bool


def find_mismatch(told: Told, logged: Counter[str]) -> Mismatch | None:
    """The first kind, by name, that the log has too few rows of; else the first with too many."""
    if logged == told.answers:
        return None
    kinds = sorted(told.answers.keys() | logged.keys())
    missing = [kind for kind in kinds if logged[kind] < told.answers[kind]]
    if missing:
        return _mismatch(told, logged, missing[0], is_missing=True)
    extra = [kind for kind in kinds if logged[kind] > told.answers[kind]]
    doubled = logged.total() - told.answers.total()
    if told.open is None or doubled <= told.open:
        return None
    return _mismatch(told, logged, extra[0], is_missing=False)


def _mismatch(told: Told, logged: Counter[str], kind: str, *, is_missing: bool) -> Mismatch:
    answers = _count(told.answers[kind], "answer")
    if told.open and not is_missing:
        answers += f" and {_count(told.open, 'question')} without one"
    what = f"{kind}: {answers}, but {_count(logged[kind], 'log row')}"
    return Mismatch(kind, what, is_missing)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def last_two(rows: Sequence[R]) -> Sequence[R]:
    """The rows that were written last: among them are those too many."""
    return rows[-2:]
