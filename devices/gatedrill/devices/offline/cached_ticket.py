"""What a device's copy of an event's tickets is made of. Pure values."""

from typing import Literal

import msgspec

Kind = Literal["ticket", "vip_pass"]


class ManifestTicket(msgspec.Struct, frozen=True):
    """A ticket or a VIP guest's pass, as the service had it when it was copied.

    `token` is what stands in its code, where that is not the ticket's id; `reservation` the VIP
    reservation that it belongs to.
    """

    id: str
    kind: Kind
    event_id: str
    token: str | None
    status: str
    reservation: str | None = None


class ManifestReservation(msgspec.Struct, frozen=True):
    """A VIP reservation; `is_open` while it lets its guests in."""

    id: str
    is_open: bool


class ManifestRows(msgspec.Struct, frozen=True):
    """The tickets of one event, all of them or, unless `is_whole`, those that changed.

    `qr_key` is what the event's codes are signed with: who has it can forge them. `as_of_ns` is the
    service's time of day when it began to tell, None if it does not tell what changed since.
    """

    event_id: str
    tickets: tuple[ManifestTicket, ...]
    reservations: tuple[ManifestReservation, ...] = ()
    qr_key: str | None = None
    as_of_ns: int | None = None
    is_whole: bool = True

    def __repr__(self) -> str:
        return f"ManifestRows({self.event_id!r}, {len(self.tickets)} tickets)"


class CachedTicket(msgspec.Struct, frozen=True):
    """A row of the copy as the device decides by it.

    `reservation_open`: it belongs to a reservation that lets its guests in.
    """

    id: str
    kind: Kind
    event_id: str
    token: str | None
    status: str
    reservation: str | None
    reservation_open: bool
