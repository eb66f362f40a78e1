"""What all drawings share: a scale, its ticks, and a picture that says what it shows."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from gatedrill.orchestrator.reports.markup import Content, Html, element


class Scale(NamedTuple):
    """Values from `low` to `high` lie on a straight line from `begin` to `end`."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value."""
        span = self.high - self.low or 1.0
        return self.begin + (value - self.low) / span * (self.end - self.begin)

    def ticks(self, about: int) -> list[float]:
        """Round values along the scale, not many more than `about`."""
        step = round_step((self.high - self.low) / about)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [number * step for number in range(first, last + 1)]


def round_step(rough: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is no less than `rough`."""
    power = 10.0 ** math.floor(math.log10(max(rough, 1e-6)))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough), 10 * power)


def picture(
    title: str,
    description: str,
    width: float,
    height: float,
    *parts: Html,
    class_: str | None = None,
) -> Html:
    """A drawing that says in words what it shows."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *parts,
        role="img",
        viewBox=f"0 0 {width:g} {height:g}",
        class_=class_,
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def words(x: float, y: float, text: Content, class_: str | None = None) -> Html:
    """Text that begins at x; the classes `end` and `middle` say otherwise."""
    return element("text", text, x=x, y=y, class_=class_)


class Band(NamedTuple):
    """Something that lasted from `begin` to `end` on a drawing's lower axis; None: to its end."""

    name: str
    begin: float
    end: float | None


BAND_ROW = 16
"""So much higher is a drawing for each of its bands."""


def bands(shown: Sequence[Band], scale: Scale, top: float, bottom: float) -> Html:
    """Shades down to `bottom`, each with its name in a row of its own from `top` on."""
    drawn = [
        _band(each, scale, top + BAND_ROW * number, bottom) for number, each in enumerate(shown)
    ]
    return Html("".join(drawn))


def _band(each: Band, scale: Scale, top: float, bottom: float) -> Html:
    left = scale.at(max(each.begin, scale.low))
    right = scale.end if each.end is None else scale.at(min(each.end, scale.high))
    is_far = left > (scale.begin + scale.end) / 2
    return element(
        "g",
        element("title", each.name),
        element(
            "rect", x=left, y=top, width=max(right - left, 1), height=bottom - top, class_="band"
        ),
        words(right - 3 if is_far else left + 3, top + 12, each.name, "end" if is_far else None),
    )


def bands_within(shown: Sequence[Band], low: float, high: float) -> list[Band]:
    """Those that lasted at any time between two places of the axis."""
    return [each for each in shown if each.begin <= high and (each.end is None or each.end >= low)]


def bottom_axis(scale: Scale, y: float, unit: str) -> Html:
    """Ticks below a drawing, the last one with its unit."""
    ticks = scale.ticks(7)
    labels = [f"{tick:g}" for tick in ticks]
    labels[-1] += f" {unit}"
    marks = [
        line(scale.at(tick), y, scale.at(tick), y + 4, "axis")
        + words(scale.at(tick), y + 17, label, "middle")
        for tick, label in zip(ticks, labels, strict=True)
    ]
    return Html(line(scale.begin, y, scale.end, y, "axis") + "".join(marks))


def left_axis(scale: Scale, left: float, right: float, unit: str) -> Html:
    """Ticks and grid lines beside a drawing, their unit above."""
    marks = [
        line(left, scale.at(tick), right, scale.at(tick), "grid")
        + words(left - 6, scale.at(tick) + 4, f"{tick:g}", "end")
        for tick in scale.ticks(4)
    ]
    return Html(words(0, scale.end - 10, unit, "quiet") + "".join(marks))
