"""The real command in processes of its own, which leave nothing behind."""

import os
import pty
import re
import secrets
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

COMMAND = (sys.executable, "-m", "gatedrill.cli")
TIMEOUT_S = 90
"""Generous: it ends a test that hangs, and says nothing about how fast the command should be."""

_LEAKS = re.compile(
    "GATEDRILL_|SUPABASE_|TEST_EVENT_ID|RACE_TEST_TICKET_ID|TEST_SCANNER_ID|"
    "COMPOSE_|BACKEND_OPTIONS|DRILLS|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|CLICOLOR|TTY_|PYTHONWARNINGS"
)
_MARK = "TEST_FAMILY"

T = TypeVar("T")


@dataclass(frozen=True)
class Ended:
    """How a command ended, what it wrote, and what ran on at that moment: command lines by id."""

    code: int
    out: str
    err: str
    left_running: dict[int, str] = field(default_factory=dict)

    @property
    def err_lines(self) -> list[str]:
        return self.err.splitlines()


def environment(**variables: str) -> dict[str, str]:
    """Our environment without what the command would take from it, and with these variables."""
    kept = {name: value for name, value in os.environ.items() if not _LEAKS.match(name)}
    return kept | variables


def gatedrill(*arguments: str, cwd: Path | str | None = None, **variables: str) -> Ended:
    """Run the command to its end."""
    with running(*arguments, cwd=cwd, **variables) as command:
        return command.ended()


@contextmanager
def running(
    *arguments: str,
    cwd: Path | str | None = None,
    inside: Sequence[str] = (),
    **variables: str,
) -> Iterator["Running"]:
    """Start the command; whatever is left of it and its children at the end is killed.

    `inside` is the command that runs it, if it is to run somewhere else than here.
    """
    with answered(subprocess.DEVNULL, *arguments, cwd=cwd, inside=inside, **variables) as command:
        yield command


@contextmanager
def answered(
    stdin: int,
    /,
    *arguments: str,
    cwd: Path | str | None = None,
    inside: Sequence[str] = (),
    **variables: str,
) -> Iterator["Running"]:
    """The same with somebody who types: what is read at this descriptor."""
    mark = secrets.token_hex(8)
    with subprocess.Popen(
        [*inside, *COMMAND, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=environment(**variables, **{_MARK: mark}),
        process_group=0,
    ) as process:
        command = Running(process, mark)
        try:
            yield command
        finally:
            command.kill_all()


class Running:
    """A command under way."""

    def __init__(self, process: subprocess.Popen[str], mark: str) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self._mark = mark
        self._out = _Follower(process.stdout)
        self._err = _Follower(process.stderr)

    def ended(self) -> Ended:
        """Wait for the end. A traceback is a failure, whatever a test is about."""
        code = self.process.wait(TIMEOUT_S)
        left_running = self.family()
        ended = Ended(code, self._out.all(), self._err.all(), left_running)
        assert "Traceback" not in ended.err, ended.err
        return ended

    def err_line(self, pattern: str) -> re.Match[str]:
        """Wait for a line on stderr in which `pattern` is found."""
        return self._err.line(pattern)

    def out_line(self, pattern: str, nth: int = 1) -> re.Match[str]:
        """Wait for the nth line on stdout in which `pattern` is found."""
        return self._out.line(pattern, nth)

    def send_signal(self, number: signal.Signals) -> None:
        """Signal the whole process group, as a terminal does on Ctrl-C."""
        os.killpg(self.process.pid, number)

    def family(self) -> dict[int, str]:
        """The living processes that came of this command, itself included: their command lines."""
        return {pid: _text(pid, "cmdline") for pid in _pids() if self._is_ours(pid)}

    def part(self, name: str) -> int:
        """Wait for this part of the venue to run; its process id."""

        def find() -> int | None:
            wanted = f"-m gatedrill.cli {name} "
            return next((pid for pid, line in self.family().items() if wanted in line), None)

        return wait_for(find, f"the process of the {name}")

    def await_family_end(self) -> None:
        """Wait until every process that came of this command has ended."""
        for pid in self.family():
            _await_end(pid)
        assert self.family() == {}

    def kill_all(self) -> None:
        """Leave nothing behind."""
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(TIMEOUT_S)
        self._out.all()
        self._err.all()

    def _is_ours(self, pid: int) -> bool:
        return f"{_MARK}={self._mark}" in _text(pid, "environ")


def on_closed_pipe(*arguments: str) -> Ended:
    """Run the command with nobody at the other end of its stdout."""
    theirs, ours = os.pipe()
    os.close(theirs)
    try:
        command = [*COMMAND, *arguments]
        ended = subprocess.run(
            command, stdout=ours, stderr=subprocess.PIPE, text=True, env=environment(), check=False
        )
    finally:
        os.close(ours)
    return Ended(ended.returncode, "", ended.stderr)


def wait_for(find: Callable[[], T | None], what: str) -> T:
    """Look again and again, where nothing tells us, until something is found."""
    deadline = time.monotonic() + TIMEOUT_S
    while (found := find()) is None:
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.02)
    return found


def on_terminal(*arguments: str, columns: int = 80, **variables: str) -> tuple[int, str]:
    """Run the command on a pseudo-terminal: its exit code and all that it wrote there."""
    ours, theirs = pty.openpty()
    env = environment(TERM="xterm-256color", COLUMNS=str(columns), **variables)
    with subprocess.Popen(
        [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=env
    ) as process:
        os.close(theirs)
        written = b""
        with suppress(OSError):  # Linux says so when the other end has closed
            while chunk := os.read(ours, 65536):
                written += chunk
        os.close(ours)
        return process.wait(TIMEOUT_S), written.decode()


class _Follower:
    """Reads a pipe to its end, so that nobody blocks on it."""

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe = pipe
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self._pipe:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def line(self, pattern: str, nth: int = 1) -> re.Match[str]:
        def found() -> re.Match[str] | bool | None:
            matches = [m for line in self._lines if (m := re.search(pattern, line))]
            return matches[nth - 1] if len(matches) >= nth else self._ended

        with self._news:
            match = self._news.wait_for(found, TIMEOUT_S)
            assert isinstance(match, re.Match), f"no {pattern!r} in {''.join(self._lines)!r}"
            return match

    def all(self) -> str:
        self._reader.join(TIMEOUT_S)
        return "".join(self._lines)


def _pids() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal()]


def _text(pid: int, name: str) -> str:
    """What /proc says of a process; empty for one that has ended, or that is not ours."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def _await_end(pid: int) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            ended, _, _ = select.select([handle], [], [], TIMEOUT_S)
            assert ended, f"still running: {_text(pid, 'cmdline')}"
        finally:
            os.close(handle)
