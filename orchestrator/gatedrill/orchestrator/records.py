"""The service's own records: the second witness beside the history."""

import msgspec

from gatedrill.contract.service import ScanLogRow, TicketRow

RECORDS_VERSION = 1


class Records(msgspec.Struct, frozen=True):
    """What the service had on the tickets of a plan, before the first scan and after the last.

    A part that could not be read is None, and `unreadable` says why. `complete_log` tells whether
    the log holds one row for every call since the run began, and no others (that of the reference
    backend does, once it has been populated).
    """

    before: tuple[TicketRow, ...] | None
    after: tuple[TicketRow, ...] | None
    scan_logs: tuple[ScanLogRow, ...] | None
    complete_log: bool = False
    unreadable: str | None = None
    version: int = RECORDS_VERSION
