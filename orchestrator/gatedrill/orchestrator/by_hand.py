"""What people presented at real gates, apart from what emulated ones did. Pure.

An emulated device is let go at an instant that we have set, and its latency counts from there. A
person presents a ticket when he does, and the gate's latency counts from its reading: figures of
the two must not be mixed.
"""

from collections.abc import Iterable, Sequence

import msgspec

from gatedrill.contract.attempt import FrameFigures, ScanRecord
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.metrics import LatencyStats, latency_stats
from gatedrill.orchestrator.plan import BurstStep


class NotPresented(msgspec.Struct, frozen=True):
    """A ticket that nobody has shown: `ticket` is its id."""

    step: str
    device: str
    ticket: str


class WalkIn(msgspec.Struct, frozen=True):
    """A scan that nobody had ordered; `read_s` is seconds into the run.

    `ticket` is None for a code that is none of the run's tickets.
    """

    device: str
    ticket: str | None
    outcome: str
    read_s: float


class CameraFigures(msgspec.Struct, frozen=True):
    """What the camera of a gate has seen: frames delivered, never looked at, and with a code.

    `decode_rate` is the share of the frames that were looked at in which a code was found.
    """

    device: str
    scans: int
    delivered: int
    dropped: int
    with_code: int
    decode_rate: float


class ByHand(msgspec.Struct, frozen=True):
    """What the gates did at which people stand, with tickets of the run.

    `scan_duration` counts from reading to decision.
    """

    devices: tuple[str, ...]
    scans: int
    scan_errors: float | None
    scan_duration: LatencyStats | None
    not_presented: tuple[NotPresented, ...]
    walk_ins: tuple[WalkIn, ...]
    cameras: tuple[CameraFigures, ...]


def judge_by_hand(evidence: Evidence) -> ByHand | None:
    """What is to be said of gates with people; None where there are none."""
    attended = evidence.plan.attended
    if not (attended or evidence.walk_ins or evidence.strays):
        return None
    scans = [seen.record for seen in evidence.by_hand]
    errors = [scan.outcome.is_error for scan in scans]
    return ByHand(
        devices=tuple(sorted(attended)),
        scans=len(scans),
        scan_errors=sum(errors) / len(errors) if errors else None,
        scan_duration=latency_stats(scan.latency_ms for scan in scans),
        not_presented=tuple(
            NotPresented(seen.step.id, seen.record.device, seen.planned.ticket)
            for seen in evidence.not_presented
        ),
        walk_ins=_walk_ins(evidence),
        cameras=tuple(_cameras(scans)),
    )


def was_idle(evidence: Evidence, device: str) -> bool:
    """Whether it had a part in a stream that was fired, and no scan of it came."""
    return any(
        step.id in evidence.fired
        and not isinstance(step, BurstStep)
        and any(planned.device == device for planned in step.attempts)
        and not any(seen.record.device == device for seen in evidence.by_step.get(step.id, ()))
        and (step.id, device) not in evidence.excused_devices
        for step in evidence.plan.steps
    )


def _walk_ins(evidence: Evidence) -> tuple[WalkIn, ...]:
    found = [
        *((seen.planned.ticket, seen.record) for seen in evidence.walk_ins),
        *((None, record) for record in evidence.strays),
    ]
    return tuple(
        WalkIn(record.device, ticket, str(record.outcome), record.released_ns / 1e9)
        for ticket, record in sorted(found, key=lambda each: each[1].released_ns)
    )


def _cameras(scans: Sequence[ScanRecord]) -> Iterable[CameraFigures]:
    by_device: dict[str, list[FrameFigures]] = {}
    for scan in scans:
        if scan.frames is not None:
            by_device.setdefault(scan.device, []).append(scan.frames)
    for device, figures in sorted(by_device.items()):
        delivered = sum(each.delivered for each in figures)
        dropped = sum(each.dropped for each in figures)
        with_code = sum(each.with_code for each in figures)
        rate = FrameFigures(delivered, dropped, with_code, 0.0).decode_rate
        yield CameraFigures(device, len(figures), delivered, dropped, with_code, rate)
