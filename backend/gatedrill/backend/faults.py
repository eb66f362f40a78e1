"""Faults that can be planted on purpose, to see whether a rehearsal finds them."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from gatedrill.backend import booking_faults, ticket_faults, upload_faults, vip_faults
from gatedrill.backend.desks import DeskTypes
from gatedrill.backend.parts import Parts
from gatedrill.backend.wire_faults import (
    HTML_ANSWER,
    ClosableProtocol,
    EveryThirdScan,
    SlowScans,
    close_connection,
)
from gatedrill.contract.errors import UsageError


@dataclass(frozen=True)
class Fault:
    """A planted fault: what it does, and the parts that do it.

    One that does not break safety decides rightly, but too late, or for some not at all.
    """

    name: str
    meaning: str
    parts: Parts
    breaks_safety: bool = True


FAULTS: Final = (
    Fault(
        "read-then-update",
        "a scan reads the ticket and writes it 20 ms later, with no transaction around both and no "
        "unique index on the log: scans at the same instant are all admitted",
        Parts(DeskTypes(tickets=ticket_faults.ReadThenUpdateDesk), guarded=False),
    ),
    Fault(
        "busy-is-final",
        "a clean-up job holds a valid ticket's row for 200 ms from its first scan on, after a "
        "second of rest; a scan in that time is answered as already used instead of as busy",
        Parts(DeskTypes(tickets=ticket_faults.BusyIsFinalDesk)),
    ),
    Fault(
        "answers-before-commit",
        "every other admission, beginning with the first, is answered before it is committed, and "
        "the commit fails: the ticket stays valid and the log lacks the scan",
        Parts(DeskTypes(tickets=ticket_faults.AnswersBeforeCommitDesk)),
    ),
    Fault(
        "refuses-valid",
        "every third ticket that should be admitted is answered as not found",
        Parts(DeskTypes(tickets=ticket_faults.RefusesValidDesk)),
    ),
    Fault(
        "cancelled-admitted",
        "a cancelled ticket is admitted like a valid one",
        Parts(DeskTypes(tickets=ticket_faults.CancelledAdmittedDesk)),
    ),
    Fault(
        "no-unique-log",
        "the log has no unique index, and the second scan of a ticket is logged as a success, "
        "though it is answered as already used",
        Parts(DeskTypes(tickets=ticket_faults.SecondSuccessDesk), guarded=False),
    ),
    Fault(
        "double-log",
        "every scan of a ticket is logged twice",
        Parts(DeskTypes(tickets=ticket_faults.DoubleLogDesk), guarded=False),
    ),
    Fault(
        "missing-log",
        "every third scan of a ticket is done and not logged",
        Parts(DeskTypes(tickets=ticket_faults.MissingLogDesk)),
    ),
    Fault(
        "reopens-20ms",
        "a scan that comes within 20 ms after its ticket's admission was answered is admitted "
        "as well, as behind a stale cache; one that comes at the same instant is refused",
        Parts(DeskTypes(tickets=ticket_faults.ReopensFor20MsDesk), guarded=False),
    ),
    Fault(
        "reopens-2ms",
        "a scan that comes within 2 ms after its ticket's admission was answered is admitted "
        "as well, as behind a stale cache; one that comes at the same instant is refused",
        Parts(DeskTypes(tickets=ticket_faults.ReopensFor2MsDesk), guarded=False),
    ),
    Fault(
        "reopens-200us",
        "a scan that comes within 0.2 ms after its ticket's admission was answered is admitted "
        "as well, as behind a stale cache; one that comes at the same instant is refused",
        Parts(DeskTypes(tickets=ticket_faults.ReopensFor200UsDesk), guarded=False),
    ),
    Fault(
        "forged-signature-accepted",
        "every signature of a QR code is told to be valid",
        Parts(DeskTypes(signatures=ticket_faults.CredulousDesk)),
    ),
    Fault(
        "vip-counter-uncapped",
        "the first entry of a pass counts twice, as if a trigger counted too, and nothing caps the "
        "counter: five guests count as ten",
        Parts(DeskTypes(vip=vip_faults.UncappedCounterDesk)),
    ),
    Fault(
        "vip-counter-lost-update",
        "a scan of a pass reads the counter and writes it 20 ms later, with no transaction around "
        "both: guests who enter at the same instant count as one",
        Parts(DeskTypes(vip=vip_faults.LostUpdateDesk)),
    ),
    Fault(
        "vip-reentry-counts",
        "a re-entry counts as one more guest, beyond the reservation's number too",
        Parts(DeskTypes(vip=vip_faults.ReentryCountsDesk)),
    ),
    Fault(
        "vip-reentry-refused",
        "a pass that was scanned before lets nobody back in",
        Parts(DeskTypes(vip=vip_faults.ReentryRefusedDesk)),
    ),
    Fault(
        "vip-refusal-unlogged",
        "a refused scan of a pass is not logged",
        Parts(DeskTypes(vip=vip_faults.RefusalUnloggedDesk)),
    ),
    Fault(
        "linked-over-capacity",
        "linking counts a reservation's tickets and links one more 20 ms later, with no "
        "transaction around both: requests at the same instant link more tickets than guests",
        Parts(DeskTypes(vip=vip_faults.LinkedOverCapacityDesk)),
    ),
    Fault(
        "slots-read-then-update",
        "a checkout looks for free places and takes them 20 ms later, with no transaction around "
        "both: checkouts at the same instant all get places, and fewer than none are left",
        Parts(DeskTypes(bookings=booking_faults.ReadThenReserveDesk)),
    ),
    Fault(
        "slots-no-rollback",
        "the places of a checkout whose payment failed stay taken",
        Parts(DeskTypes(bookings=booking_faults.NoRollbackDesk)),
    ),
    Fault(
        "slots-double-rollback",
        "the places of a checkout whose payment failed are given back twice",
        Parts(DeskTypes(bookings=booking_faults.DoubleRollbackDesk)),
    ),
    Fault(
        "slots-500-when-full",
        "a checkout of a full slot is answered with status 500 instead of 409",
        Parts(DeskTypes(bookings=booking_faults.FullIsServerErrorDesk)),
    ),
    Fault(
        "webhook-not-idempotent",
        "a payment event that comes twice takes effect twice",
        Parts(DeskTypes(bookings=booking_faults.ForgetfulWebhookDesk)),
    ),
    Fault(
        "webhook-ignores-mark",
        "a payment takes places also where the checkout took them already",
        Parts(DeskTypes(bookings=booking_faults.MarkIgnoredDesk)),
    ),
    Fault(
        "sync-trusts-clocks",
        "an upload is believed whatever time it claims, and not flagged: one that is dated before "
        "the event wins against every scan, until another one claims to be earlier still",
        Parts(DeskTypes(uploads=upload_faults.ClockTrustingDesk)),
    ),
    Fault(
        "sync-last-wins",
        "of several uploads of one ticket the last one wins, whichever scan was first",
        Parts(DeskTypes(uploads=upload_faults.LastWinsDesk)),
    ),
    Fault(
        "ignores-nonce",
        "a scan or an upload that comes again with its nonce is taken for another one: it is "
        "refused, and told that it lost against itself",
        Parts(
            DeskTypes(
                tickets=upload_faults.ForgetfulTicketDesk,
                uploads=upload_faults.ForgetfulUploadDesk,
            )
        ),
    ),
    Fault(
        "slow-350ms",
        "every scan is done at once and answered 350 ms later",
        Parts(wrap=SlowScans),
        breaks_safety=False,
    ),
    Fault(
        "html-500",
        "every third scan is not done and is answered with status 500 and a page of HTML",
        Parts(wrap=partial(EveryThirdScan, instead=HTML_ANSWER)),
        breaks_safety=False,
    ),
    Fault(
        "drops-connections",
        "every third scan is not done, and its connection is closed without an answer",
        Parts(wrap=partial(EveryThirdScan, instead=close_connection), protocol=ClosableProtocol),
        breaks_safety=False,
    ),
)
"""Every fault there is. None of them knows the store: each works on SQLite and on PostgreSQL."""


def parts_for(fault: str | None) -> Parts:
    """The parts of the service with `fault`, or of the honest one; UsageError if there is none."""
    if fault is None:
        return Parts()
    for each in FAULTS:
        if each.name == fault:
            return each.parts
    raise UsageError(
        f"there is no fault {fault!r}: choose from {', '.join(each.name for each in FAULTS)}"
    )
