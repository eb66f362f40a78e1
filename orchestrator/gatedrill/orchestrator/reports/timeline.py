"""One burst, device by device: intended instant, release, decoded, decided."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.chart import Scale, bottom_axis, line, picture, words
from gatedrill.orchestrator.reports.markup import Html, element
from gatedrill.orchestrator.rounds import ListedScan

WIDTH = 830
_ROW = 20
_TOP = 44
_LABEL_LENGTH = 16
_COURSE = (110, 440)
_OUTCOMES = 456
_RELEASES = (640, 736)
_AHEAD_END = 826


class _Scales(NamedTuple):
    releases: Scale
    course: Scale
    bottom: float


def draw_timeline(step: str, scans: Sequence[ListedScan]) -> Html:
    """These scans in their order. Releases, microseconds apart, have a scale of their own."""
    bottom = _TOP + _ROW * len(scans)
    scales = _scales(scans, bottom)
    rows = [_row(scan, _TOP + _ROW * (number + 0.5), scales) for number, scan in enumerate(scans)]
    return picture(
        f"Timeline of {step}",
        f"{len(scans)} scans, a row each: when the device let go, when its reader had the symbol "
        "and when it decided. The table below has the same figures.",
        WIDTH,
        bottom + 26,
        _heads(scales),
        *([words(_AHEAD_END, 14, "read ahead", "end")] if any(map(_is_ahead, scans)) else []),
        *rows,
        bottom_axis(scales.course, bottom, "ms"),
    )


def _scales(scans: Sequence[ListedScan], bottom: float) -> _Scales:
    released = [scan.released_ms for scan in scans]
    first, last = min(0.0, *released), max(released)
    end = max(scan.decided_ms for scan in scans)
    return _Scales(Scale(first, last, *_RELEASES), Scale(first, end, *_COURSE), bottom)


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


def _row(scan: ListedScan, y: float, scales: _Scales) -> Html:
    kind = scan.outcome.partition(" ")[0]
    released, decided = scales.course.at(scan.released_ms), scales.course.at(scan.decided_ms)
    return element(
        "g",
        element("title", _tooltip(scan)),
        words(0, y + 4, shortened(scan.device)),
        _decoded(scan, y, scales.course),
        _release(scales.releases.at(scan.released_ms), y),
        line(released, y, decided, y, "course"),
        _release(released, y),
        element("g", _SHAPES.get(kind, _dash)(decided, y), class_=kind),
        words(_OUTCOMES, y + 4, scan.outcome),
    )


def _release(x: float, y: float) -> Html:
    return line(x, y - 5, x, y + 5, "release")


def _decoded(scan: ListedScan, y: float, course: Scale) -> Html:
    """A diamond where the symbol was read; a figure where that was long before T."""
    if scan.decoded_ms is None:
        return words(_AHEAD_END, y + 4, "not read", "end quiet")
    if _is_ahead(scan):
        return words(_AHEAD_END, y + 4, figures.instant_ms(scan.decoded_ms).text, "end quiet")
    x = course.at(scan.decoded_ms)
    return element("path", d=f"M{x:.1f} {y - 5:g}l4 5-4 5-4-5z", class_="decoded")


def _is_ahead(scan: ListedScan) -> bool:
    """Whether the symbol was read before the instant for which the scan was kept."""
    return scan.decoded_ms is not None and scan.decoded_ms < min(0.0, scan.released_ms)


def _tooltip(scan: ListedScan) -> str:
    decoded = figures.instant_ms(scan.decoded_ms)
    return (
        f"{scan.device}: {scan.outcome}; let go {figures.fine_instant_ms(scan.released_ms)} ms, "
        f"decoded {decoded} ms, decided {figures.instant_ms(scan.decided_ms)} ms"
    )


def shortened(name: str) -> str:
    """A name that fits in front of its row; the tooltip and the table have all of it."""
    return name if len(name) <= _LABEL_LENGTH else f"{name[: _LABEL_LENGTH - 1]}…"


def _disc(x: float, y: float) -> Html:
    return element("circle", cx=x, cy=y, r=5.0)


def _ring(x: float, y: float) -> Html:
    return element("circle", cx=x, cy=y, r=4.0, class_="ring")


def _cross(x: float, y: float) -> Html:
    return element("path", d=f"M{x - 4:.1f} {y - 4:g}l8 8m0-8l-8 8")


def _question(x: float, y: float) -> Html:
    return words(x, y + 5, "?", "middle")


def _dash(x: float, y: float) -> Html:
    return element("path", d=f"M{x - 5:.1f} {y:g}h10")


_SHAPES: Mapping[str, Callable[[float, float], Html]] = {
    "admitted": _disc,
    "readmitted": _ring,
    "refused": _cross,
    "unknown": _question,
}
