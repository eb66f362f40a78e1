"""A reader outlasts its hardware: what becomes of codes, callbacks and pauses meanwhile."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from device_fakes import FakeReader, ManualClock

from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.devices.emulation.serial_port import EmulatedScanner, ScannerStyle
from gatedrill.devices.readers.lasting import LONGEST_PAUSE_S, LastingReader, pause_s
from gatedrill.devices.readers.reader import Reader
from gatedrill.devices.readers.serial_port import SerialReader
from gatedrill.devices.readers.symbol import Symbol
from gatedrill.devices.scanner import Scanner

UNPLUGGED = PeerError("the scanner has gone")


class BareReader(FakeReader):
    """Lets the system's own error through, as readers of some hardware do."""

    async def read(self) -> Symbol:
        try:
            return await super().read()
        except PeerError as error:
            raise OSError(19, "No such device") from error


class Socket:
    """What hardware is plugged into; `connect` finds what is there. Remembers all that happens."""

    def __init__(self) -> None:
        self.plugged_in: Reader | None = None
        self.refuses: list[GatedrillError | OSError] = []
        self.told: list[str] = []
        self.pauses: list[float] = []
        self.looked = asyncio.Event()
        self.may_look = asyncio.Event()
        self.may_look.set()
        self.reader = LastingReader(
            self.connect,
            kind="serial",
            repeat_window_s=0.5,
            on_lost=lambda why: self.told.append(f"lost: {why}"),
            on_back=lambda: self.told.append("back"),
            seed=1,
            sleep=self.sleep,
        )

    async def connect(self) -> Reader:
        if self.refuses:
            raise self.refuses.pop(0)
        if self.plugged_in is None:
            raise UsageError("no scanner with the serial number S-1 is plugged in")
        await self.plugged_in.open()
        return self.plugged_in

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.looked.set()
        await asyncio.sleep(0)
        await self.may_look.wait()


@contextlib.asynccontextmanager
async def plugged_in(first: Reader) -> AsyncIterator[Socket]:
    socket = Socket()
    socket.plugged_in = first
    await socket.reader.open()
    try:
        yield socket
    finally:
        await socket.reader.close()


def fake() -> FakeReader:
    return FakeReader(ManualClock())


async def test_missing_at_first_is_an_error_at_once() -> None:
    socket = Socket()
    with pytest.raises(UsageError, match="S-1"):
        await socket.reader.open()
    assert not socket.reader.is_connected
    assert socket.pauses == []
    with pytest.raises(PeerError, match="not open"):
        await socket.reader.read()
    await socket.reader.close()


@pytest.mark.parametrize(
    ("sort", "why"), [(FakeReader, str(UNPLUGGED)), (BareReader, "[Errno 19] No such device")]
)
async def test_hardware_that_goes_and_comes_back_is_read_on(
    sort: type[FakeReader], why: str
) -> None:
    first, second = sort(ManualClock()), fake()
    async with plugged_in(first) as socket:
        first.see("A1")
        first.break_down(UNPLUGGED)
        assert (await socket.reader.read()).text == "A1"
        socket.plugged_in = second
        second.see("B2")
        assert (await socket.reader.read()).text == "B2"
        assert socket.told == [f"lost: {why}", "back"]
        assert (first.is_open, second.is_open) == (False, True)
        assert socket.reader.is_connected
    assert not second.is_open


async def test_it_is_looked_for_until_it_is_back_with_pauses_that_grow_to_a_bound() -> None:
    first, second = fake(), fake()
    async with plugged_in(first) as socket:
        in_the_way: list[GatedrillError | OSError] = [UsageError("not plugged in")] * 8
        socket.refuses = [*in_the_way, UsageError("another reader holds it"), OSError("busy")]
        socket.plugged_in = second
        first.break_down(UNPLUGGED)
        second.see("B2")
        assert (await socket.reader.read()).text == "B2"
    assert socket.told == ["lost: the scanner has gone", "back"]
    assert len(socket.pauses) == 11
    for tries, pause in enumerate(socket.pauses):
        whole = min(LONGEST_PAUSE_S, 0.1 * 2**tries)
        assert whole / 2 <= pause <= whole


def test_pauses_are_those_of_the_seed_and_never_overflow() -> None:
    def pauses(seed: int) -> list[float]:
        rng = random.Random(seed)
        return [pause_s(tries, rng) for tries in (0, 3, 10_000)]

    assert pauses(1) == pauses(1) != pauses(2)
    assert max(pauses(1)) <= LONGEST_PAUSE_S


async def test_hardware_that_comes_back_only_to_fail_is_not_hurried() -> None:
    async with plugged_in(fake()) as socket:
        first = socket.plugged_in
        assert isinstance(first, FakeReader)
        for _ in range(6):
            first.break_down(UNPLUGGED)
        first.see("A1")
        await socket.reader.read()
        assert socket.told == ["lost: the scanner has gone", "back"] * 6
        assert socket.pauses[-1] > LONGEST_PAUSE_S / 2
        first.break_down(UNPLUGGED)
        first.see("A2")
        await socket.reader.read()
        assert socket.pauses[-1] <= 0.1, "a reading starts the pauses anew"


