import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.backend.vip_rule import judge_vip_scan
from gatedrill.contract.service import VipAnswer, VipPassRow, VipReservationRow

NOW = "2026-11-20T20:00:00.000000+00:00"
EARLIER = "2026-11-20T19:00:00.000000+00:00"

RESERVATION = VipReservationRow("r", "event", 5, 2, "confirmed", "7", "Stage left")
ACTIVE = VipPassRow("p", "r", 3, "VIP-03")
INSIDE = VipPassRow("p", "r", 3, "VIP-03", "checked_in", EARLIER)


def reservation(**changes: object) -> VipReservationRow:
    return msgspec.structs.replace(RESERVATION, **changes)


def test_the_first_entry_counts_the_guest_and_checks_both_in() -> None:
    ruling = judge_vip_scan(ACTIVE, RESERVATION, NOW)

    assert msgspec.to_builtins(ruling.answer) == {
        "success": True,
        "message": "Welcome, guest 3",
        "entry_type": "first_entry",
        "pass_id": "p",
        "reservation_id": "r",
        "guest_number": 3,
        "checked_in_guests": 3,
        "total_guests": 5,
    }
    assert (ruling.entry_type, ruling.error) == ("first_entry", None)
    assert ruling.vip_pass == VipPassRow("p", "r", 3, "VIP-03", "checked_in", NOW)
    assert ruling.reservation == reservation(checked_in_guests=3, status="checked_in")


def test_a_reentry_counts_nobody_and_tells_the_entry_before() -> None:
    ruling = judge_vip_scan(INSIDE, reservation(checked_in_guests=5, status="checked_in"), NOW)

    assert msgspec.to_builtins(ruling.answer) == {
        "success": True,
        "message": "Welcome back, guest 3",
        "entry_type": "reentry",
        "pass_id": "p",
        "reservation_id": "r",
        "guest_number": 3,
        "checked_in_guests": 5,
        "total_guests": 5,
        "last_entry_time": EARLIER,
    }
    assert (ruling.entry_type, ruling.error) == ("reentry", None)
    assert ruling.vip_pass == msgspec.structs.replace(INSIDE, last_entry_at=NOW)
    assert ruling.reservation is None


@pytest.mark.parametrize(
    ("vip_pass", "of", "error"),
    [
        (None, None, "PASS_NOT_FOUND"),
        (VipPassRow("p", "r", 1, "t", "cancelled"), RESERVATION, "PASS_CANCELLED"),
        (VipPassRow("p", "r", 1, "t", "expired"), RESERVATION, "INVALID_STATUS"),
        (VipPassRow("p", "r", 1, "t", "cancelled"), None, "PASS_CANCELLED"),
        (ACTIVE, None, "RESERVATION_NOT_FOUND"),
        (INSIDE, None, "RESERVATION_NOT_FOUND"),
        (ACTIVE, reservation(status="pending"), "RESERVATION_NOT_CONFIRMED"),
        (ACTIVE, reservation(status="completed"), "RESERVATION_NOT_CONFIRMED"),
        (INSIDE, reservation(status="cancelled"), "RESERVATION_NOT_CONFIRMED"),
    ],
)
def test_a_refusal_says_why_and_changes_nothing(
    vip_pass: VipPassRow | None, of: VipReservationRow | None, error: str
) -> None:
    ruling = judge_vip_scan(vip_pass, of, NOW)

    assert set(msgspec.to_builtins(ruling.answer)) == {"success", "error", "message"}
    assert (ruling.answer.success, ruling.answer.error, ruling.error) == (False, error, error)
    assert ruling.answer.message
    assert (ruling.entry_type, ruling.vip_pass, ruling.reservation) == ("refused", None, None)


@given(st.lists(st.integers(0, 7)), st.integers(1, 5))
def test_the_counter_is_the_number_of_guests_who_came_up_to_all(
    scans: list[int], total: int
) -> None:
    passes = {number: VipPassRow(str(number), "r", number, str(number)) for number in range(8)}
    of = VipReservationRow("r", "event", total)
    types: dict[int, list[str]] = {}
    for second, number in enumerate(scans):
        ruling = judge_vip_scan(passes[number], of, f"second {second}")
        passes[number] = ruling.vip_pass or passes[number]
        of = ruling.reservation or of
        types.setdefault(number, []).append(ruling.entry_type)
        assert ruling.answer.checked_in_guests == of.checked_in_guests

    assert of.checked_in_guests == min(len(set(scans)), total)
    for each in types.values():
        assert each == ["first_entry"] + ["reentry"] * (len(each) - 1)


def test_an_answer_can_be_read_back() -> None:
    answer = judge_vip_scan(INSIDE, RESERVATION, NOW).answer

    assert msgspec.json.decode(msgspec.json.encode(answer), type=VipAnswer) == answer
