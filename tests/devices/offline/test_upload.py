"""One scan to the service: what is sent, and what is made of the answer."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from device_fakes import ManualClock
from device_files import (
    ADMITTED,
    ALREADY_USED,
    GATE,
    NOON_NS,
    READMITTED,
    new_scan,
    scanned,
    uuid,
)
from offline_service import OfflineService, problem
from scripted_service import answer

from gatedrill.contract.messages import QueueState
from gatedrill.contract.outcome import Outcome
from gatedrill.contract.service import (
    REFUSAL_FUNCTION,
    SYNC_FUNCTION,
    TICKETS_TABLE,
    VIP_PASSES_TABLE,
    VIP_SCAN_FUNCTION,
)
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.journal import Journal
from gatedrill.devices.offline.journal_rows import JournaledScan, NewScan, PutOff, Settlement
from gatedrill.devices.offline.upload import SupabaseUpload
from gatedrill.devices.offline.upload_answers import NO_REFUSALS

if TYPE_CHECKING:
    from devices.offline.conftest import Served

SCANNER = uuid(5)
NOON, EARLIER, LATER = (f"2027-01-15T08:0{n}:00.000000+00:00" for n in (5, 4, 6))
AT_NS = NOON_NS + 300 * 10**9
SYNCED = Settlement(QueueState.SYNCED)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT_NS)


@pytest.fixture
def journal(opened: DeviceFile) -> Journal:
    return opened.journal


@pytest.fixture
def service(served: "Served") -> OfflineService:
    """One that knows two tickets and a pass, and whose clock is the device's."""
    served.service.now_ns = AT_NS
    served.service.tables[TICKETS_TABLE] = [{"id": uuid(1)}, {"id": uuid(2)}]
    served.service.tables[VIP_PASSES_TABLE] = [{"id": uuid(11), "qr_token": "V-1"}]
    return served.service


@pytest.fixture
async def upload(
    served: "Served", service: OfflineService, journal: Journal, clock: ManualClock
) -> AsyncIterator[SupabaseUpload]:
    connection = served.connection(clock)
    yield SupabaseUpload(connection, journal, scanned_by=SCANNER)
    await connection.close()


async def due(journal: Journal, scan: NewScan, outcome: Outcome = ADMITTED) -> JournaledScan:
    """A scan that was decided and is taken to be uploaded."""
    await scanned(journal, scan, outcome)
    [taken] = await journal.take_due(AT_NS, 5)
    return taken


def on_record(service: OfflineService, device: str, at: str, nonce: str | None = None) -> None:
    service.scans[uuid(1)] = {"p_device_id": device, "p_scanned_at": at, "p_nonce": nonce}


async def test_an_admission_goes_with_its_nonce_and_corrected_time(
    upload: SupabaseUpload, journal: Journal, service: OfflineService
) -> None:
    journal.time.set_skew(600)
    assert await upload.send(await due(journal, new_scan("n", uuid(1)))) == SYNCED
    arguments = {
        "p_ticket_id": uuid(1),
        "p_scanned_by": SCANNER,
        "p_scanned_at": NOON,
        "p_device_id": GATE,
        "p_nonce": "n",
    }
    assert service.sent == [(SYNC_FUNCTION, arguments)]
    [read] = service.reads
    assert read["limit"] == "1"  # that was to hear the time


@pytest.mark.parametrize(
    ("device", "at", "nonce", "settlement"),
    [
        ("gate-02", LATER, "other", SYNCED),
        (GATE, EARLIER, "n", SYNCED),
        ("gate-02", EARLIER, "other", Settlement(QueueState.CONFLICT, None, "gate-02", EARLIER)),
        (GATE, NOON, "other", Settlement(QueueState.CONFLICT, None, GATE, NOON)),
    ],
)
async def test_the_first_scan_wins(
    upload: SupabaseUpload,
    journal: Journal,
    service: OfflineService,
    device: str,
    at: str,
    nonce: str,
    settlement: Settlement,
) -> None:
    on_record(service, device, at, nonce)
    assert await upload.send(await due(journal, new_scan("n", uuid(1)))) == settlement


async def test_a_guest_who_came_back_is_no_conflict(
    upload: SupabaseUpload, journal: Journal, service: OfflineService
) -> None:
    on_record(service, "gate-02", EARLIER)
    back = await due(journal, new_scan("n", uuid(1)), READMITTED)
    assert await upload.send(back) == Settlement(QueueState.SYNCED, None, "gate-02", EARLIER)


async def test_a_ticket_that_nobody_knows_fails(upload: SupabaseUpload, journal: Journal) -> None:
    verdict = await upload.send(await due(journal, new_scan("n", uuid(9))))
    assert isinstance(verdict, Settlement)
    assert (verdict.state, verdict.winner_device) == (QueueState.FAILED, None)
    assert "does not know the ticket" in str(verdict.error)


@pytest.mark.parametrize(
    ("asked_for", "argument"), [(uuid(11), "p_pass_id"), ("V-1", "p_qr_token")]
)
@pytest.mark.parametrize("takes_nonces", [True, False])
async def test_an_entry_goes_to_the_vip_function(
    upload: SupabaseUpload,
    journal: Journal,
    service: OfflineService,
    asked_for: str,
    argument: str,
    takes_nonces: bool,
) -> None:
    service.takes_nonces = takes_nonces
    scan = await due(journal, new_scan("n", uuid(11), "vip_pass", asked_for), READMITTED)
    assert await upload.send(scan) == SYNCED
    told = {"p_nonce": "n", "p_scanned_at": NOON} if takes_nonces else {}
    arguments = {argument: asked_for, "p_scanned_by": SCANNER, **told}
    assert service.sent == [(VIP_SCAN_FUNCTION, arguments)]


