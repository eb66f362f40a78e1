"""The check-in service's wire: what a device asks over HTTP and what the service answers.

The shape is that of a Supabase project: PostgreSQL functions served by PostgREST under
`/rest/v1/rpc/<function>`, tables under `/rest/v1/<table>`, edge functions under `/functions/v1/`,
the key in the headers `apikey` and `Authorization`. The additions of the reference backend
(population, stamps, linking) are marked as such.
"""

from enum import StrEnum
from typing import Literal

import msgspec

RPC_PATH = "/rest/v1/rpc/{function}"
TABLE_PATH = "/rest/v1/{table}"
CHECKOUT_PATH = "/functions/v1/checkout"
WEBHOOK_PATH = "/functions/v1/webhook-stripe"
VERIFY_PATH = "/functions/v1/verify-qr-signature"

SCAN_FUNCTION = "scan_ticket_atomic"
SYNC_FUNCTION = "sync_offline_scan"
VIP_SCAN_FUNCTION = "process_vip_scan_with_reentry"
LINKED_TICKET_FUNCTION = "check_vip_linked_ticket_reentry"
LINK_FUNCTION = "link_ticket_to_vip_reservation"

TICKETS_TABLE = "tickets"
SCAN_LOGS_TABLE = "scan_logs"
VIP_RESERVATIONS_TABLE = "vip_reservations"
VIP_PASSES_TABLE = "vip_passes"
VIP_SCAN_LOGS_TABLE = "vip_scan_logs"
SLOTS_TABLE = "slots"
CHECKOUTS_TABLE = "checkouts"
PAYMENT_SESSIONS_TABLE = "payment_sessions"
AUDIT_LOGS_TABLE = "audit_logs"

ALREADY_SCANNED = "Ticket already scanned"
NOT_FOUND = "Ticket not found"
CANCELLED = "Ticket cancelled"
BUSY = "Ticket being processed by another scanner"
LOST_UPDATE = "Concurrent scan detected"
LOST_INDEX = "Concurrent scan - another device scanned first"


class ScanArguments(msgspec.Struct, frozen=True):
    """Named arguments of `scan_ticket_atomic`.

    `p_nonce` is an addition of the reference backend, here as in the functions below: a scan that
    is asked for again with the nonce of the one that stands is told the same again, and nothing
    changes. It serves the online attempt and the upload of its offline decision alike.
    """

    p_ticket_id: str
    p_scanned_by: str
    p_device_id: str | None = None
    p_scan_method: str = "qr"
    p_nonce: str | msgspec.UnsetType | None = msgspec.UNSET


class ScanRow(msgspec.Struct, frozen=True):
    """The one row that `scan_ticket_atomic` answers, in a JSON array, always with HTTP 200."""

    success: bool
    already_scanned: bool
    scanned_at: str | None = None
    scanned_by: str | None = None
    error_message: str | None = None


class SyncArguments(msgspec.Struct, frozen=True):
    """Named arguments of `sync_offline_scan`: an admission that a device decided by itself.

    `p_scanned_at` is when (ISO 8601), by the device's clock as far as it could be corrected.
    """

    p_ticket_id: str
    p_scanned_by: str
    p_scanned_at: str
    p_device_id: str | None = None
    p_nonce: str | msgspec.UnsetType | None = msgspec.UNSET


class SyncRow(msgspec.Struct, frozen=True):
    """The one row that `sync_offline_scan` answers, in a JSON array. The first scan wins.

    `success`: this one stands; `conflict_resolved`: there was another one for the ticket. The
    winner is told when it is another one, and nothing is told of a ticket that nobody knows.
    `flag`, an addition of the reference backend, is why the time was not believed: the scan then
    counts from when it was received.
    """

    success: bool
    conflict_resolved: bool
    winner_device: str | None = None
    winner_time: str | None = None
    flag: Literal["before_event", "in_future"] | None = None


class ServiceProblem(msgspec.Struct, frozen=True):
    """The body of an error answer, as PostgREST words it."""

    code: str
    message: str
    details: str | None = None
    hint: str | None = None


