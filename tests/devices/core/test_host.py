"""A whole fleet of emulated devices: real readers, a real broker, a service on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pytest
from broker_process import BrokerProcess
from device_fakes import checkout
from rich.pretty import pretty_repr
from running_uplink import running_uplink
from scripted_conductor import presentations, scripted_conductor
from scripted_service import Call, ScriptedService, answer, row, scripted_service

from gatedrill.broker.bus import Bus
from gatedrill.broker.clock import MonotonicClock, measure_offset
from gatedrill.contract import topics
from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.contract.messages import BurstKind, Order, Presence
from gatedrill.contract.outcome import OutcomeKind, Reason
from gatedrill.contract.qr import sign_payload
from gatedrill.contract.service import (
    Population,
    SlotRow,
    TicketRow,
    VipPassRow,
    VipReservationRow,
)
from gatedrill.contract.uplink import UplinkFault, UplinkFaultKind
from gatedrill.devices.emulated_roster import emulated_devices
from gatedrill.devices.fleet_settings import FleetSettings
from gatedrill.devices.host import serve_fleet

if TYPE_CHECKING:
    from devices.core.conftest import Backend

RESERVATION = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
KEY = "hush-hush-service-key"
SCANNED_BY = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
DEVICES = 4
KINDS = [BurstKind.PRESENT, BurstKind.REQUEST]
MS = 1_000_000


def ticket(number: int) -> str:
    """A ticket's id."""
    return f"00000000-0000-0000-0000-{number:012}"


def settings(broker: str, target: str, name: str) -> FleetSettings:
    return FleetSettings(
        name=name,
        devices=emulated_devices(name, DEVICES),
        broker=broker,
        target=target,
        key=KEY,
        scanned_by=SCANNED_BY,
        decoder="zxing",
        event_id="tonight",
    )


@asynccontextmanager
async def served(wanted: FleetSettings) -> AsyncIterator[None]:
    """Serve a fleet while the body runs; entered when it is ready, left when it has stopped."""
    ready, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve_fleet(wanted, ready=ready.set, stop=stop))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if ready.is_set():
            yield
    finally:
        stop.set()
        await serving


class Roster:
    """The presences of one fleet name, as they come and go."""

    def __init__(self) -> None:
        self.here: dict[str, Presence] = {}
        self._changed = asyncio.Event()

    def hear(self, levels: dict[str, str], presence: Presence | None) -> None:
        if presence is None:
            self.here.pop(levels["boot"], None)
        else:
            self.here[levels["boot"]] = presence
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def next_word(self) -> None:
        """Wait for the next presence, whatever it says."""
        self._changed.clear()
        await self._changed.wait()

    async def one(self) -> Presence:
        await self.until(lambda: len(self.here) == 1)
        return next(iter(self.here.values()))


class Venue(NamedTuple):
    """What a fleet can come to."""

    url: str
    name: str
    service: ScriptedService
    bus: Bus
    roster: Roster

    def settings(self, **changes: object) -> FleetSettings:
        plain = settings(self.url, self.service.url, self.name)
        return msgspec.structs.replace(plain, **changes)

    def shows(self) -> list[tuple[str, str]]:
        """A ticket of its own for each device."""
        devices = self.settings().devices
        return [(device.name, ticket(number)) for number, device in enumerate(devices)]


@pytest.fixture
async def venue(broker: BrokerProcess, bus: Bus, name: str) -> AsyncIterator[Venue]:
    roster = Roster()
    await bus.subscribe(topics.PRESENCE, roster.hear, fleet=name)
    async with scripted_service() as service:
        yield Venue(broker.url, name, service, bus, roster)


async def test_a_fleet_is_on_the_roster_while_it_serves_and_no_longer(venue: Venue) -> None:
    async with served(venue.settings()):
        presence = await venue.roster.one()
        assert presence.fleet == venue.name
        assert presence.target == venue.service.url
        assert presence.devices == emulated_devices(venue.name, DEVICES)
    await venue.roster.until(lambda: not venue.roster.here)
    assert not venue.service.open, "its connections are closed"


async def test_two_starts_of_a_fleet_have_different_boots(venue: Venue) -> None:
    boots = set()
    for _ in range(2):
        async with served(venue.settings()):
            boots.add((await venue.roster.one()).boot)
        await venue.roster.until(lambda: not venue.roster.here)
    assert len(boots) == 2


