"""A fleet whose gates keep files: a real service behind a real uplink that fails, and is back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from broker_process import BrokerProcess
from devices.core.test_host import SCANNED_BY, Roster, served, ticket
from running_uplink import RunningUplink, running_uplink
from scripted_conductor import ScriptedConductor, scripted_conductor

from gatedrill.broker.bus import Bus
from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract import topics
from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.messages import (
    AskQueues,
    BurstKind,
    OfflinePolicy,
    QueueEntry,
    QueueReport,
    QueueState,
    Repeat,
    SetClock,
)
from gatedrill.contract.outcome import Authority, OutcomeKind
from gatedrill.contract.service import Population, TicketRow
from gatedrill.contract.uplink import UplinkFault, UplinkFaultKind
from gatedrill.devices.emulated_roster import emulated_devices
from gatedrill.devices.fleet_settings import FleetSettings

if TYPE_CHECKING:
    from devices.core.conftest import Backend

EVENT = "tonight"
ALONE = OfflinePolicy((Authority.ONLINE, Authority.OFFLINE), budget_s=0.4, edition="e1")
WAITING = (QueueState.PENDING, QueueState.SYNCING)
DOWN = UplinkFault("f1", UplinkFaultKind.DOWN)


class Fleet:
    """A fleet of two gates, its conductor, and what its journals are said to hold."""

    def __init__(
        self, settings: FleetSettings, bus: Bus, backend: "Backend", uplink: RunningUplink
    ) -> None:
        self.settings = settings
        self.bus = bus
        self.backend = backend
        self.uplink = uplink
        self.roster = Roster()
        self.queues: asyncio.Queue[QueueReport] = asyncio.Queue()
        self._step = 0

    @property
    def name(self) -> str:
        return self.settings.name

    async def listen(self) -> None:
        await self.bus.subscribe(topics.PRESENCE, self.roster.hear, fleet=self.name)
        await self.bus.subscribe(topics.QUEUES, self._hear, run=self.name)

    def _hear(self, _levels: dict[str, str], report: QueueReport | None) -> None:
        if report is not None:
            self.queues.put_nowait(report)

    async def show(self, conductor: ScriptedConductor, *tickets: int) -> list[ScanRecord]:
        """A burst in which each gate shows its ticket, from its arming to its end."""
        self._step += 1
        devices = [device.name for device in self.settings.devices]
        shows = [(device, ticket(number)) for device, number in zip(devices, tickets, strict=False)]
        arm = conductor.burst(f"s{self._step}", BurstKind.REQUEST, shows)
        armed = await conductor.until_armed(msgspec.structs.replace(arm, policy=ALONE))
        assert armed.unready == {}
        await conductor.fire(arm.step, MonotonicClock().now_ns() + 20_000_000)
        return list((await conductor.scans(arm.step)).values())

    async def journals(self) -> list[QueueEntry]:
        """What the fleet tells when it is asked."""
        await self.bus.publish(topics.ASK_QUEUES, AskQueues("e1"), run=self.name)
        entries: list[QueueEntry] = []
        while True:
            report = await self.queues.get()
            entries += report.entries
            if report.finished:
                assert report.total == len(entries)
                return entries

    async def until_uploaded(self) -> None:
        """Wait until the journals, and then a heartbeat, say that nothing is queued."""
        while any(entry.state in WAITING for entry in await self.journals()):
            await self.roster.next_word()

        def is_empty() -> bool:
            states = [state for each in self.roster.here.values() for state in each.states.values()]
            return len(states) == 2 and not any(state.queued for state in states)

        await self.roster.until(is_empty)


@pytest.fixture
async def fleet(
    broker: BrokerProcess, bus: Bus, name: str, backend: "Backend", tmp_path: Path
) -> AsyncIterator[Fleet]:
    rows = tuple(TicketRow(ticket(number), EVENT, "general") for number in range(10))
    await backend.populate(Population(rows))
    async with running_uplink(backend.url) as uplink:
        settings = FleetSettings(
            name=name,
            devices=emulated_devices(name, 2),
            broker=broker.url,
            target=backend.url,
            key=str(backend.client.headers["apikey"]),
            scanned_by=SCANNED_BY,
            decoder="zxing",
            event_id=EVENT,
            uplink=uplink.url,
            data=tmp_path / "devices",
        )
        made = Fleet(settings, bus, backend, uplink)
        await made.listen()
        yield made


def told(entries: list[QueueEntry]) -> list[tuple[QueueState, Authority | None]]:
    return sorted((entry.state, entry.authority) for entry in entries)


async def test_gates_decide_by_their_own_copies_and_upload_when_the_line_is_back(
    fleet: Fleet,
) -> None:
    async with served(fleet.settings), asyncio.timeout(60):
        boot = (await fleet.roster.one()).boot
        async with scripted_conductor(fleet.bus, fleet.name, fleet.name, boot) as conductor:
            online = await fleet.show(conductor, 1, 2)
            await fleet.uplink.put(DOWN)
            alone = await fleet.show(conductor, 3, 4)
            waiting = await fleet.journals()
            await fleet.uplink.put()
            await fleet.until_uploaded()
            uploaded = await fleet.journals()

    assert {(each.outcome.kind, each.authority) for each in online} == {
        (OutcomeKind.ADMITTED, Authority.ONLINE)
    }
    assert {(each.outcome.kind, each.authority) for each in alone} == {
        (OutcomeKind.ADMITTED, Authority.OFFLINE)
    }
    assert {state for state, authority in told(waiting) if authority is Authority.OFFLINE} <= {
        *WAITING
    }
    assert told(uploaded) == [
        *[(QueueState.ONLINE, Authority.ONLINE)] * 2,
        *[(QueueState.SYNCED, Authority.OFFLINE)] * 2,
    ]
    assert {entry.nonce for entry in uploaded} == {each.nonce for each in (*online, *alone)}
    admitted = [row for row in await fleet.backend.read("tickets") if row["status"] == "scanned"]
    assert len(admitted) == 4


async def test_what_waits_in_a_file_is_uploaded_by_the_next_start_without_being_told(
    fleet: Fleet,
) -> None:
    async with asyncio.timeout(60):
        async with served(fleet.settings):
            boot = (await fleet.roster.one()).boot
            async with scripted_conductor(fleet.bus, fleet.name, fleet.name, boot) as conductor:
                await fleet.show(conductor, 1, 2)
                await fleet.uplink.put(DOWN)
                await fleet.show(conductor, 3, 4)
        await fleet.roster.until(lambda: not fleet.roster.here)
        await fleet.uplink.put()
        async with served(fleet.settings):
            await fleet.until_uploaded()
            entries = await fleet.journals()
    assert [state for state, _ in told(entries)].count(QueueState.SYNCED) == 2
    assert len({entry.boot for entry in entries}) == 1, "the boot in which they were scanned"


async def test_a_fleet_says_again_what_it_has_said_of_a_step(fleet: Fleet) -> None:
    async with served(fleet.settings), asyncio.timeout(60):
        boot = (await fleet.roster.one()).boot
        async with scripted_conductor(fleet.bus, fleet.name, fleet.name, boot) as conductor:
            first = await fleet.show(conductor, 1, 2)
            await fleet.bus.publish(topics.REPEAT, Repeat("s1"), run=fleet.name)
            armed = await conductor.armed.get()
            again = await conductor.scans("s1")
    assert armed.step == "s1"
    assert sorted(again) == sorted(each.attempt for each in first)


async def test_a_clock_that_is_set_wrong_uploads_the_right_time(fleet: Fleet) -> None:
    wrong = fleet.settings.devices[0].name
    async with served(fleet.settings), asyncio.timeout(60):
        boot = (await fleet.roster.one()).boot
        async with scripted_conductor(fleet.bus, fleet.name, fleet.name, boot) as conductor:
            await fleet.show(conductor, 1, 2)
            await fleet.bus.publish(topics.SET_CLOCK, SetClock(wrong, 600.0), fleet=fleet.name)
            await fleet.uplink.put(DOWN)
            await fleet.show(conductor, 3, 4)
            await fleet.uplink.put()
            await fleet.until_uploaded()
            entries = [entry for entry in await fleet.journals() if entry.settled_ns]
    first, second = (entry.scanned_at or "" for entry in entries)
    assert first[:16] == second[:16] or abs(int(first[14:16]) - int(second[14:16])) in (1, 59)
    flags = {row["flag"] for row in await fleet.backend.read("scan_logs")}
    assert flags == {None}


async def test_without_a_copy_a_gate_is_not_ready_and_says_why(fleet: Fleet) -> None:
    await fleet.uplink.put(DOWN)
    async with served(fleet.settings), asyncio.timeout(60):
        boot = (await fleet.roster.one()).boot
        async with scripted_conductor(fleet.bus, fleet.name, fleet.name, boot) as conductor:
            shows = [(fleet.settings.devices[0].name, ticket(1))]
            arm = conductor.burst("s1", BurstKind.REQUEST, shows)
            armed = await conductor.until_armed(msgspec.structs.replace(arm, policy=ALONE))
    [why] = armed.unready.values()
    assert why.startswith(f"has no copy of the tickets: cannot copy the tickets of event {EVENT}")
