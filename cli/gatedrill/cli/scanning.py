"""An emulated scanner's evening: which codes it sends, when, and what befalls it meanwhile."""

import asyncio
import random
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from gatedrill.cli.logs import tell
from gatedrill.cli.stdin_lines import stdin_lines
from gatedrill.contract.errors import UsageError
from gatedrill.devices.emulation.control_names import spelled
from gatedrill.devices.emulation.linked_scanner import LinkedScanner
from gatedrill.devices.emulation.serial_port import ScannerStyle

LINGER_S: Final = 1.0
"""Between the last code and the unplugging, which takes away what is not read yet."""

STDIN: Final = "-"


class Scanning(msgspec.Struct, frozen=True):
    """What is to be sent, as the options of the command say."""

    codes: str | None
    rate: float | None
    count: int | None
    seed: int | None
    unplug_after: int | None
    replug_after_s: float | None

    @property
    def has_end(self) -> bool:
        """Whether the codes come to an end by themselves."""
        return self.count is not None or self.codes is not None


async def scan_until_stopped(
    scanning: Scanning,
    link: Path,
    style: ScannerStyle,
    plugged_in: Callable[[str], None],
    stop: asyncio.Event,
) -> bool:
    """Send all codes, or as many as come before the event is set; whether it was all.

    Each code that was sent stands on stdout, in a line; what else happens is told on stderr.
    Raises UsageError when the codes cannot be read, or the scanner not be plugged in.
    """
    codes = _codes(scanning)
    scanner = LinkedScanner(
        link,
        style,
        tell=lambda what: _say(f"{link} was {what} by a program"),
        hear=lambda data: _say(f"{link} was sent {spelled(data)}"),
    )
    async with scanner:
        plugged_in(scanner.port)
        sending = asyncio.create_task(_scan(scanner, codes, scanning))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({sending, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending
        finally:
            sending.cancel()
            stopped.cancel()
            await asyncio.wait({sending, stopped})
    return not sending.cancelled()


async def _scan(scanner: LinkedScanner, codes: AsyncIterator[bytes], scanning: Scanning) -> None:
    pacer = _Pacer(scanning.rate)
    sent = 0
    async for code in codes:
        await scanner.until_ready()
        await pacer.until_due()
        await scanner.send(code)
        sys.stdout.buffer.write(code + b"\n")
        sys.stdout.buffer.flush()
        sent += 1
        if sent == scanning.unplug_after and scanning.replug_after_s is not None:
            await _replug(scanner, scanning.replug_after_s)
        if sent == scanning.count:
            break
    _say(f"{scanner.link}: all is sent, codes: {sent}")
    await asyncio.sleep(LINGER_S)


async def _replug(scanner: LinkedScanner, after_s: float) -> None:
    await asyncio.sleep(LINGER_S)
    scanner.unplug()
    _say(f"{scanner.link} is unplugged for {after_s:g} s")
    await asyncio.sleep(after_s)
    scanner.plug_in()
    _say(f"{scanner.link} is plugged in again, on {scanner.port}")


class _Pacer:
    """Lets one code pass each 1 / `rate` seconds; all, without a rate. Time lost stays lost."""

    def __init__(self, rate: float | None) -> None:
        self._period_s = 1 / rate if rate else 0.0
        self._due_s = 0.0

    async def until_due(self) -> None:
        """Wait for the next one's turn."""
        now_s = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, self._due_s - now_s))
        self._due_s = max(self._due_s, now_s) + self._period_s


def _codes(scanning: Scanning) -> AsyncIterator[bytes]:
    """The codes, each as soon as its turn may come."""
    if scanning.codes == STDIN:
        return _not_empty(stdin_lines())
    codes = _uuids(scanning.seed) if scanning.codes is None else _in_file(Path(scanning.codes))
    return _all(codes) if scanning.rate else _one_a_line(codes)


async def _not_empty(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for line in lines:
        if line:
            yield line


async def _all(codes: Iterable[bytes]) -> AsyncIterator[bytes]:
    for code in codes:
        yield code


async def _one_a_line(codes: Iterator[bytes]) -> AsyncIterator[bytes]:
    async for _ in stdin_lines():
        code = next(codes, None)
        if code is None:
            return
        yield code


def _uuids(seed: int | None) -> Iterator[bytes]:
    rng = random.Random(seed)
    while True:
        yield str(uuid.UUID(int=rng.getrandbits(128), version=4)).encode()


def _in_file(path: Path) -> Iterator[bytes]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(f"cannot read the codes in {path}: {error.strerror}") from error
    codes = [code for line in lines if (code := line.removesuffix(b"\r"))]
    if not codes:
        raise UsageError(f"there is no code in {path}: write one a line")
    return iter(codes)


def _say(what: str) -> None:
    tell(f"gatedrill: {what}")
