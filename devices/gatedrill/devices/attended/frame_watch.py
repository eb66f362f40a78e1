"""What a gate's camera has seen from one scan to the next, the tenth sight of a ticket included."""

import msgspec

from gatedrill.contract.attempt import FrameFigures
from gatedrill.devices.readers.symbol import Symbol

_NOTHING = FrameFigures(0, 0, 0, 0.0)


class FrameWatch:
    """Adds up the figures of a camera's symbols; other readers' have none, and stay as they are."""

    def __init__(self) -> None:
        self._seen = _NOTHING
        self._begins_anew = False
        self._at_ns: int | None = None

    def see(self, symbol: Symbol) -> Symbol:
        """The symbol, with all that was seen since the last scan; once for two codes in a frame."""
        if symbol.frames is None:
            return symbol
        if symbol.decoded_ns != self._at_ns:
            self._seen = symbol.frames if self._begins_anew else self._seen + symbol.frames
            self._begins_anew = False
            self._at_ns = symbol.decoded_ns
        return msgspec.structs.replace(symbol, frames=self._seen)

    def begin_anew(self) -> None:
        """A scan has begun with what was seen last."""
        self._begins_anew = True
