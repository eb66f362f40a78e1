"""The history: what happened, line by line, as it happened. JSON Lines, one tagged event a line.

With the plan and the service's records it is all that a verdict is drawn from, so that a run can be
judged again from its folder. All instants are nanoseconds on the conductor's clock, counted from
the run's start. A run that was torn off leaves a history that ends early; it still reads.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import msgspec

from gatedrill.contract.attempt import AttemptRecord, ScanRecord
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import QueueEntry, ReleaseMode
from gatedrill.fixtures.scenario import FaultName, Reaction
from gatedrill.orchestrator.versions import check_version

HISTORY_FORMAT = "gatedrill-history"
HISTORY_VERSION = 2


class Started(msgspec.Struct, frozen=True, tag_field="event", tag="started"):
    """First line. `started_at` is wall-clock time (ISO 8601), for people.

    `fault` is what was planted in the reference backend, if anything.
    """

    run: str
    scenario: str
    seed: int
    started_at: str
    target: str
    broker: str
    fault: str | None = None
    format: str = HISTORY_FORMAT
    version: int = HISTORY_VERSION


class ClockRead(msgspec.Struct, frozen=True, tag_field="event", tag="clock"):
    """The clock of a boot of a fleet minus the conductor's, and the most this can be wrong by."""

    fleet: str
    offset_ns: int
    bound_ns: int
    boot: str = ""


class Fired(msgspec.Struct, frozen=True, tag_field="event", tag="fired"):
    """A step's common instant T."""

    step: str
    at_ns: int


class Attempted(msgspec.Struct, frozen=True, tag_field="event", tag="attempt"):
    """An attempt ended; its instants are corrected by the fleet's clock offset."""

    step: str
    fleet: str
    record: AttemptRecord


class Reacted(msgspec.Struct, frozen=True, tag_field="event", tag="reacted"):
    """Staff at a gate were asked what they do about the gate's answer, in a guided drill.

    `at_ns` is when they said it; `reaction` is None if they said nothing.
    """

    step: str
    reaction: Reaction | None
    at_ns: int


class Released(msgspec.Struct, frozen=True, tag_field="event", tag="released"):
    """How a fleet let its devices go at a step's instant."""

    step: str
    fleet: str
    mode: ReleaseMode


class Unready(msgspec.Struct, frozen=True, tag_field="event", tag="unready"):
    """A device could not be made ready for a step, and did not take part in it."""

    step: str
    device: str
    why: str


class Silent(msgspec.Struct, frozen=True, tag_field="event", tag="silent"):
    """Devices whose fleet did not finish a step."""

    step: str
    fleet: str
    devices: tuple[str, ...]
    why: str


class FaultBegan(msgspec.Struct, frozen=True, tag_field="event", tag="fault_began"):
    """Something of the venue fails from `at_ns` on; `fault` is its id in the plan.

    `devices` are those whom it strikes.
    """

    fault: str
    kind: FaultName
    devices: tuple[str, ...]
    at_ns: int


class FaultEnded(msgspec.Struct, frozen=True, tag_field="event", tag="fault_ended"):
    """It has ended, and what it had stopped is there again."""

    fault: str
    at_ns: int


class Drained(msgspec.Struct, frozen=True, tag_field="event", tag="drained"):
    """The conductor has waited for the queues, until they were empty or the time was over.

    `left` are the devices whose queues were not, and how many scans stood in each.
    """

    drain: str
    began_ns: int
    ended_ns: int
    left: dict[str, int] = {}


class Sold(msgspec.Struct, frozen=True, tag_field="event", tag="sold"):
    """These tickets were given to the service at this instant."""

    tickets: tuple[str, ...]
    at_ns: int


class Journaled(msgspec.Struct, frozen=True, tag_field="event", tag="journaled"):
    """What a device's journal held of one scan at the end; its `settled_ns` is history time."""

    fleet: str
    entry: QueueEntry


class JournalUnread(msgspec.Struct, frozen=True, tag_field="event", tag="journal_unread"):
    """Devices whose journals were not told in the end."""

    fleet: str
    devices: tuple[str, ...]
    why: str


class WalkedIn(msgspec.Struct, frozen=True, tag_field="event", tag="walked_in"):
    """A person presented something at a real gate that nobody had ordered; in history time."""

    fleet: str
    record: ScanRecord


class WalkInsUntold(msgspec.Struct, frozen=True, tag_field="event", tag="walk_ins_untold"):
    """Real gates that did not tell what was presented there without an order."""

    fleet: str
    devices: tuple[str, ...]
    why: str


class Ended(msgspec.Struct, frozen=True, tag_field="event", tag="ended"):
    """Last line. `cut_short` says why the run ended before its plan did, None if it did not."""

    at_ns: int
    cut_short: str | None = None


Event = (
    Started
    | ClockRead
    | Fired
    | Released
    | Attempted
    | Reacted
    | Unready
    | Silent
    | FaultBegan
    | FaultEnded
    | Sold
    | Drained
    | Journaled
    | JournalUnread
    | WalkedIn
    | WalkInsUntold
    | Ended
)

_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class HistoryWriter:
    """Appends events to a file, each durable against the end of this process."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def add(self, events: Iterable[Event]) -> None:
        """Write these events."""
        self._file.writelines(msgspec.json.encode(event).decode() + "\n" for event in events)
        self._file.flush()


def read_history(path: Path) -> tuple[Event, ...]:
    """All events of a file; an unfinished last line is left out.

    Raises UsageError naming file and line for anything that is not a history of this version.
    """
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    if lines:
        check_version(lines[0], HISTORY_VERSION, f"{path}: history")
    events = tuple(_event(path, number, line) for number, line in enumerate(lines, 1))
    if not events or not isinstance(events[0], Started):
        raise UsageError(f"{path}: does not begin as a history does")
    return events


def _event(path: Path, number: int, line: bytes) -> Event:
    try:
        return _DECODER.decode(line)
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: line {number}: not a history event: {error}") from error