async def test_a_fleet_tells_what_time_it_is_there(venue: Venue) -> None:
    async with served(venue.settings()):
        boot = (await venue.roster.one()).boot
        estimate = await measure_offset(
            venue.bus, MonotonicClock(), venue.name, boot=boot, pings=3, timeout_s=10
        )
    assert abs(estimate.offset_ns) <= estimate.bound_ns + 1_000 * MS


@pytest.mark.parametrize("kind", KINDS)
async def test_every_device_reads_its_ticket_and_asks_the_service_once(
    venue: Venue, kind: BurstKind
) -> None:
    clock = MonotonicClock()
    async with served(venue.settings()):
        boot = (await venue.roster.one()).boot
        async with scripted_conductor(venue.bus, venue.name, venue.name, boot) as conductor:
            armed = await conductor.until_armed(conductor.burst("s1", kind, venue.shows()))
            assert armed.unready == {}
            assert venue.service.scans == []
            at_ns = clock.now_ns() + 50 * MS
            await conductor.fire("s1", at_ns)
            scans = await conductor.scans("s1")
    assert sorted(scans) == [f"{device}/{symbol}" for device, symbol in venue.shows()]
    for scan in scans.values():
        assert scan.outcome.kind is OutcomeKind.ADMITTED
        assert scan.decoded_ns is not None
        assert (scan.decoded_ns < scan.released_ns) is (kind is BurstKind.REQUEST)
    asked = [json.loads(call.body) for call in venue.service.scans]
    assert sorted((ask["p_device_id"], ask["p_ticket_id"]) for ask in asked) == venue.shows()
    assert {ask["p_scanned_by"] for ask in asked} == {SCANNED_BY}
    assert len(venue.service.received) == DEVICES, "one connection a device"


async def test_every_device_comes_through_the_uplink_under_its_own_name(venue: Venue) -> None:
    names = [device for device, _ in venue.shows()]
    async with running_uplink(venue.service.url) as uplink:
        await uplink.put(UplinkFault("a", UplinkFaultKind.GARBAGE, (names[1], names[2])))
        async with served(venue.settings(uplink=uplink.url)):
            boot = (await venue.roster.one()).boot
            async with scripted_conductor(venue.bus, venue.name, venue.name, boot) as conductor:
                arm = conductor.burst("s1", BurstKind.REQUEST, venue.shows())
                assert (await conductor.until_armed(arm)).unready == {}
                assert (await uplink.health()).tunnels == DEVICES
                await conductor.fire("s1", MonotonicClock().now_ns())
                scans = await conductor.scans("s1")
    garbled = [scan.device for scan in scans.values() if scan.outcome.reason is Reason.BAD_ANSWER]
    assert sorted(garbled) == names[1:3]


async def test_a_stream_reports_every_scan_of_every_device(venue: Venue) -> None:
    devices = [device for device, _ in venue.shows()]
    shows = [(device, ticket(number)) for number in range(3) for device in devices]
    async with served(venue.settings()):
        boot = (await venue.roster.one()).boot
        async with scripted_conductor(venue.bus, venue.name, venue.name, boot) as conductor:
            arm = conductor.stream("s1", shows, pause_s=0.01, duration_s=3600)
            await conductor.until_armed(arm)
            await conductor.fire("s1", MonotonicClock().now_ns())
            scans = await conductor.scans("s1")
    assert sorted(scans) == sorted(f"{device}/{symbol}" for device, symbol in shows)
    assert {scan.outcome.kind for scan in scans.values()} == {OutcomeKind.ADMITTED}


async def test_a_busy_service_is_asked_again_by_each_device(venue: Venue) -> None:
    busy_for = {device for device, _ in venue.shows()}

    async def busy_at_first(call: Call) -> bytes:
        if call.method == "GET":
            return answer(200, b"[]")
        device = json.loads(call.body)["p_device_id"]
        if device not in busy_for:
            return row()
        busy_for.remove(device)
        return answer(500, b'{"code":"55P03","message":"could not obtain lock"}')

    venue.service.script = busy_at_first
    async with served(venue.settings()):
        boot = (await venue.roster.one()).boot
        async with scripted_conductor(venue.bus, venue.name, venue.name, boot) as conductor:
            await conductor.until_armed(conductor.burst("s1", BurstKind.REQUEST, venue.shows()))
            await conductor.fire("s1", MonotonicClock().now_ns())
            scans = await conductor.scans("s1")
    for scan in scans.values():
        assert scan.outcome.kind is OutcomeKind.ADMITTED
        assert [ask.reason for ask in scan.asks] == [Reason.BUSY, None]
        assert scan.asks[1].sent_ns - scan.asks[0].answered_ns >= 10 * MS
    assert len(venue.service.scans) == 2 * DEVICES


