"""Whether the hardware that is connected can be read."""

from typing import TYPE_CHECKING

from gatedrill.cli.doctor_checks.finding import Finding, ok, warn
from gatedrill.cli.extras import extra_needed
from gatedrill.contract.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatedrill.devices.hardware.survey import Survey

_NAME = "hardware"


def connected_hardware(survey: "Callable[[], Survey] | None" = None) -> Finding:
    """How many scanners and cameras there are, and how many of them are blocked.

    Never a failure: a drill can do with emulated devices alone.
    """
    try:
        with extra_needed("devices"):
            from gatedrill.devices.hardware.survey import survey as survey_this
        found = (survey or survey_this)()
    except UsageError as error:
        return warn(_NAME, "cannot be listed", str(error))
    blocked = [each for each in found.readers if each.is_blocked]
    vanished = [obstacle for obstacle in found.obstacles if obstacle.blocks]
    if blocked or vanished:
        first = next(
            obstacle
            for obstacle in (*(o for each in blocked for o in each.obstacles), *vanished)
            if obstacle.blocks
        )
        paths = ", ".join(each.device.path for each in blocked) or "an adapter"
        return warn(_NAME, f"cannot be read: {paths} ({first.what})", first.cure)
    notes = sum(len(each.obstacles) for each in found.readers)
    says = ", ".join(
        _counted(len(listings), what)
        for listings, what in (
            (found.serial, "serial port"),
            (found.hid, "HID scanner"),
            (found.cameras, "camera"),
        )
    )
    if notes:
        return warn(_NAME, f"{says}; {_counted(notes, 'note')} on them", "see gatedrill hardware")
    return ok(_NAME, says)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