class TicketRow(msgspec.Struct, frozen=True):
    """A row of the table `tickets`.

    `nonce` is that of the scan that stands; `updated_at`, here as in passes and reservations, when
    the row was last changed: devices that keep a copy ask for what is newer than theirs.
    """

    id: str
    event_id: str
    ticket_type: str
    status: Literal["valid", "scanned", "cancelled"] = "valid"
    scanned_at: str | None = None
    scanned_by: str | None = None
    device_id: str | None = None
    qr_token: str | None = None
    vip_reservation_id: str | None = None
    nonce: str | None = None
    updated_at: str | None = None


ScanResult = Literal[
    "success",
    "already_scanned",
    "not_found",
    "cancelled",
    "busy",
    "lost_race",
    "synced",
    "took_over",
    "conflict",
    "offline_refused",
]


class ScanLogRow(msgspec.Struct, frozen=True):
    """A row of the table `scan_logs`: one for each call of `scan_ticket_atomic`.

    And one for each scan that was uploaded, with `scan_method` `offline`: an admission that came
    first (`synced`), one that was earlier than the one on record (`took_over`) or not (`conflict`),
    and a refusal that a device decided by itself (`offline_refused`), with its `reason`.
    `scanned_at` is when it was scanned, `flag` why that was not believed, as in `SyncRow`.
    """

    id: int
    ticket_id: str
    scanned_by: str | None
    device_id: str | None
    scan_method: str
    result: ScanResult
    scanned_at: str
    nonce: str | None = None
    flag: Literal["before_event", "in_future"] | None = None
    reason: str | None = None


class VipPassArguments(msgspec.Struct, frozen=True):
    """Named arguments of `process_vip_scan_with_reentry` where it asks for the pass's id.

    `p_scanned_at`, an addition of the reference backend, is when the entry took place that a device
    had decided by itself.
    """

    p_pass_id: str
    p_scanned_by: str | None = None
    p_nonce: str | msgspec.UnsetType | None = msgspec.UNSET
    p_scanned_at: str | msgspec.UnsetType | None = msgspec.UNSET


class VipTokenArguments(msgspec.Struct, frozen=True):
    """Named arguments of `process_vip_scan_with_reentry` where it asks for the pass's QR token."""

    p_qr_token: str
    p_scanned_by: str | None = None
    p_nonce: str | msgspec.UnsetType | None = msgspec.UNSET
    p_scanned_at: str | msgspec.UnsetType | None = msgspec.UNSET


VipScanArguments = VipPassArguments | VipTokenArguments

VipEntryType = Literal["first_entry", "reentry"]


class VipRefusal(StrEnum):
    """Why a pass lets nobody in."""

    PASS_NOT_FOUND = "PASS_NOT_FOUND"  # noqa: S105
    PASS_CANCELLED = "PASS_CANCELLED"  # noqa: S105
    INVALID_STATUS = "INVALID_STATUS"
    RESERVATION_NOT_FOUND = "RESERVATION_NOT_FOUND"
    RESERVATION_NOT_CONFIRMED = "RESERVATION_NOT_CONFIRMED"


class VipAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `process_vip_scan_with_reentry` answers, a bare object, always with HTTP 200.

    `error` stands in a refusal, with `message` alone; the rest stands in an entry. Fields that do
    not apply are absent. `last_entry_time`, in a re-entry, is that of the entry before this one.
    """

    success: bool
    message: str
    error: str | None = None
    entry_type: VipEntryType | None = None
    pass_id: str | None = None
    reservation_id: str | None = None
    guest_number: int | None = None
    checked_in_guests: int | None = None
    total_guests: int | None = None
    last_entry_time: str | None = None


class LinkedTicketArguments(msgspec.Struct, frozen=True):
    """Named arguments of `check_vip_linked_ticket_reentry`."""

    p_ticket_id: str


class LinkedTicketAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a general ticket belongs to a VIP reservation, and so may re-enter like its host.

    All but the first field are absent when it does not, and so is what the reservation lacks.
    """

    is_vip_linked: bool
    allow_reentry: bool | None = None
    vip_reservation_id: str | None = None
    table_number: str | None = None
    table_name: str | None = None
    reservation_status: str | None = None


