"""What the service's answers to a scanner mean. Pure; what the contract lacks is `unknown`."""

from typing import NamedTuple, TypeVar

import msgspec

from gatedrill.contract import service
from gatedrill.contract.attempt import Ask
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.answers import (
    UNREADABLE,
    failure_of,
    refused,
    unknown,
)
from gatedrill.devices.checkin import LinkReply, Reply
from gatedrill.devices.connection import ServiceAnswer

_BY_MESSAGE = {
    service.ALREADY_SCANNED: Reason.ALREADY_USED,
    service.NOT_FOUND: Reason.NOT_FOUND,
    service.CANCELLED: Reason.CANCELLED,
    service.BUSY: Reason.BUSY,
    service.LOST_UPDATE: Reason.LOST_RACE,
    service.LOST_INDEX: Reason.LOST_RACE,
}

# PostgreSQL's error codes whose meaning for a scan is certain: the statement changed nothing.
_BY_CODE = {
    "55P03": Reason.BUSY,  # lock not available
    "40001": Reason.BUSY,  # serialization failure
    "23505": Reason.LOST_RACE,  # unique index of successful scans
    "22P02": Reason.NOT_FOUND,  # the symbol is no uuid
}

_BY_VIP_ERROR: dict[str, Reason] = {
    service.VipRefusal.PASS_NOT_FOUND: Reason.NOT_FOUND,
    service.VipRefusal.PASS_CANCELLED: Reason.CANCELLED,
    service.VipRefusal.INVALID_STATUS: Reason.INVALID_STATUS,
}
_RESERVATION = "RESERVATION_"

_BY_ENTRY_TYPE: dict[service.VipEntryType | None, OutcomeKind] = {
    "first_entry": OutcomeKind.ADMITTED,
    "reentry": OutcomeKind.READMITTED,
}


class TicketFound(msgspec.Struct, frozen=True):
    """The columns of `tickets` that a scanner needs."""

    id: str
    event_id: str


class PassFound(msgspec.Struct, frozen=True):
    """The column of `vip_passes` that a scanner needs."""

    id: str


Found = TypeVar("Found", TicketFound, PassFound)


class Verification(NamedTuple):
    """What the service says of a signature; `objection` is None only if it is the venue's."""

    objection: Outcome | None
    ask: Ask


class Lookup(NamedTuple):
    """What the service has under a token: an id, or the outcome that settles the scan."""

    found: str | Outcome
    ask: Ask


_SCAN_ROWS = msgspec.json.Decoder(list[service.ScanRow])
_VIP_ANSWER = msgspec.json.Decoder(service.VipAnswer)
_LINK_ANSWER = msgspec.json.Decoder(service.LinkedTicketAnswer)
_VERIFY_ANSWER = msgspec.json.Decoder(service.VerifyAnswer)
_TICKETS = msgspec.json.Decoder(list[TicketFound])
_PASSES = msgspec.json.Decoder(list[PassFound])


def read_scan(answer: ServiceAnswer) -> Reply:
    """What `scan_ticket_atomic` says."""
    outcome = failure_of(answer, _BY_CODE) or _read_row(answer.body)
    return Reply(outcome, answer.ask(outcome.reason))


def _read_row(body: bytes) -> Outcome:
    try:
        rows = _SCAN_ROWS.decode(body)
    except UNREADABLE:
        return unknown(Reason.BAD_ANSWER)
    return _judge_row(rows[0]) if len(rows) == 1 else unknown(Reason.BAD_ANSWER)


def _judge_row(row: service.ScanRow) -> Outcome:
    if row.success:
        contradicts_itself = row.already_scanned or row.error_message
        return unknown(Reason.BAD_ANSWER) if contradicts_itself else Outcome(OutcomeKind.ADMITTED)
    fallback = Reason.ALREADY_USED if row.already_scanned else Reason.REFUSED_OTHERWISE
    return refused(_BY_MESSAGE.get(row.error_message or "", fallback))


