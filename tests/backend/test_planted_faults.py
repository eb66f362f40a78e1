import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from gatedrill.backend.faults import FAULTS, parts_for
from gatedrill.contract.errors import UsageError
from gatedrill.contract.service import ARRIVED_HEADER, DEPARTED_HEADER, ScanRow

if TYPE_CHECKING:
    from backend.conftest import Service, Start

SCANNER = "00000000-0000-0000-0000-0000000005ca"
TICKET = "00000000-0000-0000-0000-000000000001"


async def admissions_of_races(service: "Service", devices: int, rounds: int) -> list[int]:
    """How many of the devices each round admitted, each round on a ticket of its own."""
    await service.hold_valid(*range(rounds))
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(service.another_client()) for _ in range(devices)
        ]
        await asyncio.gather(*(client.get("/gatedrill/about") for client in clients))
        admitted = []
        for number in range(rounds):
            answers = await asyncio.gather(
                *(service.scan_until_decided(number, each) for each in clients)
            )
            assert all(answer.success or answer.already_scanned for answer in answers)
            admitted.append(sum(answer.success for answer in answers))
    return admitted


async def test_the_honest_service_admits_exactly_one_of_ten_in_thirty_races(
    either: "Service",
) -> None:
    assert await admissions_of_races(either, devices=10, rounds=30) == [1] * 30

    results = [log.result for log in await either.logs() if log.result != "busy"]
    assert (results.count("success"), results.count("already_scanned")) == (30, 270)


async def test_read_then_update_still_refuses_who_comes_later(start: "Start") -> None:
    async with start(fault="read-then-update") as service:
        await service.hold_valid(1)

        assert (await service.scan(1)).success
        assert (await service.scan(1)).already_scanned
        assert (await service.scan(2)).error_message == "Ticket not found"


async def test_a_slow_scan_is_done_at_once_and_answered_late(start: "Start") -> None:
    async with start(fault="slow-350ms") as service:
        await service.hold_valid(1)
        answer = await service.call(p_ticket_id=TICKET, p_scanned_by=SCANNER)
        quick = await service.client.get("/gatedrill/about")

    assert answer.json()[0]["success"]
    assert stamped_ms(answer) >= 350 > stamped_ms(quick)


def stamped_ms(answer: httpx.Response) -> float:
    return (int(answer.headers[DEPARTED_HEADER]) - int(answer.headers[ARRIVED_HEADER])) / 1e6


async def test_every_third_scan_is_answered_with_html_and_not_done(start: "Start") -> None:
    async with start(fault="html-500") as service:
        await service.hold_valid(1)
        answers = []
        for _ in range(6):
            await service.read("tickets")
            answers.append(await service.call(p_ticket_id=TICKET, p_scanned_by=SCANNER))
        logs = await service.logs()

    assert [answer.status_code for answer in answers] == [200, 200, 500, 200, 200, 500]
    assert answers[2].headers["content-type"].startswith("text/html")
    assert len(logs) == 4


async def test_every_third_scan_loses_its_connection_and_is_not_done(
    start: "Start", caplog: pytest.LogCaptureFixture
) -> None:
    async with start(fault="drops-connections") as service:
        await service.hold_valid(3)
        for _ in range(2):
            assert msgspec.structs.asdict(await service.scan(1))["success"] is False
            await service.scan(2)
            with pytest.raises(httpx.TransportError):
                await service.scan(3)
        logs = await service.logs()

    assert [log.result for log in logs] == ["not_found"] * 4
    assert caplog.text == ""


def test_without_a_fault_the_parts_are_the_honest_ones() -> None:
    assert all(parts_for(fault.name) != parts_for(None) for fault in FAULTS)


async def test_an_unknown_fault_is_refused_with_those_there_are(start: "Start") -> None:
    with pytest.raises(UsageError) as caught:
        async with start(fault="gremlins"):
            pass

    names = ", ".join(fault.name for fault in FAULTS)
    assert str(caught.value) == f"there is no fault 'gremlins': choose from {names}"


async def test_a_file_outlives_the_service_that_was_given_it(
    start: "Start", tmp_path: Path
) -> None:
    file = tmp_path / "gate.db"
    async with start(database=file) as service:
        await service.hold_valid(1)
        first = await service.scan(1)

    async with start(database=file) as service:
        again = await service.scan(1)

    assert again == ScanRow(
        False, True, first.scanned_at, first.scanned_by, "Ticket already scanned"
    )
