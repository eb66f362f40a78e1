"""What a fleet knows of its devices: a name, and acts.

An act is what a device does about one order: a scan at a gate, a booking, payment or link at a
kiosk. It goes: prepare, perhaps read ahead, release, resume, record; or give up at any point.
"""

from typing import Protocol

from gatedrill.contract.attempt import AttemptRecord
from gatedrill.contract.messages import OfflinePolicy, Order
from gatedrill.contract.outcome import Reason


class Act(Protocol):
    """One attempt, from its order to its record.

    Set before the release: `intended_ns`, and `until_ns`, for how long it waits for a person.
    """

    intended_ns: int
    until_ns: int

    @property
    def device(self) -> str:
        """The name of the device that does it."""
        ...

    def prepare(self) -> None:
        """Do what is slow; any thread may call it.

        Raises UsageError if the device cannot do this. Released all the same, it ends as unknown.
        """
        ...

    async def read_ahead(self) -> Reason | None:
        """Go so far that the release only completes a question that is on its way.

        Returns why the device is not ready, or None if it is.
        """
        ...

    def release(self) -> None:
        """Let go, and do nothing else: other devices wait for their turn. Raises nothing."""
        ...

    def resume(self) -> None:
        """After all were released: let the act take its course."""
        ...

    async def record(self) -> AttemptRecord:
        """Wait for the release and for what comes of it."""
        ...

    async def give_up(self) -> None:
        """Leave nothing under way. Harmless at any time, also twice."""
        ...


class Device(Protocol):
    """A gate or a kiosk."""

    name: str

    def begin(self, order: Order) -> Act:
        """What the order asks for; UsageError if it is not for this sort of device."""
        ...

    def govern(self, policy: OfflinePolicy | None) -> None:
        """From now on decide by this policy; UsageError where it cannot."""
        ...

    async def open(self) -> None:
        """Take hold of its hardware; UsageError or PeerError where that fails."""
        ...

    async def warm(self) -> None:
        """Open its connection to the service ahead of time; a failure shows when it asks."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
