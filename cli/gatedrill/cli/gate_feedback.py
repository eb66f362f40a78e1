"""What a real gate shows, plays and answers: put together for one terminal and one scanner."""

import asyncio
import contextlib
import logging
import signal
import sys
from datetime import UTC, datetime

from gatedrill.cli.console import open_console
from gatedrill.devices.attended.attachment import Attached
from gatedrill.devices.feedback.profiles import make_profile
from gatedrill.devices.feedback.scanner_reply import make_scanner_reply
from gatedrill.devices.feedback.several import SeveralFeedbacks
from gatedrill.devices.feedback.sound import make_sound
from gatedrill.devices.feedback.terminal import TerminalFeedback
from gatedrill.devices.readers.lasting import LastingReader
from gatedrill.devices.readers.reader import Reader


class GateFeedback:
    """The feedback of the gate that people call `gate`.

    UsageError for a sound or a scanner's profile that there is not.
    """

    def __init__(self, gate: str, sound: str, profile: str | None) -> None:
        console = open_console()
        self._terminal = TerminalFeedback(console, gate, _now)
        self._sound = make_sound(sound, console)
        make_profile(profile)  # one that there is not is refused before anything is opened
        self._profile = profile

    def attach(self, reader: Reader) -> Attached:
        """The reader with all that answers what it reads; within the event loop."""
        with contextlib.suppress(NotImplementedError, AttributeError):  # Windows has no such signal
            asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, self._terminal.redraw)
        if sys.stderr.isatty():
            logging.getLogger().addHandler(_Redrawing(self._terminal))
        reply = None
        if isinstance(reader, LastingReader):
            reply = make_scanner_reply(self._profile, reader.send)
        feedback = SeveralFeedbacks(self._terminal, self._sound, reply)
        return Attached(reader, feedback, _now().tzinfo or UTC)


class _Redrawing(logging.Handler):
    """A line that is logged onto the terminal spoils what is drawn there: draw it once more."""

    def __init__(self, terminal: TerminalFeedback) -> None:
        super().__init__()
        self._terminal = terminal

    def emit(self, _record: logging.LogRecord) -> None:
        with contextlib.suppress(RuntimeError):  # from another thread: the next verdict does it
            asyncio.get_running_loop().call_soon(self._terminal.redraw)


def _now() -> datetime:
    return datetime.now(UTC).astimezone()
