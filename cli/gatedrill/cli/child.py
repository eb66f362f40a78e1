"""A part of the venue as a process of its own: started, ready, stopped, never left behind.

The child says on its standard output, in one JSON line, that it is ready or why it cannot be. It
ends when its standard input closes, so that it goes with us however we go.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence

import msgspec

from gatedrill.contract.errors import GatedrillError, PeerError, UsageError

logger = logging.getLogger(__name__)

READY_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0


class ChildReady(msgspec.Struct, frozen=True, tag_field="child", tag="ready"):
    """The child serves; `url` is where, `what` says what it is."""

    url: str
    what: str


class ChildFailed(msgspec.Struct, frozen=True, tag_field="child", tag="failed"):
    """The child cannot serve, and ends with `exit_code`."""

    message: str
    exit_code: int


_WORD: msgspec.json.Decoder[ChildReady | ChildFailed] = msgspec.json.Decoder(
    ChildReady | ChildFailed
)


class Child:
    """One running part of the venue."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, ready: ChildReady) -> None:
        self.name = name
        self.url = ready.url
        self.what = ready.what
        self._process = process
        self._watching = asyncio.create_task(self._watch())

    @classmethod
    async def start(
        cls, name: str, run: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> "Child":
        """Start `gatedrill` with these arguments as a part of this run, and wait until it is ready.

        Raises what the child says is wrong, or PeerError if it ends or hangs without a word.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gatedrill.cli", *arguments, "--supervised", run),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,  # Ctrl-C is for us, and we stop the child
        )
        try:
            return cls(name, process, await _await_ready(name, process))
        except BaseException:
            await _end(process)
            raise

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def kill(self) -> None:
        """End the child and what it has started, at once and without a word from either."""
        self._watching.cancel()
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def freeze(self) -> None:
        """Have it stand still, with all that it has started, until it is thawed."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on; harmless when it does."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # a session of its own: its group has its id
            os.killpg(self._process.pid, number)

    async def stop(self) -> None:
        """End the child: kindly, and if that takes too long, for good."""
        self._watching.cancel()
        await _end(self._process)

    async def _watch(self) -> None:
        """Say so when it ends by itself: whatever it did for the run is missing from then on."""
        code = await self._process.wait()
        logger.warning("the %s of this run has ended by itself, with exit code %s", self.name, code)


async def _await_ready(name: str, process: asyncio.subprocess.Process) -> ChildReady:
    assert process.stdout is not None  # noqa: S101 - piped above
    try:
        line = await asyncio.wait_for(process.stdout.readline(), READY_TIMEOUT_S)
        word = _WORD.decode(line)
    except TimeoutError:
        raise PeerError(f"the {name} was not ready within {READY_TIMEOUT_S:g} s") from None
    except msgspec.DecodeError:
        await _end(process)
        raise PeerError(
            f"the {name} never said that it is ready, and ended with exit code {process.returncode}"
        ) from None
    if isinstance(word, ChildFailed):
        raise _as_error(word)
    return word


def _as_error(failed: ChildFailed) -> GatedrillError:
    kind = PeerError if failed.exit_code == PeerError.exit_code else UsageError
    return kind(failed.message)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    assert process.stdin is not None  # noqa: S101 - piped above
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _STOP_TIMEOUT_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
