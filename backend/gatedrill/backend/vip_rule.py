"""What the scan of a VIP pass leads to, first entry and re-entry alike. Pure."""

from typing import Final, Literal

import msgspec

from gatedrill.contract.service import VipAnswer, VipPassRow, VipRefusal, VipReservationRow

OPEN_STATUSES: Final = frozenset({"confirmed", "checked_in"})
"""A reservation lets guests in while it has one of these."""

_MESSAGES: Final = {
    VipRefusal.PASS_NOT_FOUND: "There is no such pass",
    VipRefusal.PASS_CANCELLED: "This pass has been cancelled",
    VipRefusal.INVALID_STATUS: "This pass is not valid",
    VipRefusal.RESERVATION_NOT_FOUND: "The pass belongs to no reservation",
    VipRefusal.RESERVATION_NOT_CONFIRMED: "The reservation is not confirmed",
}


class VipRuling(msgspec.Struct, frozen=True):
    """What one scan of a pass leads to.

    `answer` goes to the scanner, `entry_type` and `error` into the log; `vip_pass` and
    `reservation` are the rows as they must stand afterwards, None where they stay as they are.
    """

    answer: VipAnswer
    entry_type: Literal["first_entry", "reentry", "refused"]
    error: VipRefusal | None = None
    vip_pass: VipPassRow | None = None
    reservation: VipReservationRow | None = None


def judge_vip_scan(
    vip_pass: VipPassRow | None, reservation: VipReservationRow | None, scanned_at: str
) -> VipRuling:
    """Judge the scan of `vip_pass` of `reservation`, each None when there is none such.

    The first entry of a pass counts one guest of the reservation, up to all of them; no later one
    does. `scanned_at` is the instant of this scan, as `instants` writes it. It may lie before the
    last entry that is known, when a device tells of it late: the last one stays the last.
    """
    if vip_pass is None:
        return refuse(VipRefusal.PASS_NOT_FOUND)
    if vip_pass.status == "cancelled":
        return refuse(VipRefusal.PASS_CANCELLED)
    if vip_pass.status not in ("active", "checked_in"):
        return refuse(VipRefusal.INVALID_STATUS)
    if reservation is None:
        return refuse(VipRefusal.RESERVATION_NOT_FOUND)
    if reservation.status not in OPEN_STATUSES:
        return refuse(VipRefusal.RESERVATION_NOT_CONFIRMED)
    last_entry_at = max(scanned_at, vip_pass.last_entry_at or "")
    entered = msgspec.structs.replace(vip_pass, status="checked_in", last_entry_at=last_entry_at)
    if vip_pass.status == "checked_in":
        answer = reentry_answer(vip_pass, reservation)
        return VipRuling(answer, "reentry", vip_pass=entered)
    counted = msgspec.structs.replace(
        reservation,
        status="checked_in",
        checked_in_guests=min(reservation.checked_in_guests + 1, reservation.total_guests),
    )
    answer = first_entry_answer(vip_pass, counted)
    return VipRuling(answer, "first_entry", vip_pass=entered, reservation=counted)


def refuse(why: VipRefusal) -> VipRuling:
    """The ruling that lets nobody in."""
    answer = VipAnswer(success=False, message=_MESSAGES[why], error=why)
    return VipRuling(answer, "refused", why)


def first_entry_answer(vip_pass: VipPassRow, counted: VipReservationRow) -> VipAnswer:
    """What a guest is told on the first entry; `counted` is the reservation with it."""
    return VipAnswer(
        success=True,
        message=f"Welcome, guest {vip_pass.guest_number}",
        entry_type="first_entry",
        pass_id=vip_pass.id,
        reservation_id=counted.id,
        guest_number=vip_pass.guest_number,
        checked_in_guests=counted.checked_in_guests,
        total_guests=counted.total_guests,
    )


def reentry_answer(vip_pass: VipPassRow, reservation: VipReservationRow) -> VipAnswer:
    """What a guest is told who was inside before; `vip_pass` tells when."""
    return msgspec.structs.replace(
        first_entry_answer(vip_pass, reservation),
        message=f"Welcome back, guest {vip_pass.guest_number}",
        entry_type="reentry",
        last_entry_time=vip_pass.last_entry_at,
    )
