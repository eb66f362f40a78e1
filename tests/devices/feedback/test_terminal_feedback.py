import contextlib
import fcntl
import io
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from feedback_fakes import Wire, wire
from rich.console import Console

from gatedrill.devices.feedback.cue import Cue, Shown
from gatedrill.devices.feedback.terminal import TerminalFeedback

COME_IN = Shown(Cue.GOOD, "COME IN", "the ticket is valid")
STOP = Shown(Cue.BAD, "STOP", "used before")
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
CURSOR_OFF, CURSOR_ON = b"\x1b[?25l", b"\x1b[?25h"
CLEARED = b"\x1b[2J\x1b[H"

CHILD = """
import sys
from datetime import UTC, datetime
from rich.console import Console
from gatedrill.devices.feedback.cue import Cue, Shown
from gatedrill.devices.feedback.terminal import TerminalFeedback

feedback = TerminalFeedback(Console(), "gate-a", lambda: datetime(2026, 11, 7, tzinfo=UTC))
for command in sys.stdin:
    match command.strip():
        case "show":
            feedback.show(Shown(Cue.BAD, "STOP", "used before"))
        case "redraw":
            feedback.redraw()
        case "close":
            feedback.close()
    print("done", file=sys.stderr, flush=True)
"""


def now() -> datetime:
    return datetime(2026, 11, 7, 19, 42, 7, 123456, tzinfo=UTC)


@contextlib.contextmanager
def on_terminal(
    encoding: str = "utf-8", **environment: str
) -> Iterator[tuple[TerminalFeedback, Wire]]:
    with wire() as line, os.fdopen(os.dup(line.near), "w", encoding=encoding) as screen:
        environ = {"TERM": "xterm-256color", "COLORTERM": "truecolor"} | environment
        console = Console(file=screen, width=80, height=24, _environ=environ)
        yield TerminalFeedback(console, "gate-a", now), line


def lines(written: bytes) -> list[str]:
    """The rows of the last screen drawn, without their colours."""
    drawn = written.rpartition(CLEARED)[2].decode()
    return re.sub(r"\x1b\[[0-9;?]*[a-z]", "", drawn).split("\n")


def test_a_verdict_fills_the_terminal_but_for_its_last_row() -> None:
    with on_terminal() as (feedback, line):
        feedback.show(COME_IN)
        written = line.received()
    assert written.startswith(ENTERED)
    assert CURSOR_OFF in written
    assert [len(row) for row in lines(written)] == [80] * 23
    assert "gate-a 19:42:07" in written.decode()
    assert b"48;2;0;200;83" in written  # green, as a background


def test_the_next_verdict_takes_the_place_of_the_last_one() -> None:
    with on_terminal() as (feedback, line):
        feedback.show(COME_IN)
        first = line.received()
        feedback.show(STOP)
        second = line.received()
    assert second.startswith(CLEARED)
    assert ENTERED not in second
    assert len(lines(second)) == len(lines(first))
    assert "used before" in second.decode()
    assert "valid" not in second.decode()


def test_closing_gives_the_terminal_back_once() -> None:
    with on_terminal() as (feedback, line):
        feedback.close()
        assert line.received() == b""
        feedback.show(COME_IN)
        line.received()
        feedback.close()
        feedback.close()
        written = line.received()
    assert written == CURSOR_ON + LEFT


def test_a_verdict_after_closing_takes_the_terminal_again() -> None:
    with on_terminal() as (feedback, line):
        feedback.show(COME_IN)
        feedback.close()
        line.received()
        feedback.show(STOP)
        assert line.received().startswith(ENTERED)


def test_a_terminal_without_utf_8_gets_ascii() -> None:
    with on_terminal("latin-1") as (feedback, line):
        feedback.show(Shown(Cue.GOOD, "COME IN", "Zürich € ✔"))
        written = line.received().decode("latin-1")
    assert "OK Zürich ? ?" in written
    assert "##########" in written


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_escape_codes_gets_a_line_a_verdict(environment: dict[str, str]) -> None:
    with on_terminal(**environment) as (feedback, line):
        feedback.show(COME_IN)
        feedback.redraw()
        feedback.show(STOP)
        feedback.close()
        written = line.received().decode()
    assert written.splitlines() == [
        "2026-11-07T19:42:07+00:00  gate-a  ✔  COME IN  the ticket is valid",
        "2026-11-07T19:42:07+00:00  gate-a  ✘  STOP  used before",
    ]


def test_a_log_gets_a_line_a_verdict_however_long() -> None:
    log = io.StringIO()
    feedback = TerminalFeedback(Console(file=log, width=20, _environ={}), "gate-a", now)
    feedback.show(Shown(Cue.UNSURE, "ASK", "[bold]no\nanswer\x1b[2J " + "x" * 100))
    feedback.show(Shown(Cue.WAIT, "READY"))
    feedback.close()
    assert log.getvalue().splitlines() == [
        "2026-11-07T19:42:07+00:00  gate-a  ?  ASK  [bold]no answer [2J " + "x" * 100,
        "2026-11-07T19:42:07+00:00  gate-a  …  READY",
    ]


def test_a_terminal_that_has_gone_is_told_once_and_raises_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = io.StringIO()
    feedback = TerminalFeedback(Console(file=log, _environ={}), "gate-a", now)
    log.close()
    feedback.show(COME_IN)
    feedback.show(STOP)
    feedback.close()
    assert [record.message for record in caplog.records] == [
        "nothing can be shown on the terminal any more: I/O operation on closed file"
    ]


def test_a_resized_terminal_is_drawn_in_its_new_size() -> None:
    def resize(columns: int, rows: int) -> None:
        fcntl.ioctl(line.near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def tell(command: str) -> list[str]:
        assert child.stdin is not None
        assert child.stderr is not None
        print(command, file=child.stdin, flush=True)
        assert child.stderr.readline() == "done\n"
        return lines(line.received())

    environment = {key: os.environ[key] for key in os.environ if key not in ("COLUMNS", "LINES")}
    environment |= {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    environment.pop("NO_COLOR", None)
    with (
        wire() as line,
        subprocess.Popen(
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            stdout=line.near,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        ) as child,
    ):
        resize(80, 24)
        assert {len(row) for row in tell("show")} == {80}
        resize(40, 20)
        assert [len(row) for row in tell("redraw")] == [40] * 19
        resize(120, 30)
        assert [len(row) for row in tell("show")] == [120] * 29
        tell("close")
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait() == 0
