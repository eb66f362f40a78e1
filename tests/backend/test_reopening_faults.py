"""Faults that let a ticket in again for a moment after its admission: when, and when not."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from gatedrill.backend import ticket_faults
from gatedrill.backend.ticket_faults import ReopensFor20MsDesk
from gatedrill.contract.service import ScanArguments, TicketRow

if TYPE_CHECKING:
    from backend.conftest import OpenStore, Service, Start

WINDOWS_S = {"reopens-20ms": 0.02, "reopens-2ms": 0.002, "reopens-200us": 0.0002}


class StoppedWatch:
    """The time that the faults go by; passes when the test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> StoppedWatch:
    watch = StoppedWatch()
    monkeypatch.setattr(ticket_faults, "time", watch)
    return watch


async def scans_at(
    service: "Service", watch: StoppedWatch, number: int, *instants_s: float
) -> list[bool]:
    """Whether each of these scans of one ticket admits, one after the other."""
    admits = []
    for watch.now_s in instants_s:
        admits.append((await service.scan(number)).success)
    return admits


@pytest.mark.parametrize(("fault", "window_s"), WINDOWS_S.items())
async def test_a_ticket_is_let_in_again_within_the_window_and_not_at_its_end_or_later(
    start: "Start", watch: StoppedWatch, fault: str, window_s: float
) -> None:
    async with start(fault=fault) as service:
        await service.hold_valid(1, 2, 3)

        assert await scans_at(service, watch, 1, 0, window_s * 0.99) == [True, True]
        assert await scans_at(service, watch, 2, 0, window_s) == [True, False]
        assert await scans_at(service, watch, 3, 0, window_s * 50, window_s * 51) == [
            True,
            False,
            False,
        ]


@pytest.mark.parametrize(("fault", "window_s"), WINDOWS_S.items())
async def test_the_window_begins_with_the_first_admission_and_is_not_made_longer(
    start: "Start", watch: StoppedWatch, fault: str, window_s: float
) -> None:
    async with start(fault=fault) as service:
        await service.hold_valid(1)

        again = await scans_at(service, watch, 1, 0, window_s * 0.7, window_s * 1.4)

        assert again == [True, True, False]


async def test_the_second_admission_is_logged_as_one_and_other_tickets_are_left_alone(
    start: "Start", watch: StoppedWatch
) -> None:
    async with start(fault="reopens-20ms") as service:
        await service.hold_valid(1, 2)
        await scans_at(service, watch, 1, 0, 0)

        assert [log.result for log in await service.logs()] == ["success", "success"]
        assert (await service.scan(3)).error_message == "Ticket not found"
        assert (await service.scan(2)).success


async def test_of_ten_who_come_at_one_instant_one_is_admitted(
    open_store: "OpenStore", watch: StoppedWatch
) -> None:
    async with open_store(guarded=False) as store:
        desk = ReopensFor20MsDesk(store, lambda: "20:00")
        async with store.transaction() as records:
            await records.insert(TicketRow("t", "event", "general"))

        rows = await asyncio.gather(
            *(desk.scan(ScanArguments("t", f"scanner-{number}")) for number in range(10))
        )

    assert [row.success for row in rows].count(True) == 1
    assert watch.now_s == 0.0