class VipReservationRow(msgspec.Struct, frozen=True):
    """A row of the table `vip_reservations`."""

    id: str
    event_id: str
    total_guests: int
    checked_in_guests: int = 0
    status: Literal["pending", "confirmed", "checked_in", "completed", "cancelled"] = "confirmed"
    table_number: str | None = None
    table_name: str | None = None
    updated_at: str | None = None


class VipPassRow(msgspec.Struct, frozen=True):
    """A row of the table `vip_passes`: one guest of a reservation."""

    id: str
    reservation_id: str
    guest_number: int
    qr_token: str
    status: Literal["active", "checked_in", "cancelled", "expired"] = "active"
    last_entry_at: str | None = None
    updated_at: str | None = None


class VipScanLogRow(msgspec.Struct, frozen=True):
    """A row of the table `vip_scan_logs`: one for each scan of a pass, refused ones too.

    `asked_for` is the id or token that was asked for; `pass_id` is null when nobody knows it.
    """

    id: int
    asked_for: str
    pass_id: str | None
    reservation_id: str | None
    scanned_by: str | None
    entry_type: Literal["first_entry", "reentry", "refused"]
    error: str | None
    scanned_at: str
    nonce: str | None = None


class SlotRow(msgspec.Struct, frozen=True):
    """A row of the table `slots`; in a population, `available` null means all of `capacity`."""

    id: str
    event_id: str
    capacity: int
    available: int | None = None


class CheckoutRequest(msgspec.Struct, frozen=True):
    """POST `/functions/v1/checkout`: book places of a slot."""

    slot_id: str
    guests: int


class CheckoutAnswer(msgspec.Struct, frozen=True):
    """The places are reserved, and `url` is where to pay for them."""

    checkout_id: str
    session_id: str
    url: str


class CheckoutRow(msgspec.Struct, frozen=True):
    """A row of the table `checkouts`: a booking that has, or for a while had, its places.

    `reserved`: there is no payment session yet; `open`: there is; `completed`: it was paid for;
    `failed`: there was none to be had, and the places went back.
    """

    id: str
    slot_id: str
    guests: int
    status: Literal["reserved", "open", "completed", "failed"]
    session_id: str | None
    created_at: str


class PaymentSessionRow(msgspec.Struct, frozen=True):
    """A row of the table `payment_sessions`: what the payment provider has agreed to.

    `slots_reserved` is the text `true`, as in the session's metadata.
    """

    id: str
    checkout_id: str
    slot_id: str
    guests: int
    slots_reserved: str
    created_at: str


class AuditType(StrEnum):
    """What an audit row tells of."""

    OPENED = "checkout.opened"
    FAILED = "checkout.failed"
    STRIPE_ERROR = "checkout.stripe_error"
    COMPLETED = "checkout.completed"
    OVERSOLD = "checkout.oversold"


class AuditLogRow(msgspec.Struct, frozen=True):
    """A row of the table `audit_logs`: one for each thing that became of a booking.

    `slots_rolled_back` is how many places went back to the slot, null where that is no question.
    """

    id: int
    type: AuditType
    slot_id: str
    checkout_id: str | None
    guests: int
    slots_rolled_back: int | None
    message: str | None
    created_at: str


COMPLETED_EVENT = "checkout.session.completed"


class SessionMetadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a payment session carries along, all of it text.

    `slots_reserved` `true` says that the checkout has taken the places already; a session of old
    has no such mark, and its places are taken when it has been paid for.
    """

    slot_id: str
    guests: str
    checkout_id: str | None = None
    slots_reserved: str | None = None


class PaymentSession(msgspec.Struct, frozen=True):
    """The session that a payment event is about."""

    id: str
    metadata: SessionMetadata


class PaymentEventData(msgspec.Struct, frozen=True):
    """The envelope in which the payment provider wraps the session."""

    object: PaymentSession


class PaymentEvent(msgspec.Struct, frozen=True):
    """POST `/functions/v1/webhook-stripe`: a session that was paid for, perhaps told twice."""

    id: str
    type: str
    data: PaymentEventData


class PaymentEventAnswer(msgspec.Struct, frozen=True):
    """The event was heard, now or before."""

    received: bool


class VerifyRequest(msgspec.Struct, frozen=True):
    """POST `/functions/v1/verify-qr-signature`."""

    token: str
    signature: str


class VerifyAnswer(msgspec.Struct, frozen=True):
    """Whether the signature is the service's own."""

    valid: bool


