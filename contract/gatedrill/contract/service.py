"""The check-in service's wire: what a device asks over HTTP and what the service answers.

The shape is that of a Supabase project: PostgreSQL functions served by PostgREST under
`/rest/v1/rpc/<function>`, tables under `/rest/v1/<table>`, the key in the headers `apikey` and
`Authorization`. The few additions of the reference backend (population, stamps) are marked as such.
"""

from typing import Literal

import msgspec

RPC_PATH = "/rest/v1/rpc/{function}"
TABLE_PATH = "/rest/v1/{table}"

SCAN_FUNCTION = "scan_ticket_atomic"
TICKETS_TABLE = "tickets"
SCAN_LOGS_TABLE = "scan_logs"

ALREADY_SCANNED = "Ticket already scanned"
NOT_FOUND = "Ticket not found"
BUSY = "Ticket being processed by another scanner"
LOST_UPDATE = "Concurrent scan detected"
LOST_INDEX = "Concurrent scan - another device scanned first"


class ScanArguments(msgspec.Struct, frozen=True):
    """Named arguments of `scan_ticket_atomic`."""

    p_ticket_id: str
    p_scanned_by: str
    p_device_id: str | None = None
    p_scan_method: str = "qr"


class ScanRow(msgspec.Struct, frozen=True):
    """The one row that `scan_ticket_atomic` answers, in a JSON array, always with HTTP 200."""

    success: bool
    already_scanned: bool
    scanned_at: str | None = None
    scanned_by: str | None = None
    error_message: str | None = None


class ServiceProblem(msgspec.Struct, frozen=True):
    """The body of an error answer, as PostgREST words it."""

    code: str
    message: str
    details: str | None = None
    hint: str | None = None


class TicketRow(msgspec.Struct, frozen=True):
    """A row of the table `tickets`."""

    id: str
    event_id: str
    ticket_type: str
    status: Literal["valid", "scanned", "cancelled"] = "valid"
    scanned_at: str | None = None
    scanned_by: str | None = None
    device_id: str | None = None


class ScanLogRow(msgspec.Struct, frozen=True):
    """A row of the table `scan_logs`: one for each call of `scan_ticket_atomic`."""

    id: int
    ticket_id: str
    scanned_by: str | None
    device_id: str | None
    scan_method: str
    result: Literal["success", "already_scanned", "not_found", "busy", "lost_race"]
    scanned_at: str


# Additions of the reference backend, which no real service has.

ABOUT_PATH = "/gatedrill/about"
POPULATION_PATH = "/gatedrill/population"
SERVICE_NAME = "gatedrill-reference-backend"
ARRIVED_HEADER = "x-gatedrill-arrived-ns"
DEPARTED_HEADER = "x-gatedrill-departed-ns"


class About(msgspec.Struct, frozen=True):
    """GET `/gatedrill/about`, with the key: what answers here."""

    service: str
    version: str
    fault: str | None = None


class Population(msgspec.Struct, frozen=True):
    """PUT `/gatedrill/population`: forget everything, then hold exactly these tickets."""

    tickets: tuple[TicketRow, ...]
