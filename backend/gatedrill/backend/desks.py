"""The desks of one service, over one store."""

from collections.abc import Callable
from dataclasses import dataclass

from gatedrill.backend.booking_desk import BookingDesk
from gatedrill.backend.instants import utc_now
from gatedrill.backend.signature_desk import SignatureDesk
from gatedrill.backend.store import Store
from gatedrill.backend.ticket_desk import TicketDesk
from gatedrill.backend.upload_desk import UploadDesk
from gatedrill.backend.vip_desk import VipDesk


@dataclass(frozen=True)
class Desks:
    """Who answers what."""

    tickets: TicketDesk
    vip: VipDesk
    bookings: BookingDesk
    signatures: SignatureDesk
    uploads: UploadDesk


@dataclass(frozen=True)
class DeskTypes:
    """Which desks there are, the honest ones by default."""

    tickets: type[TicketDesk] = TicketDesk
    vip: type[VipDesk] = VipDesk
    bookings: type[BookingDesk] = BookingDesk
    signatures: type[SignatureDesk] = SignatureDesk
    uploads: type[UploadDesk] = UploadDesk

    def over(self, store: Store, now: Callable[[], str] = utc_now) -> Desks:
        """These desks over `store`; `now` tells the time of day that is written down."""
        return Desks(
            tickets=self.tickets(store, now),
            vip=self.vip(store, now),
            bookings=self.bookings(store, now),
            signatures=self.signatures(store),
            uploads=self.uploads(store, now),
        )
