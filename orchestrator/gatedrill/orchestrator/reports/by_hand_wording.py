"""What people presented at real gates, in words that terminal and page share."""

from collections.abc import Iterator

from gatedrill.orchestrator.by_hand import ByHand, CameraFigures, WalkIn
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.wording import some

_SHOWN = 10


def by_hand_in_words(told: ByHand) -> Iterator[str]:
    """A line for each thing that there is to say."""
    if told.devices:
        yield f"presented by hand: {_scans(told)} at {some(told.devices)}"
    if told.not_presented:
        missing = [f"{each.device} in {each.step}" for each in told.not_presented]
        yield f"not presented: {some(missing)}"
    yield from (walk_in_in_words(each) for each in told.walk_ins[:_SHOWN])
    if len(told.walk_ins) > _SHOWN:
        yield f"and {len(told.walk_ins) - _SHOWN} more scans that nobody had ordered"
    yield from map(camera_in_words, told.cameras)


def _scans(told: ByHand) -> str:
    if told.scan_errors is None:
        return "no scan"
    scans = "1 scan" if told.scans == 1 else f"{told.scans} scans"
    return f"{scans}, {figures.share(told.scan_errors)} errors,"


def walk_in_in_words(each: WalkIn) -> str:
    """A scan that nobody had ordered."""
    what = each.ticket or "a code that is no ticket of this run"
    return f"walked in at {each.device}: {what}, {each.outcome}, read at {each.read_s:.3f} s"


def camera_in_words(each: CameraFigures) -> str:
    """What a camera has seen."""
    return (
        f"camera of {each.device}: {each.delivered} frames, {each.dropped} dropped, "
        f"a code in {figures.share(each.decode_rate)} of those looked at"
    )