async def test_a_read_that_is_given_up_does_not_stop_the_search() -> None:
    first, second = fake(), fake()
    async with plugged_in(first) as socket:
        socket.may_look.clear()
        first.break_down(UNPLUGGED)
        given_up = asyncio.create_task(socket.reader.read())
        await socket.looked.wait()
        assert not socket.reader.is_connected
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        socket.plugged_in = second
        second.see("B2")
        socket.may_look.set()
        assert (await socket.reader.read()).text == "B2"
        assert socket.told == ["lost: the scanner has gone", "back"]


async def test_closing_ends_the_search_and_the_read_that_waits_for_it() -> None:
    async with plugged_in(fake()) as socket:
        first = socket.plugged_in
        assert isinstance(first, FakeReader)
        socket.may_look.clear()
        first.break_down(UNPLUGGED)
        waiting = asyncio.create_task(socket.reader.read())
        await socket.looked.wait()
        await socket.reader.close()
        with pytest.raises(PeerError, match="not open"):
            await waiting
        assert socket.told == ["lost: the scanner has gone"]


async def test_hardware_that_cannot_even_be_closed_is_let_go() -> None:
    class Stuck(FakeReader):
        async def close(self) -> None:
            raise OSError(5, "Input/output error")

    first, second = Stuck(ManualClock()), fake()
    async with plugged_in(first) as socket:
        first.break_down(UNPLUGGED)
        socket.plugged_in = second
        second.see("B2")
        assert (await socket.reader.read()).text == "B2"


async def test_a_fault_of_our_own_is_not_taken_for_lost_hardware() -> None:
    class Broken(FakeReader):
        async def read(self) -> Symbol:
            raise ZeroDivisionError

    async with plugged_in(Broken(ManualClock())) as socket:
        with pytest.raises(ZeroDivisionError):
            await socket.reader.read()


async def test_what_cannot_be_sent_to_says_so() -> None:
    async with plugged_in(fake()) as socket:
        with pytest.raises(UsageError, match="cannot be sent anything"):
            socket.reader.send(b"x")
    with pytest.raises(PeerError, match="not there"):
        socket.reader.send(b"x")


def by_identity(link: Path, clock: ManualClock) -> Callable[[], Awaitable[Reader]]:
    """Finds the one scanner of these tests wherever it is: its identity is what leads to it."""

    def find() -> str:
        if not link.is_symlink():
            raise UsageError("the scanner is not plugged in")
        return str(link.readlink())

    async def connect() -> Reader:
        reader = SerialReader(find(), clock)
        await reader.open()
        return reader

    return connect


@pytest.mark.parametrize("amid", [b"", b"half a co"])
async def test_a_serial_scanner_replugged_on_another_port_is_read_on_and_nothing_twice(
    tmp_path: Path, amid: bytes
) -> None:
    identity = tmp_path / "scanner"
    style = ScannerStyle(b"", b"\r")
    lost, is_back = asyncio.Event(), asyncio.Event()
    reader = LastingReader(
        by_identity(identity, ManualClock()),
        kind="serial",
        repeat_window_s=0.5,
        on_lost=lambda _: lost.set(),
        on_back=is_back.set,
        sleep=lambda _: asyncio.sleep(0),
    )
    texts: asyncio.Queue[str] = asyncio.Queue()

    async def read_on() -> None:
        while True:
            texts.put_nowait((await reader.read()).text)

    with (
        contextlib.closing(EmulatedScanner(style)) as before,
        contextlib.closing(EmulatedScanner(style)) as after,
    ):
        identity.symlink_to(before.port)
        await reader.open()
        reading = asyncio.create_task(read_on())
        before.present((b"A1\rA2\r" + amid,))
        assert [await texts.get(), await texts.get()] == ["A1", "A2"]
        identity.unlink()
        before.close()
        await lost.wait()
        assert not reader.is_connected
        with pytest.raises(PeerError):
            reader.send(b"\x1b7,")
        assert after.port != before.port
        identity.symlink_to(after.port)
        await is_back.wait()
        after.present((b"A2\rB3\r",))
        assert [await texts.get(), await texts.get()] == ["A2", "B3"]
        reader.send(b"\x1b7,")
        assert texts.empty()
        reading.cancel()
        await asyncio.wait([reading])
        await reader.close()


@pytest.mark.parametrize(("apart_s", "scans"), [(0.0, 1), (0.49, 1), (0.51, 2)])
async def test_a_scan_that_is_sent_twice_within_the_window_is_one(
    apart_s: float, scans: int
) -> None:
    clock = ManualClock()
    with contextlib.closing(EmulatedScanner(ScannerStyle(b"", b"\r"))) as scanner:
        reader = SerialReader(scanner.port, clock)
        await reader.open()
        rules = Scanner(reader.repeat_window_s)
        started = 0
        for _ in range(2):
            scanner.present((b"A1\r",))
            symbol = await reader.read()
            if rules.see(symbol.text, symbol.decoded_ns):
                started += 1
                rules.settle(symbol.text)
            clock.advance(apart_s)
        await reader.close()
    assert started == scans
