"""What staff hear: the terminal's bell, or tones from the machine's own speakers."""

import asyncio
from collections.abc import Callable

from rich.console import Console

from gatedrill.contract.errors import UsageError
from gatedrill.devices.feedback.cue import Cue, Feedback, Shown
from gatedrill.devices.feedback.tones import Tones

BEEPS: dict[Cue, int] = {Cue.GOOD: 1, Cue.UNSURE: 2, Cue.BAD: 3, Cue.WAIT: 0}
"""How often each cue sounds, by bell and by tones alike."""

_BETWEEN_RINGS_S = 0.25
"""Terminals make one of rings that follow at once."""


class Bell:
    """Rings the terminal's bell: once to come in, twice to ask, three times to stop.

    Whether that is heard is up to the terminal; where there is none, nothing is written. The rings
    after the first come by the running event loop, and are dropped when there is something new to
    tell. Without a loop there is but one.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rings: list[asyncio.TimerHandle] = []

    def show(self, shown: Shown) -> None:
        """Ring as often as the cue says."""
        self.close()
        beeps = BEEPS[shown.cue]
        if beeps:
            self._ring()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._rings = [
            loop.call_later(ring * _BETWEEN_RINGS_S, self._ring) for ring in range(1, beeps)
        ]

    def close(self) -> None:
        """Ring no more."""
        for ring in self._rings:
            ring.cancel()
        self._rings = []

    def _ring(self) -> None:
        try:
            self._console.bell()
        except (OSError, ValueError):
            self.close()  # the terminal has gone, and whoever draws on it says so


SOUNDS: dict[str, Callable[[Console], Feedback | None]] = {
    "off": lambda _console: None,
    "bell": Bell,
    "tones": lambda _console: Tones(BEEPS),
}


def make_sound(name: str, console: Console) -> Feedback | None:
    """The sound of that name, None for `off`; UsageError if there is no such one."""
    if name not in SOUNDS:
        raise UsageError(f"unknown sound {name!r}: choose one of {', '.join(SOUNDS)}")
    return SOUNDS[name](console)
