"""Answers say what the service did not say: every byte is inverted, which makes no JSON.

Of an HTTP answer only the body is, so that status, headers and length stay as they were. What is no
HTTP, like TLS, is inverted as it comes, and no client takes it for TLS.
"""

from functools import partial

import h11

from gatedrill.broker.uplink.stage import DrawnStage, Draws, MakeStage, Wire
from gatedrill.contract.uplink import UplinkFault

_INVERTED = bytes(255 - byte for byte in range(256))
_ANY_REQUEST = h11.Request(method="GET", target="/", headers=[("host", "uplink")])


class _Garbage(DrawnStage):
    def __init__(self, wire: Wire, draws: Draws) -> None:
        super().__init__(wire, draws)
        self._begun_before = wire.exchange if wire.is_answering else 0
        self._spoilt_for = 0
        self._answer: _SpoiltAnswer | None = None

    def answer(self, data: bytes) -> None:
        strikes = self.wire.exchange != self._begun_before and self.drawn < self.fault.share
        passes = self._spoilt(data) if strikes else data
        if passes:
            super().answer(passes)
        if not data:
            super().answer(data)

    def end(self) -> None:
        # What is left of a half spoilt answer could not be told from the next one.
        if self._answer is not None and not self._answer.is_over:
            self.wire.doom()

    def _spoilt(self, data: bytes) -> bytes:
        if self._answer is None or self._spoilt_for != self.wire.exchange:
            self._answer = _SpoiltAnswer()
            self._spoilt_for = self.wire.exchange
        return self._answer.spoilt(data)


class _SpoiltAnswer:
    """Reads one HTTP answer and writes it anew, with another body of the same length."""

    def __init__(self) -> None:
        self._read = h11.Connection(h11.CLIENT)
        self._write = h11.Connection(h11.SERVER)
        self._write.receive_data(self._read.send(_ANY_REQUEST) or b"")
        self._read.send(h11.EndOfMessage())
        self._write.next_event()
        self._write.next_event()
        self._is_http = True

    @property
    def is_over(self) -> bool:
        """Whether all of the answer was there."""
        return not self._is_http or self._write.our_state is not h11.SEND_BODY

    def spoilt(self, data: bytes) -> bytes:
        """What becomes of a piece of the answer: nothing yet, where it ends amid the headers."""
        if self._is_http:
            try:
                self._read.receive_data(data)
                return self._written()
            except h11.ProtocolError:
                self._is_http = False
        return data.translate(_INVERTED)

    def _written(self) -> bytes:
        written = b""
        event = self._read.next_event()
        while isinstance(event, h11.Event) and not isinstance(event, h11.ConnectionClosed):
            written += self._write.send(_spoilt(event)) or b""
            event = self._read.next_event()
        return written


def _spoilt(event: h11.Event) -> h11.Event:
    if isinstance(event, h11.Data):
        return h11.Data(data=bytes(event.data).translate(_INVERTED))
    if isinstance(event, h11.Response):
        # Nobody could unpack it, and that would be another fault.
        headers = [each for each in event.headers if each[0] != b"content-encoding"]
        return h11.Response(status_code=event.status_code, headers=headers, reason=event.reason)
    return event


def garbage(fault: UplinkFault) -> MakeStage:
    """The stage that spoils the fault's `share` of the answers."""
    return partial(_Garbage, draws=Draws(fault))
