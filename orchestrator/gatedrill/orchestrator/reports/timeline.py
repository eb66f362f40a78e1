"""One burst, device by device: intended instant, release, decoded, decided."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.chart import (
    BAND_ROW,
    Band,
    Scale,
    bands,
    bands_within,
    bottom_axis,
    line,
    picture,
    words,
)
from gatedrill.orchestrator.reports.markup import Html, element
from gatedrill.orchestrator.reports.wording import with_note
from gatedrill.orchestrator.rounds import ListedAttempt

WIDTH = 830
_ROW = 20
_TOP = 44
_LABEL_LENGTH = 16
_NOTE_LENGTH = len("last entry 2026-01-31T19:00:00…")
_COURSE = (110, 440)
_OUTCOMES = 456
_RELEASES = (640, 736)
_AHEAD_END = 826
_NOTES = 846
_WITH_NOTES = 1060


class _Scales(NamedTuple):
    releases: Scale
    course: Scale
    bottom: float


def draw_timeline(
    step: str, attempts: Sequence[ListedAttempt], faults: Sequence[Band] = ()
) -> Html:
    """These attempts in their order. Releases, microseconds apart, have a scale of their own.

    Faults, in milliseconds from T like all else, shade the time for which they lasted.
    """
    first, end = _course(attempts)
    shades = bands_within(faults, first, end)
    top = _TOP + BAND_ROW * len(shades)
    bottom = top + _ROW * len(attempts)
    scales = _scales(attempts, bottom)
    rows = [_row(each, top + _ROW * (nth + 0.5), scales) for nth, each in enumerate(attempts)]
    has_notes = any(each.note for each in attempts)
    return picture(
        f"Timeline of {step}",
        f"{len(attempts)} attempts, a row each: when the device let go, when its reader had the "
        "symbol and when it decided. The table below has the same figures.",
        _WITH_NOTES if has_notes else WIDTH,
        bottom + 26,
        bands(shades, scales.course, _TOP, bottom),
        _heads(scales),
        *([words(_AHEAD_END, 14, "read ahead", "end")] if any(map(_is_ahead, attempts)) else []),
        *([words(_NOTES, 14, "shown besides")] if has_notes else []),
        *rows,
        bottom_axis(scales.course, bottom, "ms"),
        class_="wide" if has_notes else None,
    )


def _scales(attempts: Sequence[ListedAttempt], bottom: float) -> _Scales:
    first, end = _course(attempts)
    last = max(each.released_ms for each in attempts)
    return _Scales(Scale(first, last, *_RELEASES), Scale(first, end, *_COURSE), bottom)


def _course(attempts: Sequence[ListedAttempt]) -> tuple[float, float]:
    """From the first release, or T if that was earlier, to the last decision."""
    first = min(0.0, *(each.released_ms for each in attempts))
    return first, max(each.decided_ms for each in attempts)


def _heads(scales: _Scales) -> Html:
    at = scales.course.at(0)
    first, last = map(figures.fine_ms, scales.releases[:2])
    return Html(
        words(0, 14, "device")
        + words(_RELEASES[0], 14, "let go")
        + words(_RELEASES[0], 30, f"{first.text} to {last.text} ms", "quiet")
        + words(_COURSE[0], 14, "let go | , decoded \N{BLACK DIAMOND}, decided")
        + words(_OUTCOMES, 14, "outcome")
        + line(at, _TOP - 10, at, scales.bottom, "instant")
        + words(at + 4, _TOP - 2, "T", "quiet")
    )


def _row(attempt: ListedAttempt, y: float, scales: _Scales) -> Html:
    kind = attempt.outcome.partition(" ")[0]
    released = scales.course.at(attempt.released_ms)
    decided = scales.course.at(attempt.decided_ms)
    return element(
        "g",
        element("title", _tooltip(attempt)),
        words(0, y + 4, shortened(attempt.device, _LABEL_LENGTH)),
        _decoded(attempt, y, scales.course),
        _release(scales.releases.at(attempt.released_ms), y),
        line(released, y, decided, y, "course"),
        _release(released, y),
        element("g", _SHAPES.get(kind, _dash)(decided, y), class_=kind),
        words(_OUTCOMES, y + 4, attempt.outcome),
        words(_NOTES, y + 4, shortened(attempt.note, _NOTE_LENGTH), "quiet")
        if attempt.note
        else Html(),
    )


def _release(x: float, y: float) -> Html:
    return line(x, y - 5, x, y + 5, "release")


def _decoded(attempt: ListedAttempt, y: float, course: Scale) -> Html:
    """A diamond where a symbol was read; a figure where that was long before T."""
    if attempt.decoded_ms is None:
        return Html()
    if _is_ahead(attempt):
        return words(_AHEAD_END, y + 4, figures.instant_ms(attempt.decoded_ms).text, "end quiet")
    x = course.at(attempt.decoded_ms)
    return element("path", d=f"M{x:.1f} {y - 5:g}l4 5-4 5-4-5z", class_="decoded")


def _is_ahead(attempt: ListedAttempt) -> bool:
    """Whether the symbol was read before the instant for which the scan was kept."""
    return attempt.decoded_ms is not None and attempt.decoded_ms < min(0.0, attempt.released_ms)


def _tooltip(attempt: ListedAttempt) -> str:
    instants = (
        ("let go", figures.fine_instant_ms(attempt.released_ms)),
        ("decoded", figures.instant_ms(attempt.decoded_ms)),
        ("decided", figures.instant_ms(attempt.decided_ms)),
    )
    told = ", ".join(f"{stage} {at} ms" for stage, at in instants if at.value is not None)
    return f"{attempt.device}: {with_note(attempt)}; {told}"


def shortened(text: str, length: int) -> str:
    """As much of it as fits into its row; the tooltip and the table have all."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _disc(x: float, y: float) -> Html:
    return element("circle", cx=x, cy=y, r=5.0)


def _ring(x: float, y: float) -> Html:
    return element("circle", cx=x, cy=y, r=4.0, class_="ring")


def _square(x: float, y: float) -> Html:
    return element("rect", x=x - 4.5, y=y - 4.5, width=9.0, height=9.0)


def _triangle(x: float, y: float) -> Html:
    return element("path", d=f"M{x:.1f} {y - 5:g}l5.5 10h-11z")


def _links(x: float, y: float) -> Html:
    """Two rings, one in the other."""
    return Html(
        element("circle", cx=x - 3, cy=y, r=3.5, class_="ring")
        + element("circle", cx=x + 3, cy=y, r=3.5, class_="ring")
    )


def _cross(x: float, y: float) -> Html:
    return element("path", d=f"M{x - 4:.1f} {y - 4:g}l8 8m0-8l-8 8")


def _question(x: float, y: float) -> Html:
    return words(x, y + 5, "?", "middle")


def _dash(x: float, y: float) -> Html:
    return element("path", d=f"M{x - 5:.1f} {y:g}h10")


_SHAPES: Mapping[str, Callable[[float, float], Html]] = {
    "admitted": _disc,
    "readmitted": _ring,
    "booked": _square,
    "confirmed": _triangle,
    "linked": _links,
    "refused": _cross,
    "unknown": _question,
}