# Additions of the reference backend, which no real service has.

ABOUT_PATH = "/gatedrill/about"
POPULATION_PATH = "/gatedrill/population"
LATE_TICKETS_PATH = "/gatedrill/late-tickets"
QR_KEY_PATH = "/gatedrill/qr-key"
REFUSAL_FUNCTION = "record_refused_scan"
SERVICE_NAME = "gatedrill-reference-backend"
ARRIVED_HEADER = "x-gatedrill-arrived-ns"
DEPARTED_HEADER = "x-gatedrill-departed-ns"
TIME_HEADER = "x-gatedrill-time-ns"
"""The service's time of day when the answer left, in nanoseconds since the Unix epoch."""


class About(msgspec.Struct, frozen=True):
    """GET `/gatedrill/about`, with the key: what answers here."""

    service: str
    version: str
    fault: str | None = None


class QrKey(msgspec.Struct, frozen=True):
    """GET `/gatedrill/qr-key`: what QR tokens are signed with, so that gates verify by themselves.

    Who has it can forge tickets. None where nothing is signed.
    """

    key: str | None


class RefusedScanArguments(msgspec.Struct, frozen=True):
    """Named arguments of `record_refused_scan`: a guest whom a device turned away by itself.

    Nothing follows from it but a row in the log. `p_ticket_id` is the ticket's id, or what stood in
    the code where the device knew no ticket; `p_reason` is one of the contract's reasons.
    """

    p_ticket_id: str
    p_scanned_by: str
    p_scanned_at: str
    p_reason: str
    p_device_id: str | None = None
    p_nonce: str | None = None


class RefusedScanAnswer(msgspec.Struct, frozen=True):
    """The refusal is in the log, from now on or from an earlier upload of it."""

    recorded: bool


class LinkArguments(msgspec.Struct, frozen=True):
    """Named arguments of `link_ticket_to_vip_reservation`."""

    p_ticket_id: str
    p_reservation_id: str


class LinkRefusal(StrEnum):
    """Why a ticket is not linked to a reservation."""

    TICKET_NOT_FOUND = "TICKET_NOT_FOUND"
    RESERVATION_NOT_FOUND = "RESERVATION_NOT_FOUND"
    ALREADY_LINKED = "ALREADY_LINKED"
    RESERVATION_FULL = "RESERVATION_FULL"


class LinkAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `link_ticket_to_vip_reservation` answers; `error` is absent when it has linked."""

    success: bool
    message: str
    error: str | None = None


class PaymentBehaviour(msgspec.Struct, frozen=True):
    """How the payment provider is to behave: answer after `delay_ms`, or never."""

    outcome: Literal["succeed", "fail", "time_out"] = "succeed"
    delay_ms: int = 0


class Population(msgspec.Struct, frozen=True):
    """PUT `/gatedrill/population`: forget everything, then hold exactly this.

    `qr_secret` is what QR tokens are signed with; without one, no signature is valid.
    `event_starts_at` (ISO 8601) is when the gates open: no scan is believed to be older.
    """

    tickets: tuple[TicketRow, ...]
    vip_reservations: tuple[VipReservationRow, ...] = ()
    vip_passes: tuple[VipPassRow, ...] = ()
    slots: tuple[SlotRow, ...] = ()
    payment: PaymentBehaviour = PaymentBehaviour()
    qr_secret: str | None = None
    event_starts_at: str | None = None


class LateTickets(msgspec.Struct, frozen=True):
    """POST `/gatedrill/late-tickets`: hold these as well, as if they had been sold just now."""

    tickets: tuple[TicketRow, ...]
