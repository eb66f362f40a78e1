"""Who has said what in one step. Pure: words come in, history events come out.

    a fleet     word                    next
    ARMING      armed                   ARMED
    ARMED       report, finished        FINISHED, or LACKING while attempts are missing
    LACKING     report, the missing     FINISHED
    any other   gone, or out of time    SILENT

Reports count in any state, each attempt once: MQTT delivers at least once. What was said while
we were cut off from the broker is missing, and must be asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from gatedrill.contract.messages import Armed, Report
from gatedrill.orchestrator.history import Attempted, Event, Released, Silent, Unready

if TYPE_CHECKING:
    from gatedrill.contract.attempt import AttemptRecord


class Gone(NamedTuple):
    """A fleet has left the venue."""

    boot: str


Word = Armed | Report | Gone


class Told(Protocol):
    """What a fleet tells of a device."""

    @property
    def attempt(self) -> str:
        """Which attempt it was."""
        ...

    @property
    def device(self) -> str:
        """Who made it."""
        ...


T = TypeVar("T", bound=Told)
Drop = Callable[[str], None]
"""Is told of a fleet that speaks for others."""


class Part(NamedTuple):
    """A fleet's part in a step. `shift_ns` takes its clock to the history's time.

    `devices` are its own that take part, `device_of` has the device of every planned attempt.
    """

    fleet: str
    devices: tuple[str, ...]
    shift_ns: int
    device_of: Mapping[str, str] = {}

    def own(self, told: Sequence[T], drop: Drop) -> list[T]:
        """What is told of its own devices and their attempts; nothing else counts."""
        devices = frozenset(self.devices)
        own = [
            each
            for each in told
            if each.device in devices
            and self.device_of.get(each.attempt, each.device) == each.device
        ]
        if len(own) < len(told):
            drop(self.fleet)
        return own


class StepWatch:
    """Follows the fleets, by boot, through one step."""

    def __init__(
        self, step: str, parts: Mapping[str, Part], drop: Drop = lambda _fleet: None
    ) -> None:
        self._step = step
        self._drop = drop
        self._parts = dict(parts)
        self._arming = set(parts)
        self._armed: set[str] = set()
        self._attempts: set[str] = set()
        self._attempts_by_boot: dict[str, set[str]] = {boot: set() for boot in parts}
        self._totals: dict[str, int] = {}
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
    def lacking(self) -> bool:
        """Whether somebody has said its last word and not all of its attempts are here."""
        return bool(self._armed & self._totals.keys())

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
        part = self._parts[word.boot]
        own = {device: why for device, why in word.unready.items() if device in part.devices}
        if own != word.unready:
            self._drop(part.fleet)
        return [Unready(self._step, device, why) for device, why in own.items()]

    def _hear_report(self, word: Report) -> list[Event]:
        part = self._parts[word.boot]
        own = part.own(word.records, self._drop)
        new = {each.attempt: each for each in own if each.attempt not in self._attempts}
        self._attempts.update(new)
        self._attempts_by_boot[word.boot].update(each.attempt for each in own)
        records = [record.shifted(part.shift_ns) for record in new.values()]
        self.records += records
        self.last_answer_ns = max([self.last_answer_ns, *(each.decided_ns for each in records)])
        events: list[Event] = [Attempted(self._step, part.fleet, each) for each in records]
        return events + self._hear_end(word)

    def _hear_end(self, word: Report) -> list[Event]:
        """The fleet has finished once its last word is here, and as many attempts as that says."""
        boot, events = word.boot, list[Event]()
        if word.finished and boot in self._armed - self._totals.keys():
            self._totals[boot] = word.total or 0
            if word.release is not None:
                events.append(Released(self._step, self._parts[boot].fleet, word.release))
        if len(self._attempts_by_boot[boot]) >= self._totals.get(boot, 1 << 62):
            self._armed.discard(boot)
        return events

    def _silence(self, boot: str, why: str) -> list[Event]:
        if boot not in self._arming | self._armed:
            return []
        self._arming.discard(boot)
        self._armed.discard(boot)
        part = self._parts[boot]
        return [Silent(self._step, part.fleet, part.devices, why)]