async def test_where_the_service_is_dead_a_burst_of_requests_names_every_device(
    venue: Venue, unused_tcp_port: int
) -> None:
    async with served(venue.settings(target=f"http://127.0.0.1:{unused_tcp_port}")):
        boot = (await venue.roster.one()).boot
        async with scripted_conductor(venue.bus, venue.name, venue.name, boot) as conductor:
            armed = await conductor.until_armed(
                conductor.burst("s1", BurstKind.REQUEST, venue.shows())
            )
            assert armed.unready == {device: "connection" for device, _ in venue.shows()}
            await conductor.fire("s1", MonotonicClock().now_ns())
            assert await conductor.scans("s1") == {}


async def test_where_the_service_is_dead_presented_tickets_stay_unknown(
    venue: Venue, unused_tcp_port: int
) -> None:
    async with served(venue.settings(target=f"http://127.0.0.1:{unused_tcp_port}")):
        boot = (await venue.roster.one()).boot
        async with scripted_conductor(venue.bus, venue.name, venue.name, boot) as conductor:
            await conductor.until_armed(conductor.burst("s1", BurstKind.PRESENT, venue.shows()))
            await conductor.fire("s1", MonotonicClock().now_ns())
            scans = await conductor.scans("s1")
    assert len(scans) == DEVICES
    assert {scan.outcome.reason for scan in scans.values()} == {Reason.CONNECTION}
    assert {len(scan.asks) for scan in scans.values()} == {1}


async def test_a_fleet_that_is_stopped_while_armed_leaves_nothing_behind(venue: Venue) -> None:
    async with AsyncExitStack() as stack:
        async with served(venue.settings()):
            boot = (await venue.roster.one()).boot
            conductor = await stack.enter_async_context(
                scripted_conductor(venue.bus, venue.name, venue.name, boot)
            )
            await conductor.until_armed(conductor.burst("s1", BurstKind.REQUEST, venue.shows()))
        still_running = [repr(task) for task in asyncio.all_tasks()]
    assert not [task for task in still_running if "gatedrill/devices" in task or "httpx" in task]
    await venue.service.until(lambda: not venue.service.open)
    assert venue.service.scans == [], "no request was completed"


async def test_a_second_fleet_of_the_same_name_is_refused_and_the_first_one_stays(
    venue: Venue,
) -> None:
    async with served(venue.settings()):
        presence = await venue.roster.one()
        with pytest.raises(PeerError) as refusal:
            async with served(venue.settings()):
                pytest.fail("two fleets of one name")
        assert f"fleet {venue.name} is here already" in str(refusal.value)
        assert presence.boot in str(refusal.value)
        await venue.roster.until(lambda: list(venue.roster.here.values()) == [presence])


@pytest.mark.parametrize(
    ("changes", "failure"),
    [({"decoder": "crystal ball"}, UsageError), ({"broker": "tcp://127.0.0.1"}, UsageError)],
)
async def test_settings_that_cannot_be_are_refused(
    venue: Venue, changes: dict[str, object], failure: type[GatedrillError]
) -> None:
    with pytest.raises(failure):
        async with served(venue.settings(**changes)):
            pytest.fail("it serves")
    assert venue.roster.here == {}


async def test_an_unreachable_broker_is_named_and_the_devices_are_closed_again(
    unused_tcp_port: int, name: str
) -> None:
    wanted = settings(f"mqtt://127.0.0.1:{unused_tcp_port}", "http://127.0.0.1:1", name)
    with pytest.raises(PeerError, match=f"cannot reach the broker at .*:{unused_tcp_port}"):
        async with served(wanted):
            pytest.fail("it serves")