async def test_an_entry_that_the_service_refuses_fails(
    upload: SupabaseUpload, journal: Journal
) -> None:
    scan = await due(journal, new_scan("n", uuid(12), "vip_pass", uuid(12)))
    error = "the service refuses the pass: PASS_NOT_FOUND"
    assert await upload.send(scan) == Settlement(QueueState.FAILED, error)


async def test_a_refusal_is_recorded(
    upload: SupabaseUpload, journal: Journal, service: OfflineService
) -> None:
    assert await upload.send(await due(journal, new_scan("n", "T-9"), ALREADY_USED)) == SYNCED
    [(function, arguments)] = service.sent
    assert function == REFUSAL_FUNCTION
    assert arguments == {
        "p_ticket_id": "T-9",
        "p_scanned_by": SCANNER,
        "p_scanned_at": NOON,
        "p_reason": "already_used",
        "p_device_id": GATE,
        "p_nonce": "n",
    }


async def test_a_refusal_that_no_service_keeps_says_so_and_is_asked_about_once(
    upload: SupabaseUpload, journal: Journal, service: OfflineService, served: "Served"
) -> None:
    service.keeps_refusals = False
    for nonce in ("n", "m"):
        scan = await due(journal, new_scan(nonce), ALREADY_USED)
        assert await upload.send(scan) == Settlement(QueueState.FAILED, NO_REFUSALS)
    assert len(served.wire.scans) == 1
    assert service.sent == []


async def test_a_service_without_nonces_is_asked_without_from_then_on(
    upload: SupabaseUpload, journal: Journal, service: OfflineService, served: "Served"
) -> None:
    service.takes_nonces = False
    for number in (1, 2):
        assert await upload.send(await due(journal, new_scan("n", uuid(number)))) == SYNCED
    assert ["p_nonce" in arguments for _, arguments in service.sent] == [False, False]
    assert len(served.wire.scans) == 3


@pytest.mark.parametrize(
    ("device", "at", "is_own"), [(GATE, NOON, True), (GATE, EARLIER, False), ("g2", NOON, False)]
)
async def test_there_a_device_knows_its_own_win_by_device_and_time(
    upload: SupabaseUpload,
    journal: Journal,
    service: OfflineService,
    device: str,
    at: str,
    is_own: bool,
) -> None:
    service.takes_nonces = False
    on_record(service, device, at)
    verdict = await upload.send(await due(journal, new_scan("n", uuid(1))))
    if is_own:
        assert verdict == Settlement(QueueState.SYNCED, None, device, at, recognised=True)
    else:
        assert verdict == Settlement(QueueState.CONFLICT, None, device, at)


@pytest.mark.parametrize(
    ("said", "put_off"),
    [
        (problem(400, "22P02"), PutOff("the service refuses it (status 400, 22P02)", True)),
        (problem(409, "23503"), PutOff("the service refuses it (status 409, 23503)", True)),
        (problem(404, "PGRST202"), PutOff("the service refuses it (status 404, PGRST202)", True)),
        (problem(500, "40001"), PutOff("the service answered with an error (status 500)")),
        (answer(404, b"<html>"), PutOff("an answer that is not of the contract (status 404)")),
        (answer(200, b"<html>"), PutOff("an answer that is not of the contract")),
        (answer(200, b"[]"), PutOff("an answer that is not of the contract")),
        (
            problem(429, "slow down"),
            PutOff("the service cannot be asked now (status 429)", out_of_reach=True),
        ),
        (answer(503), PutOff("the service cannot be asked now (status 503)", out_of_reach=True)),
        (
            problem(401, "PGRST301"),
            PutOff("the service refused the credentials (status 401)", out_of_reach=True),
        ),
        (
            b"garbage\r\n\r\n",
            PutOff("the connection failed or broke before an answer", out_of_reach=True),
        ),
    ],
)
async def test_what_settles_nothing_is_put_off(
    upload: SupabaseUpload,
    journal: Journal,
    service: OfflineService,
    said: bytes,
    put_off: PutOff,
) -> None:
    service.mishap = lambda call: said if call.method == "POST" else None
    assert await upload.send(await due(journal, new_scan("n", uuid(1)))) == put_off


async def test_nothing_is_sent_before_the_time_was_heard(
    upload: SupabaseUpload, journal: Journal, service: OfflineService, served: "Served"
) -> None:
    service.mishap = lambda call: b"garbage\r\n\r\n" if call.method == "GET" else None
    verdict = await upload.send(await due(journal, new_scan("n", uuid(1))))
    assert isinstance(verdict, PutOff)
    assert verdict.out_of_reach
    assert served.wire.scans == []


async def test_a_service_that_never_tells_the_time_is_told_the_devices(
    upload: SupabaseUpload, journal: Journal, service: OfflineService
) -> None:
    service.tells_time = False
    journal.time.set_skew(60)
    for number in (1, 2):
        assert await upload.send(await due(journal, new_scan("n", uuid(number)))) == SYNCED
    assert [arguments["p_scanned_at"] for _, arguments in service.sent] == [LATER, LATER]
    assert len(service.reads) == 1
