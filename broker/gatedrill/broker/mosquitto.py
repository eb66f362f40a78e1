"""Mosquitto as a child process, configured for gatedrill and gone when we are."""

import asyncio
import ctypes
import os
import re
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from gatedrill.contract.errors import PeerError, UsageError

_START_S = 10.0
_STOP_S = 2.0
_PR_SET_PDEATHSIG = 1
_EXTRA_PATH = ("/usr/local/sbin", "/usr/sbin", "/opt/homebrew/sbin")

# Mosquitto's own limits drop messages to slow subscribers without a word: 5,000 acknowledged,
# 1,325 received. Unlimited queues are faulty in some releases, so the limit is merely high.
# A step is one message, and may exceed the 2 MB that are the default from Mosquitto 2.1 on.
# Started by root it would change its user, and Linux forgets at that moment whom to die with.
_CONFIGURATION = """\
user root
listener {port} {host}
allow_anonymous true
persistence false
max_queued_messages 65000
max_inflight_messages 1000
max_packet_size 268435455
set_tcp_nodelay true
connection_messages false
log_dest stderr
log_timestamp false
log_type error
log_type warning
log_type notice
log_type information
"""


class PortTakenError(Exception):
    """Somebody else listens there."""


def find_mosquitto() -> str | None:
    """The path of the `mosquitto` program, also where only an administrator's PATH leads."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_EXTRA_PATH))
    return shutil.which("mosquitto", path=path)


class Mosquitto:
    """A running Mosquitto. What it says is read all the time; the last lines are kept."""

    def __init__(self, process: asyncio.subprocess.Process, log: asyncio.StreamReader) -> None:
        self.version = ""
        self.started = asyncio.Event()
        self.ended = asyncio.create_task(self._follow(log))
        self._process = process
        self._last_lines: deque[str] = deque(maxlen=5)

    @property
    def last_words(self) -> str:
        """The last lines of its log, in one."""
        return "; ".join(self._last_lines) or "it said nothing"

    async def _follow(self, log: asyncio.StreamReader) -> int:
        """Read the log to its end and return the exit status."""
        async for raw in log:
            line = raw.decode(errors="replace").strip()
            self._last_lines.append(line)
            if running := re.fullmatch(r"mosquitto version (\S+) running", line):
                self.version = running[1]
                self.started.set()
        return await self._process.wait()

    async def until_started(self) -> None:
        """Return when it listens; PortTakenError or PeerError if it does not come to that."""
        started = asyncio.create_task(self.started.wait())
        try:
            await asyncio.wait(
                {started, self.ended}, timeout=_START_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            started.cancel()
        if self.started.is_set():
            return
        if "Address already in use" in self.last_words:
            raise PortTakenError
        raise PeerError(f"mosquitto did not start: {self.last_words}")

    async def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        for ask in (self._process.terminate, self._process.kill):
            if not self.ended.done():
                ask()
                await asyncio.wait({self.ended}, timeout=_STOP_S)


@asynccontextmanager
async def mosquitto_broker(host: str, port: int) -> AsyncIterator[Mosquitto]:
    """Run Mosquitto on `host:port` while the body runs; it accepts connections once entered.

    Raises UsageError if the program is absent, PortTakenError if the port is not free, and
    PeerError if it fails otherwise.
    """
    program = find_mosquitto()
    if program is None:
        raise UsageError("there is no mosquitto on this machine: install it, or choose embedded")
    with _configuration(host, port) as configuration:
        try:
            process = await asyncio.create_subprocess_exec(
                *(program, "-c", configuration),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                preexec_fn=_dying_with_parent(),
            )
        except OSError as error:
            raise UsageError(
                f"{program} cannot be run: {error.strerror}; mend it, or choose embedded"
            ) from error
        assert process.stderr is not None  # noqa: S101 - asked for above
        mosquitto = Mosquitto(process, process.stderr)
        try:
            await mosquitto.until_started()
            yield mosquitto
        finally:
            await mosquitto.stop()


@contextmanager
def _configuration(host: str, port: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="gatedrill-mosquitto-") as folder:
        file = Path(folder, "mosquitto.conf")
        file.write_text(_CONFIGURATION.format(host=host, port=port), encoding="utf-8")
        yield str(file)


def _dying_with_parent() -> Callable[[], None] | None:
    """What a child does first so that the kernel ends it with its parent; Linux alone can."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask_kernel() -> None:
        # Not SIGTERM, which Mosquitto overlooks for a moment after its start; nothing is to save.
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return ask_kernel
