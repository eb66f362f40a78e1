"""The words that staff read: one headline and one line of detail for each way a scan can end.

They are for people who have a queue before them, so: no word of ours, and in every refusal or
doubt what to do next, unless it is to send the guest away.
"""

from datetime import UTC, datetime, tzinfo

from gatedrill.contract.outcome import Authority, Certainty, Outcome, OutcomeKind, Reason
from gatedrill.devices.feedback.cue import Cue, Shown

READY = Shown(Cue.WAIT, "READY", "hold the ticket in front of the reader")
"""The gate waits for a guest."""

NO_READER = Shown(Cue.WAIT, "NO READER", "the reader has gone: plug it in again")
"""The gate's reader was unplugged, or has failed."""

_ASK_DETAIL = "no answer: call a supervisor"
_ASKS: dict[Reason, str] = {
    Reason.BUSY: "another gate is checking this ticket: scan again, then call a supervisor",
    Reason.UNSUPPORTED: "the ticket service does not know this gate's question: call a supervisor",
    Reason.TIMEOUT: _ASK_DETAIL,
    Reason.CONNECTION: "no connection: call a supervisor",
    Reason.BAD_ANSWER: "the answer makes no sense: call a supervisor",
    Reason.SERVER_ERROR: "the ticket service is in trouble: call a supervisor",
    Reason.CREDENTIALS: "this gate is not allowed to check tickets: call a supervisor",
    Reason.UNREAD: "the code was not read: show it again, then call a supervisor",
}
_STOP_DETAIL = "not accepted: call a supervisor"
_STOPS: dict[Reason, str] = {
    Reason.ALREADY_USED: "used before",
    Reason.LOST_RACE: "used at another gate just now",
    Reason.NOT_FOUND: "no such ticket",
    Reason.CANCELLED: "the ticket was cancelled",
    Reason.TAMPERED: "not a genuine ticket",
    Reason.WRONG_EVENT: "the ticket is for another event",
    Reason.INVALID_STATUS: "the pass is not valid for entry",
    Reason.RESERVATION_CLOSED: "the reservation is not confirmed",
    Reason.FULL: "no places left",
    Reason.ALREADY_LINKED: "the ticket belongs to a reservation already",
    Reason.PAYMENT_FAILED: "the payment could not be started: try again",
    Reason.PAYMENT_TIMED_OUT: "the payment could not be started in time: try again",
    Reason.REFUSED_OTHERWISE: _STOP_DETAIL,
    Reason.OFFLINE_UNKNOWN: "not on this gate's list: call a supervisor",
    Reason.NOT_RECORDED: "this gate cannot write entries down: use another gate",
}
_IGNORED_DETAIL = "the same ticket is still in front of the reader: take it away"
_IGNORED: dict[Reason, str] = {
    Reason.REPEATED: _IGNORED_DETAIL,
    Reason.NOT_PRESENTED: "no ticket was shown in time: the next one, please",
}

_NOBODY_IN = {
    # Nobody walks in by these: they are a kiosk's. Hence they are not green either.
    OutcomeKind.BOOKED: Shown(Cue.WAIT, "BOOKED", "the places are held: pay now"),
    OutcomeKind.CONFIRMED: Shown(Cue.WAIT, "PAID", "the payment has arrived"),
    OutcomeKind.LINKED: Shown(Cue.WAIT, "LINKED", "the ticket belongs to the reservation now"),
}
_DECIDED_BY = {
    Authority.ONLINE: "",
    Authority.VENUE: "decided by the venue, without the ticket service",
    Authority.OFFLINE: "decided by this gate alone",
}


def shown_for(
    outcome: Outcome,
    *,
    authority: Authority = Authority.ONLINE,
    last_entry_at: str | None = None,
    checked_in_guests: int | None = None,
    zone: tzinfo = UTC,
) -> Shown:
    """What staff are to see of an outcome.

    Only an admission is ever GOOD, and what is open (busy, no answer) never reads as a refusal.
    `last_entry_at` is an instant as the service writes it (ISO 8601, UTC if it names no zone) and
    is shown in `zone`; one that is none is left out. `checked_in_guests` counts the guest's party,
    this guest included. Who decided is told unless it was the service, or nobody.
    """
    match outcome.kind:
        case OutcomeKind.ADMITTED:
            shown = Shown(Cue.GOOD, "COME IN", "the ticket is valid")
            extra = [_party(checked_in_guests)]
        case OutcomeKind.READMITTED:
            shown = Shown(Cue.GOOD, "WELCOME BACK", _entry(last_entry_at, zone) or "was in before")
            extra = [_party(checked_in_guests)]
        case OutcomeKind.REFUSED if _is_settled(outcome.reason):
            shown = Shown(Cue.BAD, "STOP", _refusal(outcome.reason))
            extra = [_entry(last_entry_at, zone)]
        case OutcomeKind.REFUSED | OutcomeKind.UNKNOWN:
            return Shown(
                Cue.UNSURE, "ASK", _ASKS.get(outcome.reason or Reason.TIMEOUT, _ASK_DETAIL)
            )
        case OutcomeKind.IGNORED:
            return Shown(
                Cue.WAIT, "READY", _IGNORED.get(outcome.reason or Reason.REPEATED, _IGNORED_DETAIL)
            )
        case kind:
            return _NOBODY_IN[kind]
    details = [shown.detail, *extra, _DECIDED_BY[authority]]
    return Shown(shown.cue, shown.headline, "; ".join(detail for detail in details if detail))


def _is_settled(reason: Reason | None) -> bool:
    return reason is None or reason.certainty is Certainty.DEFINITE


def _refusal(reason: Reason | None) -> str:
    return _STOPS.get(reason, _STOP_DETAIL) if reason else _STOP_DETAIL


def _entry(instant: str | None, zone: tzinfo) -> str:
    try:
        read = datetime.fromisoformat(instant or "")
        local = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(zone)
    except (ValueError, OverflowError):
        return ""
    return f"last entry {local:%Y-%m-%d %H:%M %Z}"


def _party(guests: int | None) -> str:
    if guests is None:
        return ""
    return f"{guests} of this party {'is' if guests == 1 else 'are'} in"
