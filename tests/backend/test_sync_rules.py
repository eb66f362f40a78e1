import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.backend.claimed_time import ClaimedTime, Flag
from gatedrill.backend.sync_rule import Upload, judge_sync
from gatedrill.contract.service import SyncRow, TicketRow


def at(second: int) -> str:
    return f"2026-11-20T20:00:{second:02}.000000+00:00"


VALID = TicketRow("t", "event", "vip")
SCANNED = TicketRow("t", "event", "vip", "scanned", at(20), "anna", "gate-1", nonce="n-1")
STANDS = SyncRow(success=True, conflict_resolved=False)
TAKES_OVER = SyncRow(success=True, conflict_resolved=True)
NOTHING = SyncRow(success=False, conflict_resolved=False)
LOSES = SyncRow(False, True, "gate-1", at(20))


def upload(
    second: int, device: str | None = "gate-2", nonce: str | None = "n-2", flag: Flag | None = None
) -> Upload:
    return Upload("t", "bert", device, nonce, ClaimedTime(at(second), at(second), flag))


def taken(second: int) -> TicketRow:
    return TicketRow("t", "event", "vip", "scanned", at(second), "bert", "gate-2", nonce="n-2")


@pytest.mark.parametrize(
    ("ticket", "told", "answer", "result", "afterwards"),
    [
        pytest.param(VALID, upload(9), STANDS, "synced", taken(9), id="not scanned"),
        pytest.param(SCANNED, upload(19), TAKES_OVER, "took_over", taken(19), id="earlier"),
        pytest.param(SCANNED, upload(20), LOSES, "conflict", None, id="same instant"),
        pytest.param(SCANNED, upload(21), LOSES, "conflict", None, id="later"),
        pytest.param(
            SCANNED, upload(9, "gate-1", "n-1"), STANDS, None, None, id="the one that stands"
        ),
        pytest.param(
            SCANNED, upload(20, "gate-1", None), STANDS, None, None, id="known by device and time"
        ),
        pytest.param(SCANNED, upload(20, None, None), LOSES, "conflict", None, id="of nobody"),
        pytest.param(
            SCANNED, upload(20, "gate-1"), LOSES, "conflict", None, id="another nonce, same device"
        ),
        pytest.param(
            SCANNED,
            upload(9, flag="before_event"),
            msgspec.structs.replace(LOSES, flag="before_event"),
            "conflict",
            None,
            id="not believed",
        ),
        pytest.param(
            VALID,
            upload(9, flag="in_future"),
            msgspec.structs.replace(STANDS, flag="in_future"),
            "synced",
            taken(9),
            id="not believed, but alone",
        ),
        pytest.param(None, upload(9), NOTHING, "not_found", None, id="unknown"),
        pytest.param(
            TicketRow("t", "event", "vip", "cancelled", nonce="n-2"),
            upload(9),
            NOTHING,
            "cancelled",
            None,
            id="cancelled",
        ),
        pytest.param(
            TicketRow("t", "event", "vip", "scanned"),
            upload(9),
            SyncRow(False, True),
            "conflict",
            None,
            id="scanned nobody knows when",
        ),
    ],
)
def test_the_rule_of_an_upload(
    ticket: TicketRow | None,
    told: Upload,
    answer: SyncRow,
    result: str | None,
    afterwards: TicketRow | None,
) -> None:
    ruling = judge_sync(ticket, told)

    assert (ruling.answer, ruling.result, ruling.ticket) == (answer, result, afterwards)


def test_a_scan_counts_from_its_time_and_not_from_the_one_that_was_claimed() -> None:
    told = Upload("t", "bert", "gate-2", "n-2", ClaimedTime(at(1), at(30), "before_event"))

    ruling = judge_sync(VALID, told)

    assert ruling.ticket is not None
    assert ruling.ticket.scanned_at == at(30)


@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=6))
def test_in_whatever_order_and_how_often_they_come_the_earliest_stands(
    order: list[int], repeats: list[int]
) -> None:
    ticket = VALID
    for second in [*order, *repeats]:
        ruling = judge_sync(ticket, upload(second, f"gate-{second}", f"n-{second}"))
        ticket = ruling.ticket or ticket

    assert (ticket.scanned_at, ticket.device_id, ticket.nonce) == (at(0), "gate-0", "n-0")
