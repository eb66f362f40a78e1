"""What devices wrote down themselves: the third witness, beside history and records."""

from collections.abc import Iterable
from functools import cached_property

from gatedrill.contract.messages import QueueEntry
from gatedrill.contract.outcome import Authority
from gatedrill.orchestrator.history import Event, Journaled, JournalUnread

BY_ITSELF = (Authority.VENUE, Authority.OFFLINE)
"""Who decided where a device did without the service."""


class Journals:
    """The devices' journals as they were at the end of a run.

    `unread` are the devices whose journals were not told. In a run that was cut short nobody asked
    for them, and where the service alone decides there are none.
    """

    def __init__(self, history: Iterable[Event], *, are_gathered: bool) -> None:
        events = list(history)
        self.told = [event for event in events if isinstance(event, Journaled)]
        self.not_told = [event for event in events if isinstance(event, JournalUnread)]
        self.unread = {device for event in self.not_told for device in event.devices}
        self._are_gathered = are_gathered

    def is_read(self, device: str) -> bool:
        """Whether all that this device wrote down is here."""
        return self._are_gathered and device not in self.unread

    @property
    def entries(self) -> list[QueueEntry]:
        """All scans in the journals."""
        return [event.entry for event in self.told]

    @cached_property
    def by_nonce(self) -> dict[str, Journaled]:
        """By the scan's own id; of a scan that was begun several times, the one that ended."""
        return {event.entry.nonce: event for event in sorted(self.told, key=_is_decided)}

    @cached_property
    def by_attempt(self) -> dict[str, Journaled]:
        """By the attempt's name in the plan."""
        return {event.entry.attempt: event for event in self.told if event.entry.attempt}

    def of_scan(self, nonce: str | None, attempt: str) -> QueueEntry | None:
        """What is written of a scan; None if nothing is."""
        found = self.by_nonce.get(nonce or "") or self.by_attempt.get(attempt)
        return None if found is None else found.entry


def is_own_decision(entry: QueueEntry) -> bool:
    """Whether the device decided this scan without the service."""
    return entry.outcome is not None and entry.authority in BY_ITSELF


def _is_decided(told: Journaled) -> bool:
    return told.entry.outcome is not None
