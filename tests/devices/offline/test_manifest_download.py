"""Copying tickets from a service, page by page, whole or only what has changed."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from device_fakes import ManualClock
from device_files import NOON_NS, uuid
from offline_service import OfflineService, problem
from scripted_service import Call, answer

from gatedrill.contract.errors import PeerError
from gatedrill.contract.service import (
    QR_KEY_PATH,
    TABLE_PATH,
    TICKETS_TABLE,
    VIP_PASSES_TABLE,
    VIP_RESERVATIONS_TABLE,
)
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.offline import manifest_download
from gatedrill.devices.offline.cached_ticket import (
    ManifestReservation,
    ManifestRows,
    ManifestTicket,
)
from gatedrill.devices.offline.manifest_download import download
from gatedrill.devices.offline.service_time import instant_text

if TYPE_CHECKING:
    from devices.offline.conftest import Served

OF_OLD = "2027-01-01T00:00:00.000000+00:00"
WHOLE = ManifestRows(
    "e",
    (
        ManifestTicket(uuid(1), "ticket", "e", "T-1", "valid", uuid(101)),
        ManifestTicket(uuid(2), "ticket", "e", None, "cancelled"),
        ManifestTicket(uuid(3), "ticket", "e", None, "scanned"),
        ManifestTicket(uuid(11), "vip_pass", "e", "V-1", "active", uuid(101)),
        ManifestTicket(uuid(12), "vip_pass", "e", "V-2", "active", uuid(109)),
    ),
    (ManifestReservation(uuid(101), True), ManifestReservation(uuid(102), False)),
    "key",
    NOON_NS,
)


def ticket(number: int, event: str = "e", **columns: object) -> dict[str, object]:
    row = {"id": uuid(number), "event_id": event, "status": "valid", "updated_at": OF_OLD}
    return row | columns


@pytest.fixture
def service(served: "Served") -> OfflineService:
    """One that holds what `WHOLE` is a copy of, and a ticket of another event."""
    service = served.service
    service.qr_key = "key"
    service.tables[TICKETS_TABLE] = [
        ticket(1, qr_token="T-1", vip_reservation_id=uuid(101)),
        ticket(2, status="cancelled"),
        ticket(3, status="scanned"),
        ticket(4, "another"),
    ]
    service.tables[VIP_PASSES_TABLE] = [
        {"id": uuid(11), "reservation_id": uuid(101), "status": "active", "qr_token": "V-1"},
        {"id": uuid(12), "reservation_id": uuid(109), "status": "active", "qr_token": "V-2"},
    ]
    service.tables[VIP_RESERVATIONS_TABLE] = [
        {"id": uuid(101), "event_id": "e", "status": "checked_in"},
        {"id": uuid(102), "event_id": "e", "status": "completed"},
        {"id": uuid(109), "event_id": "another", "status": "confirmed"},
    ]
    for table in (VIP_PASSES_TABLE, VIP_RESERVATIONS_TABLE):
        for row in service.tables[table]:
            row["updated_at"] = OF_OLD
    return service


@pytest.fixture
async def connection(served: "Served", service: OfflineService) -> AsyncIterator[ServiceConnection]:
    connection = served.connection(ManualClock(tick_ns=1))
    yield connection
    await connection.close()


async def test_all_of_an_event_is_copied(connection: ServiceConnection) -> None:
    assert await download(connection, "e") == WHOLE


async def test_pages_leave_nothing_out_and_progress_is_told(
    connection: ServiceConnection, service: OfflineService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest_download, "PAGE", 2)
    told: list[int] = []
    assert await download(connection, "e", progress=told.append) == WHOLE
    assert told == [2, 4, 6, 7]
    tickets = [read for read in service.reads if read["table"] == TICKETS_TABLE]
    assert [read.get("id") for read in tickets] == [None, f"gt.{uuid(2)}", f"gt.{uuid(3)}"]
    assert {(read["order"], read["limit"]) for read in service.reads} == {("id", "2")}


async def test_only_changes_are_asked_for_with_some_overlap(
    connection: ServiceConnection, service: OfflineService
) -> None:
    for number, seconds in ((1, -5.000001), (2, -5), (3, 60)):
        at = instant_text(NOON_NS + round(seconds * 1e9))
        service.tables[TICKETS_TABLE][number - 1]["updated_at"] = at
    service.now_ns = NOON_NS + 10**9

    changes = await download(connection, "e", since_ns=NOON_NS)

    assert changes == ManifestRows(
        "e", WHOLE.tickets[1:3], (), "key", NOON_NS + 10**9, is_whole=False
    )


async def test_a_service_that_does_not_tell_changes_is_copied_whole(
    connection: ServiceConnection, service: OfflineService
) -> None:
    service.has_change_times = False
    copy = await download(connection, "e", since_ns=NOON_NS)
    assert (copy.is_whole, copy.as_of_ns, copy.tickets) == (True, None, WHOLE.tickets)


async def test_a_service_without_key_and_time_is_copied_all_the_same(
    connection: ServiceConnection, service: OfflineService
) -> None:
    service.has_key_path = False
    service.tells_time = False
    copy = await download(connection, "e")
    assert (copy.qr_key, copy.as_of_ns, copy.tickets) == (None, None, WHOLE.tickets)


TICKETS_PATH = TABLE_PATH.format(table=TICKETS_TABLE)


@pytest.mark.parametrize(
    ("path", "said", "told"),
    [
        (TICKETS_PATH, problem(500, "XX000"), r"tickets: status 500 XX000 \(after 4 rows\)"),
        (TICKETS_PATH, problem(400, "42703"), r"tickets: status 400 42703 "),
        (TICKETS_PATH, answer(404), r"tickets: status 404 \("),
        (TICKETS_PATH, answer(200, b"<html>"), "tickets: JSON is malformed"),
        (TICKETS_PATH, answer(200, b'[{"id": 3}]'), "tickets: Expected `str`"),
        (QR_KEY_PATH, answer(200, b"<html>"), "the key of the codes: an answer that is not"),
        (QR_KEY_PATH, answer(401), "the key of the codes: status 401"),
        (QR_KEY_PATH, b"garbage\r\n\r\n", "the key of the codes: the connection failed"),
    ],
)
async def test_a_copy_that_is_not_to_be_had_is_told_in_words(
    connection: ServiceConnection, service: OfflineService, path: str, said: bytes, told: str
) -> None:
    service.mishap = lambda call: said if urlsplit(call.target).path == path else None
    with pytest.raises(PeerError, match=f"cannot copy the tickets of event e: .*{told}"):
        await download(connection, "e")


async def test_a_service_that_overlooks_the_key_of_a_page_is_not_asked_for_ever(
    connection: ServiceConnection, service: OfflineService
) -> None:
    def same_page(call: Call) -> bytes | None:
        wanted = call.target.replace("id=gt.", "status=lost.").split("&status=lost.")[0]
        return service.answer(call._replace(target=wanted)) if "id=gt." in call.target else None

    service.mishap = same_page
    with pytest.raises(PeerError, match="it tells the same rows again and again"):
        await download(connection, "e")
