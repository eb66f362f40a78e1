"""What is said of faults, and of what devices decided without the service, in words."""

from collections.abc import Iterator

import msgspec

from gatedrill.orchestrator.offline_facts import Conflict, FaultSpan, PendingScan
from gatedrill.orchestrator.reports.wording import some
from gatedrill.orchestrator.result import Result

AUTHORITIES = {"online": "the service", "venue": "the registrar", "offline": "a device alone"}
TIMEOUTS = {
    "received_admitted": "the service had received it, the device admitted",
    "received_refused": "the service had received it, the device refused",
    "lost_admitted": "the service never received it, the device admitted",
    "lost_refused": "the service never received it, the device refused",
    "not_known": "not known whether the service received it",
}
UPLOADS = {
    "synced": "on the service's record",
    "conflicts": "behind an earlier scan",
    "waiting": "waiting",
    "failed": "refused by the service",
    "flagged": "with a time that was not believed",
    "recognised": "known again by the device itself",
}


def decided_in_words(result: Result) -> str:
    """Who decided how many scans."""
    return ", ".join(
        f"{each.decided} by {AUTHORITIES.get(each.authority, each.authority)} "
        f"({each.admitted} admitted)"
        for each in result.decided_by
    )


def lasted_in_words(fault: FaultSpan) -> str:
    """From when to when, in seconds since the run began."""
    end = "to the end" if fault.ended_s is None else f"to {fault.ended_s:.3f} s"
    return f"from {fault.began_s:.3f} s {end}"


def fault_in_words(fault: FaultSpan) -> str:
    """What failed when, and for whom."""
    return f"{fault.kind} {lasted_in_words(fault)}: {some(fault.devices)}"


def because_in_words(faults: tuple[str, ...]) -> str:
    """What explains something."""
    return f"explained by {', '.join(faults)}" if faults else "explained by no fault"


def pending_in_words(scan: PendingScan) -> str:
    """Where a scan is kept, and why."""
    name = scan.attempt or scan.ticket
    return f"{scan.ticket}: {scan.outcome}, {scan.state} at {scan.device}: {scan.why} ({name})"


def conflict_in_words(conflict: Conflict) -> str:
    """Both sides."""
    ours = f"{conflict.device} at {conflict.scanned_at or 'an unknown time'}"
    winner = f"{conflict.winner_device or 'another'} at {conflict.winner_time or 'an unknown time'}"
    return f"{conflict.ticket}: {ours} stands behind {winner} ({conflict.attempt})"


def counted_in_words(counts: msgspec.Struct, words: dict[str, str]) -> Iterator[str]:
    """A line for each count of which there are any."""
    for name, told in words.items():
        number = getattr(counts, name)
        if number:
            yield f"{number} {told}"