def read_vip_scan(answer: ServiceAnswer) -> Reply:
    """What `process_vip_scan_with_reentry` says."""
    failure = failure_of(answer, _BY_CODE)
    if failure is not None:
        return Reply(failure, answer.ask(failure.reason))
    try:
        said = _VIP_ANSWER.decode(answer.body)
    except UNREADABLE:
        return Reply(unknown(Reason.BAD_ANSWER), answer.ask(Reason.BAD_ANSWER))
    outcome = _judge_vip(said)
    ask = answer.ask(outcome.reason)
    if not outcome.admits:
        return Reply(outcome, ask)
    is_reentry = outcome.kind is OutcomeKind.READMITTED
    return Reply(outcome, ask, said.last_entry_time if is_reentry else None, said.checked_in_guests)


def _judge_vip(said: service.VipAnswer) -> Outcome:
    entry = _BY_ENTRY_TYPE.get(said.entry_type)
    if said.success:
        return unknown(Reason.BAD_ANSWER) if said.error or entry is None else Outcome(entry)
    if entry is not None:
        return unknown(Reason.BAD_ANSWER)
    error = said.error or ""
    if error.startswith(_RESERVATION):
        return refused(Reason.RESERVATION_CLOSED)
    return refused(_BY_VIP_ERROR.get(error, Reason.REFUSED_OTHERWISE))


def read_verification(answer: ServiceAnswer) -> Verification:
    """What the service says of a signature: nobody is admitted on one that was not verified."""
    objection = failure_of(answer, {}) or _read_validity(answer.body)
    return Verification(objection, answer.ask(objection.reason if objection else None))


def _read_validity(body: bytes) -> Outcome | None:
    try:
        is_valid = _VERIFY_ANSWER.decode(body).valid
    except UNREADABLE:
        return unknown(Reason.BAD_ANSWER)
    return None if is_valid else refused(Reason.TAMPERED)


def read_ticket_lookup(answer: ServiceAnswer, event_id: str) -> Lookup:
    """Which ticket has the token; one of another event than `event_id` is refused."""
    row = _only_row(answer, _TICKETS)
    if isinstance(row, TicketFound) and row.event_id != event_id:
        row = refused(Reason.WRONG_EVENT)
    return _lookup(row, answer)


def read_pass_lookup(answer: ServiceAnswer) -> Lookup:
    """Which pass has the token."""
    return _lookup(_only_row(answer, _PASSES), answer)


def _only_row(answer: ServiceAnswer, decoder: msgspec.json.Decoder[list[Found]]) -> Found | Outcome:
    failure = failure_of(answer, {})
    if failure is not None:
        return failure
    try:
        rows = decoder.decode(answer.body)
    except UNREADABLE:
        return unknown(Reason.BAD_ANSWER)
    if not rows:
        return refused(Reason.NOT_FOUND)
    return rows[0] if len(rows) == 1 else unknown(Reason.BAD_ANSWER)


def _lookup(row: TicketFound | PassFound | Outcome, answer: ServiceAnswer) -> Lookup:
    if isinstance(row, Outcome):
        return Lookup(row, answer.ask(row.reason))
    return Lookup(row.id, answer.ask(None))


def read_link(answer: ServiceAnswer) -> LinkReply:
    """What `check_vip_linked_ticket_reentry` says: yes, or else the ticket's refusal stands."""
    failure = failure_of(answer, {})
    if failure is not None:
        return LinkReply(allows_reentry=False, ask=answer.ask(failure.reason))
    try:
        said = _LINK_ANSWER.decode(answer.body)
    except UNREADABLE:
        return LinkReply(allows_reentry=False, ask=answer.ask(Reason.BAD_ANSWER))
    allows_reentry = said.is_vip_linked and said.allow_reentry is True
    return LinkReply(allows_reentry, answer.ask(None if allows_reentry else Reason.ALREADY_USED))


def is_sound(answer: ServiceAnswer) -> bool:
    """Whether a table was answered as the contract has it: some rows, or none."""
    if failure_of(answer, {}) is not None:
        return False
    try:
        msgspec.json.decode(answer.body, type=list[object])
    except UNREADABLE:
        return False
    return True
