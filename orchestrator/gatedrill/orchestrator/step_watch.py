"""Who has said what in one step. Pure: words come in, history events come out.

    a fleet     word                    next
    ARMING      armed                   ARMED
    ARMED       report, finished        FINISHED
    ARMING/ED   gone, or out of time    SILENT

Reports count in any state, each attempt once: MQTT delivers at least once.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from gatedrill.contract.messages import Armed, Report
from gatedrill.orchestrator.history import Attempted, Event, Released, Silent, Unready

if TYPE_CHECKING:
    from gatedrill.contract.attempt import AttemptRecord


class Gone(NamedTuple):
    """A fleet has left the venue."""

    boot: str


Word = Armed | Report | Gone


class Part(NamedTuple):
    """A fleet's part in a step. `shift_ns` takes its clock to the history's time."""

    fleet: str
    devices: tuple[str, ...]
    shift_ns: int


class StepWatch:
    """Follows the fleets, by boot, through one step."""

    def __init__(self, step: str, parts: Mapping[str, Part]) -> None:
        self._step = step
        self._parts = dict(parts)
        self._arming = set(parts)
        self._armed: set[str] = set()
        self._attempts: set[str] = set()
        self.records: list[AttemptRecord] = []
        self.last_answer_ns = 0

    @property
    def arming(self) -> bool:
        """Whether somebody is still to become ready."""
        return bool(self._arming)

    @property
    def performing(self) -> bool:
        """Whether somebody who was ready has not finished."""
        return bool(self._armed)

    @property
    def attempt_count(self) -> int:
        """How many attempts have ended."""
        return len(self._attempts)

    def hear(self, word: Word) -> list[Event]:
        """Take in a word; returns what belongs into the history."""
        if word.boot not in self._parts:
            return []
        if isinstance(word, Gone):
            return self._silence(word.boot, "its process has gone")
        if word.step != self._step:
            return []
        return self._hear_armed(word) if isinstance(word, Armed) else self._hear_report(word)

    def give_up_arming(self, why: str) -> list[Event]:
        """Out of time to become ready: the step goes on without these."""
        return [event for boot in sorted(self._arming) for event in self._silence(boot, why)]

    def give_up(self, why: str) -> list[Event]:
        """Out of time to finish: those still waited for are silent."""
        return [event for boot in sorted(self._armed) for event in self._silence(boot, why)]

    def _hear_armed(self, word: Armed) -> list[Event]:
        if word.boot not in self._arming:
            return []
        self._arming.remove(word.boot)
        self._armed.add(word.boot)
        return [Unready(self._step, device, why) for device, why in word.unready.items()]

    def _hear_report(self, word: Report) -> list[Event]:
        part = self._parts[word.boot]
        new = {
            record.attempt: record
            for record in word.records
            if record.attempt not in self._attempts
        }
        records = [record.shifted(part.shift_ns) for record in new.values()]
        self._attempts.update(new)
        self.records += records
        self.last_answer_ns = max([self.last_answer_ns, *(each.decided_ns for each in records)])
        events: list[Event] = [Attempted(self._step, part.fleet, each) for each in records]
        if word.finished and word.release is not None and word.boot in self._armed:
            events.append(Released(self._step, part.fleet, word.release))
        if word.finished:
            self._armed.discard(word.boot)
        return events

    def _silence(self, boot: str, why: str) -> list[Event]:
        if boot not in self._arming | self._armed:
            return []
        self._arming.discard(boot)
        self._armed.discard(boot)
        part = self._parts[boot]
        return [Silent(self._step, part.fleet, part.devices, why)]
