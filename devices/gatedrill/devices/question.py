"""A question that is held back until the instant: what every adapter offers a burst."""

from typing import Protocol, TypeVar

from gatedrill.contract.outcome import Reason

R_co = TypeVar("R_co", covariant=True)


class HeldQuestion(Protocol[R_co]):
    """A question that is on its way but for the word that completes it."""

    async def until_parked(self) -> Reason | None:
        """Wait until only the release is missing; returns why that cannot be, if it cannot."""
        ...

    def release(self) -> None:
        """Let it go, in microseconds and without waiting."""
        ...

    def resume(self) -> None:
        """After the release, which comes first for all devices: go on to the answer."""
        ...

    async def reply(self) -> R_co:
        """Wait for the answer; only after `resume`."""
        ...

    async def withdraw(self) -> None:
        """Give it up; harmless once it is answered."""
        ...
