"""The desks of one service, over one store."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gatedrill.backend.booking_desk import BookingDesk
from gatedrill.backend.signature_desk import SignatureDesk
from gatedrill.backend.store import Store
from gatedrill.backend.ticket_desk import TicketDesk
from gatedrill.backend.vip_desk import VipDesk


def utc_now() -> str:
    """The time of day, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Desks:
    """Who answers what."""

    tickets: TicketDesk
    vip: VipDesk
    bookings: BookingDesk
    signatures: SignatureDesk


@dataclass(frozen=True)
class DeskTypes:
    """Which desks there are, the honest ones by default."""

    tickets: type[TicketDesk] = TicketDesk
    vip: type[VipDesk] = VipDesk
    bookings: type[BookingDesk] = BookingDesk
    signatures: type[SignatureDesk] = SignatureDesk

    def over(self, store: Store, now: Callable[[], str] = utc_now) -> Desks:
        """These desks over `store`; `now` tells the time of day that is written down."""
        return Desks(
            tickets=self.tickets(store, now),
            vip=self.vip(store, now),
            bookings=self.bookings(store, now),
            signatures=self.signatures(store),
        )
