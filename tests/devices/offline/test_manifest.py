"""What a symbol stands for by the device's own copy, as it is at the service."""

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from device_fakes import ManualClock
from device_files import (
    ADMITTED,
    ALREADY_USED,
    EDITION,
    READMITTED,
    new_scan,
    scanned,
    uuid,
)
from offline_service import OfflineService

from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.contract.qr import sign_payload
from gatedrill.contract.service import TICKETS_TABLE, VIP_PASSES_TABLE
from gatedrill.devices.checkin import Ticket, VipPass
from gatedrill.devices.offline.cached_ticket import (
    ManifestReservation,
    ManifestRows,
    ManifestTicket,
)
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.manifest import CopyInfo, Found
from gatedrill.devices.supabase_checkin import SupabaseCheckIn, VipArgument

if TYPE_CHECKING:
    from devices.offline.conftest import Served

SECRET = "the venue's own"
OPEN, OVER = uuid(101), uuid(102)
TONIGHT = ManifestRows(
    event_id="tonight",
    tickets=(
        ManifestTicket(uuid(1), "ticket", "tonight", "T-1", "valid"),
        ManifestTicket(uuid(2), "ticket", "tomorrow", "T-2", "valid"),
        ManifestTicket(uuid(3), "ticket", "tonight", uuid(9), "valid"),
        ManifestTicket("abcdefab" + uuid(4)[8:], "ticket", "tonight", "T-4", "scanned", OPEN),
        ManifestTicket(uuid(11), "vip_pass", "tonight", "V-1", "active", OPEN),
        ManifestTicket(uuid(12), "vip_pass", "tonight", "V-2", "active", OVER),
    ),
    reservations=(ManifestReservation(OPEN, True), ManifestReservation(OVER, False)),
    qr_key=SECRET,
    as_of_ns=7,
)
VIP = {"type": "vip_guest"}
SYMBOLS = [
    uuid(1),
    uuid(8),
    "T-1",
    "T-2",
    "V-1",
    "nobody's",
    uuid(11),
    "ABCDEFAB" + uuid(4)[8:],
    "{}",
    '{"token": "T-1", "signature": "AAAA"}',
    sign_payload("T-1", SECRET, {}),
    sign_payload("T-1", "a forger's", {}),
    sign_payload("V-1", SECRET, dict(VIP)),
    sign_payload("V-1", SECRET, {}),
    sign_payload("T-1", SECRET, dict(VIP)),
    sign_payload(uuid(9), SECRET, {}),
    sign_payload(uuid(1), SECRET, {}),
]

UNKNOWN = (uuid(8), uuid(11), "nobody's", SYMBOLS[-3], SYMBOLS[-1])


def refused(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, reason)


@pytest.fixture
async def file(opened: DeviceFile) -> DeviceFile:
    """One with tonight's copy."""
    await opened.manifest.replace(EDITION, TONIGHT)
    return opened


async def find(file: DeviceFile, symbol: str, argument: VipArgument = "p_pass_id") -> Found:
    found = await file.manifest.find(symbol, "tonight", argument)
    assert isinstance(found, Found)
    return found


def hold(service: OfflineService) -> None:
    """Have the same tickets at the service."""
    for each in TONIGHT.tickets:
        table = TICKETS_TABLE if each.kind == "ticket" else VIP_PASSES_TABLE
        row = {"id": each.id, "event_id": each.event_id, "qr_token": each.token}
        service.tables[table].append(row)
    service.qr_key = SECRET


@pytest.mark.parametrize("argument", ["p_pass_id", "p_qr_token"])
async def test_a_symbol_stands_for_the_same_as_at_the_service(
    file: DeviceFile, served: "Served", argument: VipArgument
) -> None:
    """But for what the copy does not have: the service is asked about any id, known or not."""
    hold(served.service)
    online = SupabaseCheckIn(
        served.connection(ManualClock()),
        device="g",
        scanned_by=uuid(5),
        event_id="tonight",
        vip_argument=argument,
    )
    told = {symbol: (await online.resolve(symbol)).found for symbol in SYMBOLS}
    await online.close()
    for symbol, there in told.items():
        here = await file.manifest.find(symbol, "tonight", argument)
        if isinstance(here, Found):
            assert _spelt(here.entitlement) == _spelt(there), symbol
        elif here == refused(Reason.OFFLINE_UNKNOWN):
            assert symbol in UNKNOWN
        else:
            assert here == there, symbol


def _spelt(found: object) -> object:
    return Ticket(found.id.lower()) if isinstance(found, Ticket) else found


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ("T-2", Reason.WRONG_EVENT),
        (uuid(2), Reason.WRONG_EVENT),
        ("{}", Reason.TAMPERED),
        (sign_payload("T-1", "a forger's", {}), Reason.TAMPERED),
        (uuid(11), Reason.OFFLINE_UNKNOWN),
        ("nobody's", Reason.OFFLINE_UNKNOWN),
        (sign_payload("T-1", SECRET, dict(VIP)), Reason.OFFLINE_UNKNOWN),
    ],
)
async def test_what_stands_for_nothing_is_refused(
    file: DeviceFile, symbol: str, reason: Reason
) -> None:
    assert await file.manifest.find(symbol, "tonight") == refused(reason)


async def test_without_the_key_no_signed_code_stands_for_anything(opened: DeviceFile) -> None:
    good, forged = sign_payload("T-1", SECRET, {}), sign_payload("T-1", "a forger's", {})
    await opened.manifest.replace(EDITION, msgspec.structs.replace(TONIGHT, qr_key=None))
    for symbol in (good, forged):
        assert await opened.manifest.find(symbol, "tonight") == refused(Reason.OFFLINE_UNKNOWN)
    assert (await find(opened, "T-1")).entitlement == Ticket(uuid(1))

    await opened.manifest.replace(EDITION, TONIGHT)

    assert (await find(opened, good)).entitlement == Ticket(uuid(1))
    assert await opened.manifest.find(forged, "tonight") == refused(Reason.TAMPERED)