async def test_the_key_travels_to_the_service_alone(
    venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with served(venue.settings()):
        presence = await venue.roster.one()
        boot = presence.boot
        async with scripted_conductor(venue.bus, venue.name, venue.name, boot) as conductor:
            await conductor.until_armed(conductor.burst("s1", BurstKind.PRESENT, venue.shows()))
            await conductor.fire("s1", MonotonicClock().now_ns())
            reports = await conductor.gather("s1")
    assert {call.headers["apikey"] for call in venue.service.calls} == {KEY}
    shown = [repr(venue.settings()), f"{venue.settings()}", caplog.text]
    shown += [pretty_repr(venue.settings()), pretty_repr([venue.settings()], max_width=1)]
    shown += [msgspec.json.encode(told).decode() for told in (presence, *reports)]
    assert not [text for text in shown if KEY in text]


def test_the_key_does_not_show_wherever_settings_are_printed() -> None:
    wanted = settings("mqtt://127.0.0.1:1883", "http://127.0.0.1:1", "t")
    printed = [repr(wanted), str(wanted), f"{[wanted]}", pretty_repr(wanted)]
    printed += [pretty_repr({"settings": wanted}, max_width=1, expand_all=True)]
    assert not [text for text in printed if KEY in text]
    assert all("FleetSettings" in text for text in printed)


async def test_gates_and_kiosks_of_a_fleet_ask_the_reference_backend_at_one_instant(
    broker: BrokerProcess, bus: Bus, name: str, backend: "Backend"
) -> None:
    await backend.populate(
        Population(
            tickets=(
                TicketRow(ticket(1), "tonight", "general", qr_token="T-1"),
                TicketRow(ticket(2), "another night", "general", qr_token="T-2"),
            ),
            vip_reservations=(VipReservationRow(RESERVATION, "tonight", 5),),
            vip_passes=(VipPassRow(ticket(3), RESERVATION, 1, "VIP-1"),),
            slots=(SlotRow("21h", "tonight", 1),),
            qr_secret="the venue's own",
        )
    )
    devices = emulated_devices(name, 3, kiosks=2)
    wanted = msgspec.structs.replace(
        settings(broker.url, backend.url, name), devices=devices, vip_argument="p_qr_token"
    )
    gates, kiosks = [each.name for each in devices[:3]], [each.name for each in devices[3:]]
    guest = sign_payload("VIP-1", "the venue's own", {"type": "vip_guest"})
    roster = Roster()
    await bus.subscribe(topics.PRESENCE, roster.hear, fleet=name)
    async with served(wanted):
        boot = (await roster.one()).boot
        async with scripted_conductor(bus, name, name, boot) as conductor:
            shows = presentations(zip(gates, ["T-1", "T-2", guest], strict=True))
            orders: list[Order] = [*shows, *map(checkout, kiosks)]
            arm = conductor.burst_of("s1", BurstKind.REQUEST, orders)
            assert (await conductor.until_armed(arm)).unready == {}
            assert await backend.read("scan_logs") == []
            await conductor.fire("s1", MonotonicClock().now_ns() + 50 * MS)
            records = await conductor.records("s1")
    outcomes = {record.attempt: str(record.outcome) for record in records.values()}
    assert outcomes[shows[0].attempt] == "admitted"
    assert outcomes[shows[1].attempt] == "refused (wrong_event)"
    assert outcomes[shows[2].attempt] == "admitted"
    assert sorted(outcomes[f"{kiosk}/checkout"] for kiosk in kiosks) == ["booked", "refused (full)"]
    assert all(record.decided_ns > record.released_ns for record in records.values())
    assert all(
        ask.sent_ns >= record.intended_ns
        for record in records.values()
        for ask in record.acting_asks
    )
    assert len(await backend.read("scan_logs")) == 1
    [entry] = await backend.read("vip_scan_logs")
    assert entry["asked_for"] == "VIP-1"


async def test_a_text_that_makes_no_code_silences_its_camera_alone(venue: Venue) -> None:
    endless = "x" * 4000
    shows = [
        (device, endless if not number else symbol)
        for number, (device, symbol) in enumerate(venue.shows())
    ]
    async with served(venue.settings()):
        boot = (await venue.roster.one()).boot
        async with scripted_conductor(venue.bus, venue.name, venue.name, boot) as conductor:
            armed = await conductor.until_armed(conductor.burst("s1", BurstKind.PRESENT, shows))
            assert list(armed.unready) == [shows[0][0]]
            assert "makes no QR code" in armed.unready[shows[0][0]]
            await conductor.fire("s1", MonotonicClock().now_ns())
            assert len(await conductor.scans("s1")) == DEVICES - 1
