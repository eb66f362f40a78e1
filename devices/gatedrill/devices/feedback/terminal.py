"""The gate's terminal: the last verdict on all of it, or a line for each where there is none."""

import logging
from collections.abc import Callable
from datetime import datetime

from rich.console import Console
from rich.control import Control
from rich.text import Text

from gatedrill.devices.feedback.cue import Shown
from gatedrill.devices.feedback.screen import paint, symbol_for, writable

logger = logging.getLogger(__name__)


class TerminalFeedback:
    """Fills the terminal with the last verdict.

    It draws on the terminal's alternate screen, so that what stood there before comes back at the
    end. What is no terminal, or wants no escape codes (NO_COLOR, TERM=dumb), gets a line for each
    verdict instead. `now` tells the time to show, with its zone.
    """

    def __init__(self, console: Console, gate: str, now: Callable[[], datetime]) -> None:
        self._console = console
        self._gate = gate
        self._now = now
        self._draws = console.is_terminal and not (console.is_dumb_terminal or console.no_color)
        self._has_taken_over = False
        self._has_failed = False
        self._last: tuple[Shown, datetime] | None = None

    def show(self, shown: Shown) -> None:
        """Show it in place of what was shown before, or in a line below."""
        at = self._now()
        self._last = shown, at
        self._attempt(lambda: self._draw(shown, at) if self._draws else self._write(shown, at))

    def redraw(self) -> None:
        """Draw the last verdict once more: for a terminal whose size has changed (SIGWINCH)."""
        if self._last is not None and self._draws:
            shown, at = self._last
            self._attempt(lambda: self._draw(shown, at))

    def close(self) -> None:
        """Give the terminal back as it was: its contents and its cursor."""
        if self._has_taken_over:
            self._has_taken_over = False
            self._attempt(self._give_back)

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            if not self._has_failed:
                self._has_failed = True
                logger.warning("nothing can be shown on the terminal any more: %s", error)

    def _write(self, shown: Shown, at: datetime) -> None:
        encoding = self._console.encoding
        symbol = symbol_for(shown.cue, encoding)
        words = (at.isoformat(timespec="seconds"), self._gate, symbol, shown.headline, shown.detail)
        self._console.print(Text(writable("  ".join(words).rstrip(), encoding)), soft_wrap=True)

    def _draw(self, shown: Shown, at: datetime) -> None:
        console = self._console
        # The size may be another one each time. The last row stays free: a full line there scrolls.
        width, height = console.width, console.height - 1
        footer = f"{self._gate} {at:%H:%M:%S}"
        rows = paint(shown, footer, width, height, console.encoding)
        with console:  # all in one write, so that nobody sees half a screen
            if not self._has_taken_over:
                self._has_taken_over = True
                console.set_alt_screen(enable=True)
                console.show_cursor(show=False)
            console.control(Control.clear(), Control.home())
            console.print(Text("\n").join(rows), end="", soft_wrap=True)

    def _give_back(self) -> None:
        with self._console:
            self._console.show_cursor(show=True)
            self._console.set_alt_screen(enable=False)
