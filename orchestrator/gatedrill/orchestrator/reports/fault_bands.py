"""Faults as shades in a drawing whose axis begins at a step's instant T."""

from collections.abc import Iterable

from gatedrill.orchestrator.offline_facts import FaultSpan
from gatedrill.orchestrator.reports.chart import Band


def fault_bands(faults: Iterable[FaultSpan], at_s: float, a_second: float = 1.0) -> list[Band]:
    """From T, which is at `at_s`, on, in units of which a second has `a_second`."""
    return [
        Band(
            _name(each),
            (each.began_s - at_s) * a_second,
            None if each.ended_s is None else (each.ended_s - at_s) * a_second,
        )
        for each in faults
    ]


def _name(fault: FaultSpan) -> str:
    """What failed, and where if not in many places."""
    return f"{fault.kind}: {', '.join(fault.devices)}" if len(fault.devices) <= 2 else fault.kind
