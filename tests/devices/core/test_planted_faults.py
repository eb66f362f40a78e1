"""Each fault that can be planted in a gate breaks a promise that honest gates keep."""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from device_fakes import ADMITTED, FakeCheckIn, ManualClock

from gatedrill.contract.attempt import ClaimAsk
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import OfflinePolicy, QueueState
from gatedrill.contract.outcome import Authority
from gatedrill.devices.checkin import Ticket
from gatedrill.devices.connection import ServiceAnswer, ServiceConnection, ServiceRequest
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.journal_rows import NewScan
from gatedrill.devices.offline.service_time import TimeSample
from gatedrill.devices.offline.time_of_day import TimeOfDay
from gatedrill.devices.planted_faults import GATE_FAULTS, GateParts, parts_for
from gatedrill.devices.standby import Subject

if TYPE_CHECKING:
    from gatedrill.devices.standby import Standby

Trial = Callable[[GateParts, Path], Awaitable[str | None]]
"""Returns what is wrong, None if nothing is."""

S = 1_000_000_000


class Opened:
    """A device's file made of these parts, with one scan that it has decided by itself."""

    def __init__(self, parts: GateParts, path: Path) -> None:
        self.clock = ManualClock(1_000 * S)
        self._parts = parts
        self._path = path

    async def file(self, boot: str) -> DeviceFile:
        time = TimeOfDay(self.clock)
        time.service.learn(TimeSample(self.clock.now_ns(), self.clock.now_ns(), 2_000 * S, 1))
        return await self._parts.file.open(self._path / "gate-01", "gate-01", boot, time)

    async def scanned(self, file: DeviceFile) -> None:
        await file.journal.begin(NewScan("n1", "e1", "t1", "t1"))
        at = file.journal.time.stamp()
        await file.journal.decide("n1", ADMITTED, Authority.OFFLINE, at)


async def keeps_its_queue(parts: GateParts, path: Path) -> str | None:
    opened = Opened(parts, path)
    first = await opened.file("b1")
    await opened.scanned(first)
    await first.close()
    again = await opened.file("b2")
    entries = await again.journal.entries()
    await again.close()
    return None if entries else "the queue is gone"


async def sends_again_what_was_being_sent(parts: GateParts, path: Path) -> str | None:
    opened = Opened(parts, path)
    first = await opened.file("b1")
    await opened.scanned(first)
    await first.journal.take_due(opened.clock.now_ns(), 5)
    await first.close()
    again = await opened.file("b2")
    [entry] = await again.journal.entries()
    await again.close()
    return None if entry.state is QueueState.PENDING else f"it is {entry.state} for ever"


async def corrects_its_clock(parts: GateParts, path: Path) -> str | None:
    opened = Opened(parts, path)
    file = await opened.file("b1")
    file.journal.time.set_skew(600)
    await opened.scanned(file)
    [entry] = await file.journal.entries()
    await file.close()
    right = "1970-01-01T00:33:20"
    return None if (entry.scanned_at or "").startswith(right) else f"scanned at {entry.scanned_at}"


class Service:
    """Keeps what it is sent, and has had the scan already."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def send(
        self, request: ServiceRequest, read: Callable[[ServiceAnswer], ServiceAnswer]
    ) -> ServiceAnswer:
        self.bodies.append(request.body or b"")
        body = b'[{"success": true, "conflict_resolved": false}]'
        return read(ServiceAnswer(request.kind, 0, 1, 200, body))


async def sends_its_nonce(parts: GateParts, path: Path) -> str | None:
    opened, service = Opened(parts, path), Service()
    file = await opened.file("b1")
    await opened.scanned(file)
    upload = parts.upload(cast("ServiceConnection", service), file.journal, scanned_by="me")
    [scan] = await file.journal.take_due(opened.clock.now_ns(), 5)
    await upload.send(scan)
    await file.close()
    return None if b'"p_nonce":"n1"' in service.bodies[-1] else "uploaded without its nonce"


class AloneAtTheVenue:
    """A standby whose registrar gives no answer."""

    async def claim(self, *_: object) -> tuple[None, ClaimAsk]:
        return None, ClaimAsk(1, 2)


async def waits_for_the_grant(parts: GateParts, _path: Path) -> str | None:
    clock = ManualClock()
    inquiry = parts.inquiry(
        cast("Standby", AloneAtTheVenue()),
        OfflinePolicy(tuple(Authority), 1.5, "e1"),
        FakeCheckIn(clock),
        "attempt",
        "t1",
        clock,
        random.Random(1),
    )
    outcome, _ = await inquiry.claim("n1", Subject("t1", Ticket("t1")), ADMITTED)
    return None if outcome is None else f"{outcome} without a grant"


TRIALS: dict[str, tuple[Trial, str]] = {
    "queue-lost-in-crash": (keeps_its_queue, "the queue is gone"),
    "queue-stuck-syncing": (sends_again_what_was_being_sent, "it is syncing for ever"),
    "upload-without-nonce": (sends_its_nonce, "uploaded without its nonce"),
    "trusts-own-clock": (corrects_its_clock, "scanned at 1970-01-01T00:26:40.000000+00:00"),
    "admits-before-grant": (waits_for_the_grant, "admitted without a grant"),
}


def test_every_fault_is_tried() -> None:
    assert TRIALS.keys() == {fault.name for fault in GATE_FAULTS}


@pytest.mark.parametrize("name", TRIALS)
async def test_a_fault_breaks_what_an_honest_gate_keeps(name: str, tmp_path: Path) -> None:
    trial, said = TRIALS[name]
    assert await trial(GateParts(), tmp_path / "honest") is None
    assert await trial(parts_for(name), tmp_path / "faulty") == said


def test_no_fault_makes_honest_gates_and_an_unknown_one_none() -> None:
    assert parts_for(None) == GateParts()
    with pytest.raises(UsageError, match="no fault 'x' of a gate: choose from queue-lost"):
        parts_for("x")
