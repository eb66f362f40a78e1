"""What a gate shows at any moment: the last verdict for a while, then what it waits for."""

import asyncio
from typing import Final

from gatedrill.contract.messages import Presentation
from gatedrill.devices.attended.turns import Turns
from gatedrill.devices.feedback.cue import Cue, Feedback, Shown
from gatedrill.devices.feedback.wording import NO_READER, READY

VERDICT_S: Final = 4.0
"""A verdict stays for so long: time to read it and to let the guest by."""


class GateScreen:
    """Derives what is shown from how things stand, so that nothing stale stays on it."""

    def __init__(self, feedback: Feedback, turns: Turns) -> None:
        self._feedback = feedback
        self._turns = turns
        self._has_reader = True
        self._verdict_over: asyncio.TimerHandle | None = None
        self._due: asyncio.Handle | None = None

    def show_verdict(self, shown: Shown) -> None:
        """Show this for a while."""
        self._forget()
        self._feedback.show(shown)
        self._verdict_over = asyncio.get_running_loop().call_later(VERDICT_S, self.show_state)

    def refresh(self) -> None:
        """Something has changed: show it, but for a verdict that is still to be read."""
        if self._verdict_over is None and self._due is None:
            # Not at once: of a thousand tickets that are given up together one tells.
            self._due = asyncio.get_running_loop().call_soon(self.show_state)

    def show_state(self) -> None:
        """Show what is wanted now, whatever was shown."""
        self._forget()
        self._feedback.show(self._state())

    def call(self) -> None:
        """Something is wanted now, which no verdict may hide."""
        self._forget()
        self.refresh()

    def set_reader(self, *, is_here: bool) -> None:
        """The reader has gone, or is back: that is shown at once."""
        self._has_reader = is_here
        self.show_state()

    def close(self) -> None:
        """Show no more."""
        self._forget()
        self._feedback.close()

    def _forget(self) -> None:
        for handle in (self._verdict_over, self._due):
            if handle is not None:
                handle.cancel()
        self._verdict_over = self._due = None

    def _state(self) -> Shown:
        if not self._has_reader:
            return NO_READER
        turn = self._turns.first
        if turn is None:
            return READY
        others = len(self._turns) - 1
        more = f" and {others} more" if others else ""
        what = f"{_name(turn.presentation)}{more}"
        if turn.is_called:
            return Shown(Cue.WAIT, "NOW", f"present {what}")
        return Shown(Cue.WAIT, "GET READY", what)


def _name(presentation: Presentation) -> str:
    return presentation.caption or f"the ticket that ends in {presentation.symbol[-8:]}"
