"""What a device knows of its reader."""

from typing import Literal, Protocol

from gatedrill.devices.readers.symbol import Symbol

ReaderKind = Literal["camera", "serial", "hid"]


class Reader(Protocol):
    """A source of symbols.

    A reader reports every sighting, also the tenth of the same ticket: whether that is a new scan
    is the scanner's business.
    """

    @property
    def kind(self) -> ReaderKind:
        """What sort of hardware it is, for the roster."""
        ...

    @property
    def repeat_window_s(self) -> float:
        """How long the same symbol must be out of view to count as a new scan."""
        ...

    async def open(self) -> None:
        """Take hold of the hardware; UsageError or PeerError if that fails."""
        ...

    async def close(self) -> None:
        """Let go of the hardware; nothing of the reader runs on. Harmless if it is not open."""
        ...

    async def read(self) -> Symbol:
        """Wait for the next reading; PeerError when the hardware has gone.

        A call that is given up (cancelled) loses at most what was being decoded at that moment.
        """
        ...