async def test_a_pass_carries_what_the_service_is_asked_with(file: DeviceFile) -> None:
    assert (await find(file, "V-1")).entitlement == VipPass(uuid(11))
    assert (await find(file, "V-1", "p_qr_token")).entitlement == VipPass("V-1")
    found = await find(file, "V-1")
    assert (found.ticket.id, found.ticket.token) == (uuid(11), "V-1")


async def test_reservations_are_looked_at_when_the_ticket_is(file: DeviceFile) -> None:
    assert (await find(file, "V-1")).ticket.reservation_open
    assert not (await find(file, "V-2")).ticket.reservation_open
    assert not (await find(file, "T-1")).ticket.reservation_open
    assert (await find(file, "T-4")).ticket.reservation_open

    closed = (ManifestReservation(OPEN, False),)
    await file.manifest.apply(ManifestRows("tonight", (), closed, SECRET, is_whole=False))

    assert not (await find(file, "V-1")).ticket.reservation_open
    assert (await find(file, "V-1")).ticket.status == "active"


async def test_changes_go_into_the_copy_that_is_there(file: DeviceFile) -> None:
    changes = ManifestRows(
        "tonight",
        (
            ManifestTicket(uuid(1), "ticket", "tonight", "T-1", "cancelled"),
            ManifestTicket(uuid(7), "ticket", "tonight", "T-7", "valid"),
            ManifestTicket(uuid(13), "vip_pass", "tonight", "V-3", "active", uuid(103)),
        ),
        qr_key=SECRET,
        as_of_ns=9,
        is_whole=False,
    )
    await file.manifest.apply(changes)
    assert (await find(file, "T-1")).ticket.status == "cancelled"
    assert (await find(file, "T-7")).ticket.id == uuid(7)
    assert (await find(file, "T-4")).ticket.status == "scanned"
    # Its reservation is not of this event.
    assert await file.manifest.find("V-3", "tonight") == refused(Reason.OFFLINE_UNKNOWN)
    assert await file.manifest.info() == CopyInfo(EDITION, "tonight", 9, True, 7)


async def test_a_new_copy_replaces_the_old_one_wholly_or_not_at_all(file: DeviceFile) -> None:
    twice = TONIGHT.tickets[:1]
    broken = ManifestRows("tonight", (*twice, msgspec.structs.replace(twice[0], kind="x")))
    with pytest.raises(Exception, match="CHECK constraint"):
        await file.manifest.replace("run/2", broken)
    assert await file.manifest.info() == CopyInfo(EDITION, "tonight", 7, True, 6)

    await file.manifest.replace("run/2", ManifestRows("tonight", twice))

    assert await file.manifest.info() == CopyInfo("run/2", "tonight", None, False, 1)
    assert await file.manifest.find("T-4", "tonight") == refused(Reason.OFFLINE_UNKNOWN)


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 20, 50])
async def test_a_copy_that_is_given_up_midway_leaves_no_transaction_open(
    path: Path, file: DeviceFile, turns: int
) -> None:
    many = [ManifestTicket(f"t{n}", "ticket", "tonight", None, "valid") for n in range(2000)]
    copying = asyncio.create_task(
        file.manifest.replace("run/2", ManifestRows("tonight", tuple(many)))
    )
    for _ in range(turns):
        await asyncio.sleep(0)
    copying.cancel()
    await asyncio.wait([copying])
    await scanned(file.journal, new_scan("n", uuid(1)))
    assert not file._database._connection.in_transaction
    info = await file.manifest.info()
    assert info is not None
    assert (info.edition, info.tickets) in [(EDITION, 6), ("run/2", 2000)]


async def test_the_key_is_in_no_log(opened: DeviceFile, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await opened.manifest.replace(EDITION, TONIGHT)
    await opened.manifest.find(SYMBOLS[-1], "tonight")
    assert SECRET not in caplog.text
    assert SECRET not in repr(TONIGHT)


async def test_no_file_without_a_copy_knows_anybody(opened: DeviceFile) -> None:
    assert await opened.manifest.info() is None
    assert await opened.manifest.find("T-1", "tonight") == refused(Reason.OFFLINE_UNKNOWN)


@pytest.mark.parametrize(
    ("outcome", "authority", "used"),
    [
        (ADMITTED, Authority.OFFLINE, True),
        (ADMITTED, Authority.ONLINE, True),
        (READMITTED, Authority.VENUE, True),
        (ALREADY_USED, Authority.ONLINE, True),
        (ALREADY_USED, Authority.VENUE, True),
        (refused(Reason.LOST_RACE), Authority.ONLINE, True),
        (ALREADY_USED, Authority.OFFLINE, False),
        (refused(Reason.CANCELLED), Authority.ONLINE, False),
    ],
)
async def test_what_the_journal_knows_of_a_ticket_outlives_any_copy(
    file: DeviceFile, outcome: Outcome, authority: Authority, used: bool
) -> None:
    assert not (await find(file, "T-1")).used_here
    await scanned(file.journal, new_scan("n", uuid(1)), outcome, authority)
    assert (await find(file, "T-1")).used_here is used
    await file.manifest.replace(EDITION, TONIGHT)
    assert (await find(file, "T-1")).used_here is used
    assert not (await find(file, "V-1")).used_here


async def test_what_was_granted_for_one_edition_says_nothing_of_another(file: DeviceFile) -> None:
    await scanned(file.journal, new_scan("n", uuid(1)))
    await file.manifest.replace("run/2", TONIGHT)
    assert not (await find(file, "T-1")).used_here
