"""How figures are written: one way for each, whatever the report.

A figure keeps its exact value beside its text, so that every report carries what `result.json` has.
"""

from typing import NamedTuple

import msgspec

NOTHING = "-"


class Figure(NamedTuple):
    """A number, and the format that people read it in; None where there was nothing to measure."""

    value: float | None
    form: str
    absent: str = NOTHING

    @property
    def text(self) -> str:
        """As people read it."""
        return self.absent if self.value is None else format(self.value, self.form)

    @property
    def exact(self) -> str:
        """As JSON writes it; empty where there is nothing."""
        return "" if self.value is None else msgspec.json.encode(self.value).decode()

    def __str__(self) -> str:
        return self.text


def count(number: int) -> Figure:
    """So many."""
    return Figure(number, "d")


def latency_ms(value: float | None) -> Figure:
    """A duration in milliseconds, to the hundredth."""
    return Figure(value, ".2f")


def seconds(value: float | None) -> Figure:
    """Seconds since the run began, to the millisecond; what never ended lasts to the end."""
    return Figure(value, ".3f", absent="to the end")


def fine_ms(value: float | None) -> Figure:
    """A duration in milliseconds, to the microsecond: skews and clock bounds."""
    return Figure(value, ".3f")


def window_ms(value: float) -> Figure:
    """A width in milliseconds, as it was set."""
    return Figure(value, "g")


def instant_ms(value: float | None) -> Figure:
    """Milliseconds before or after T, to the tenth."""
    return Figure(value, "+.1f")


def fine_instant_ms(value: float | None) -> Figure:
    """Milliseconds before or after T, to the microsecond."""
    return Figure(value, "+.3f")


def reaction_s(value: float | None) -> Figure:
    """How long a person took, in seconds, to the tenth."""
    return Figure(value, ".1f")


def reading_ms(value: float | None) -> Figure:
    """How long a gate took to decide, in whole milliseconds."""
    return Figure(value, ".0f")


def share(value: float | None) -> Figure:
    """A part of a whole, 0 to 1, in per cent."""
    return Figure(value, ".2%")


def threshold_value(value: float | None) -> Figure:
    """What a threshold met, in whatever unit its metric has."""
    return Figure(value, ".4g", absent="nothing measured")


def between(low: float | None, high: float | None) -> str:
    """What is known to lie between two figures that thresholds may meet."""
    lowest, highest = threshold_value(low).text, threshold_value(high).text
    return highest if lowest == highest else f"{lowest} to {highest}"


def change(first: Figure, second: Figure) -> str:
    """By how much the second is more, also as a part of the first; empty if they read alike."""
    if first.text == second.text:
        return ""
    if first.value is None or second.value is None:
        return "differs"
    more = second.value - first.value
    written = f"{more:+{second.form.lstrip('+')}}"
    is_share = second.form.endswith("%")
    return written if is_share or not first.value else f"{written} ({more / first.value:+.0%})"
