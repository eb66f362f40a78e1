"""What the service's answers to an upload mean. Pure.

Only what the service clearly says settles a scan; all else is put off, for nothing is lost by
asking again.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from gatedrill.contract import service
from gatedrill.contract.messages import QueueState
from gatedrill.contract.outcome import REASONS, OutcomeKind, Reason
from gatedrill.devices.answers import OK, UNREADABLE, problem_code
from gatedrill.devices.connection import ServiceAnswer
from gatedrill.devices.offline.journal_rows import JournaledScan, PutOff, Settlement

Verdict: TypeAlias = Settlement | PutOff

NO_REFUSALS: Final = f"the service keeps no refusals: it has no function {service.REFUSAL_FUNCTION}"

_SYNC_ROWS = msgspec.json.Decoder(list[service.SyncRow])
_VIP_ANSWER = msgspec.json.Decoder(service.VipAnswer)
_REFUSAL_ANSWER = msgspec.json.Decoder(service.RefusedScanAnswer)
_ABOUT_US: Final = (401, 403)
_LATER: Final = (408, 429)
_NO_GATEWAY: Final = (502, 503, 504)
_SERVER_ERROR: Final = 500


def read_sync(
    answer: ServiceAnswer,
    scan: JournaledScan,
    is_own_win: Callable[[service.SyncRow], bool] | None = None,
) -> Verdict:
    """What `sync_offline_scan` says of a scan; `is_own_win` is asked where no nonce was told.

    A guest who came back has a scan before this one on record, as he should: that is no conflict.
    """
    failure = failure_of(answer)
    if failure is not None:
        return failure
    try:
        [row] = _SYNC_ROWS.decode(answer.body)
    except (*UNREADABLE, ValueError):
        return PutOff(_worded(Reason.BAD_ANSWER))
    return _judge_row(row, scan, is_own_win)


def _judge_row(
    row: service.SyncRow,
    scan: JournaledScan,
    is_own_win: Callable[[service.SyncRow], bool] | None,
) -> Settlement:
    if row.success:
        return Settlement(QueueState.SYNCED, flag=row.flag)
    if not row.conflict_resolved:
        error = "the service does not know the ticket, or lets nobody in with it"
        return Settlement(QueueState.FAILED, error=error, flag=row.flag)
    recognised = is_own_win is not None and is_own_win(row)
    is_on_record = recognised or scan.outcome is OutcomeKind.READMITTED
    return Settlement(
        QueueState.SYNCED if is_on_record else QueueState.CONFLICT,
        winner_device=row.winner_device,
        winner_time=row.winner_time,
        flag=row.flag,
        recognised=recognised,
    )


def read_entry(answer: ServiceAnswer) -> Verdict:
    """What `process_vip_scan_with_reentry` says of an entry that has taken place."""
    failure = failure_of(answer)
    if failure is not None:
        return failure
    try:
        said = _VIP_ANSWER.decode(answer.body)
    except UNREADABLE:
        return PutOff(_worded(Reason.BAD_ANSWER))
    if said.success:
        return Settlement(QueueState.SYNCED)
    return Settlement(QueueState.FAILED, error=f"the service refuses the pass: {said.error}")


def read_refusal(answer: ServiceAnswer) -> Verdict:
    """What `record_refused_scan` says."""
    failure = failure_of(answer)
    if failure is not None:
        return failure
    try:
        is_recorded = _REFUSAL_ANSWER.decode(answer.body).recorded
    except UNREADABLE:
        is_recorded = False
    return Settlement(QueueState.SYNCED) if is_recorded else PutOff(_worded(Reason.BAD_ANSWER))


def failure_of(answer: ServiceAnswer) -> PutOff | None:
    """Why an answer is none to an upload; None if it has status 200.

    Only an error as the service words it is its refusal: anybody on the way may answer 404.
    """
    status = answer.http_status
    if answer.failure is not None or status is None:
        return PutOff(_worded(answer.failure or Reason.CONNECTION), out_of_reach=True)
    if status == OK:
        return None
    if status in _ABOUT_US:
        return PutOff(f"{_worded(Reason.CREDENTIALS)} (status {status})", out_of_reach=True)
    code = problem_code(answer.body)
    if status in (*_LATER, *_NO_GATEWAY):
        return PutOff(f"the service cannot be asked now (status {status})", out_of_reach=True)
    if 400 <= status < _SERVER_ERROR and code:
        return PutOff(f"the service refuses it (status {status}, {code})", refused=True)
    reason = Reason.SERVER_ERROR if status >= _SERVER_ERROR else Reason.BAD_ANSWER
    return PutOff(f"{_worded(reason)} (status {status})")


def _worded(reason: Reason) -> str:
    return REASONS[reason].meaning
