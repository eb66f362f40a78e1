"""What a fault is to a tunnel: a stage that everything passes on its way."""

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from gatedrill.contract.uplink import UplinkFault, draw


class Wire(Protocol):
    """A tunnel as its stages see it. An empty piece of bytes is the end of what a side sends.

    An exchange begins with what the device sends after the service has said something; `exchange`
    counts them, and `is_answering` tells whether the service was the last to speak.
    """

    @property
    def device(self) -> str:
        """The device's name, empty where it gave none."""
        ...

    @property
    def exchange(self) -> int:
        """The exchange under way, from 1."""
        ...

    @property
    def is_answering(self) -> bool:
        """Whether the service was the last to speak."""
        ...

    @property
    def both_have_ended(self) -> bool:
        """Whether neither side will send any more."""
        ...

    def request_past(self, stage: "Stage", data: bytes) -> None:
        """Pass on what the device sent, to what comes after `stage` on the way to the service."""
        ...

    def answer_past(self, stage: "Stage", data: bytes) -> None:
        """Pass on what the service sent, to what comes after `stage` on the way to the device."""
        ...

    def reset(self) -> None:
        """Break both connections off, now."""
        ...

    def doom(self) -> None:
        """Break both connections off as soon as the line is not dead."""
        ...


class Stage:
    """One fault at work on one tunnel. As it stands here it lets everything pass."""

    is_dead_line = False
    """Whether nothing passes at all, and nobody is told: no tunnel is opened, none is reset."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def request(self, data: bytes) -> None:
        """The device sent this."""
        self.wire.request_past(self, data)

    def answer(self, data: bytes) -> None:
        """The service sent this."""
        self.wire.answer_past(self, data)

    def end(self) -> None:
        """The fault is over, or the tunnel is; what is passed on now still goes its way."""


MakeStage = Callable[[Wire], Stage]


class Draws:
    """A fault's draws: one for each exchange of each device, in the order in which they come."""

    def __init__(self, fault: UplinkFault) -> None:
        self.fault = fault
        self._exchanges: Counter[str] = Counter()

    def next(self, device: str) -> float:
        """The draw for the device's next exchange."""
        self._exchanges[device] += 1
        return draw(self.fault, device, self._exchanges[device])


class DrawnStage(Stage):
    """A stage that strikes some exchanges and spares others."""

    def __init__(self, wire: Wire, draws: Draws) -> None:
        super().__init__(wire)
        self.fault = draws.fault
        self._draws = draws
        self._drawn_for = -1
        self._drawn = 0.0

    @property
    def drawn(self) -> float:
        """The draw of the exchange under way."""
        if self._drawn_for != self.wire.exchange:
            self._drawn_for = self.wire.exchange
            self._drawn = self._draws.next(self.wire.device)
        return self._drawn
