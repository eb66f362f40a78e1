import asyncio
import contextlib
import errno
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from recorded_keys import NEVER_S, recorded

from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.emulation.keyboard import EmulatedWedge
from gatedrill.devices.readers.hid.key_events import (
    AUTOREPEAT,
    Happening,
    KeyEvent,
    KeyEvents,
    KeysLost,
)
from gatedrill.devices.readers.hid.layouts import LAYOUTS
from gatedrill.devices.readers.hid.wedge import WedgeReader

if TYPE_CHECKING:
    from gatedrill.devices.readers.reader import Reader


class MonotonicClock:
    def now_ns(self) -> int:
        return time.monotonic_ns()


class RecordedKeys:
    """A keyboard on which happens what a test says, each batch or error at a read of its own."""

    def __init__(self, grab_error: OSError | None = None) -> None:
        self._near, self._far = os.pipe()
        self._pending: list[Sequence[Happening] | OSError] = []
        self._grab_error = grab_error
        self.is_grabbed = False
        self.is_closed = False

    def happen(self, *batches: Sequence[Happening] | OSError) -> None:
        self._pending += batches
        os.write(self._far, b"." * len(batches))

    def fileno(self) -> int:
        return self._near

    def grab(self) -> None:
        if self._grab_error is not None:
            raise self._grab_error
        self.is_grabbed = True

    def events(self) -> Sequence[Happening]:
        os.read(self._near, 1)
        batch = self._pending.pop(0)
        if isinstance(batch, OSError):
            raise batch
        return batch

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            os.close(self._near)
            os.close(self._far)


class HandWoundTimers:
    """Takes the place of a loop's `call_later`: time passes when a test says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
        self._loop = loop
        self.started: asyncio.Queue[float] = asyncio.Queue()
        self.waiting: list[tuple[float, asyncio.TimerHandle, Callable[[], object]]] = []
        monkeypatch.setattr(loop, "call_later", self._call_later)

    def _call_later(
        self, delay_s: float, callback: Callable[[], object], *args: Any
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(self._loop.time() + delay_s, callback, args, self._loop)
        self.waiting.append((delay_s, handle, callback))
        self.started.put_nowait(delay_s)
        return handle

    def pass_by(self) -> list[float]:
        """All that still waits is due; return how long it would have waited."""
        due = [(delay, call) for delay, handle, call in self.waiting if not handle.cancelled()]
        self.waiting.clear()
        for _, call in due:
            call()
        return [delay for delay, _ in due]


@contextlib.asynccontextmanager
async def reading(
    open_keys: Callable[[str], KeyEvents], *, layout: str = "us", idle_flush_s: float = NEVER_S
) -> AsyncIterator[WedgeReader]:
    reader = WedgeReader(
        "/dev/input/event7",
        MonotonicClock(),
        layout=layout,
        idle_flush_s=idle_flush_s,
        open_keys=open_keys,
    )
    await reader.open()
    try:
        yield reader
    finally:
        await reader.close()


@pytest.fixture
def keys() -> Iterator[RecordedKeys]:
    recorded_keys = RecordedKeys()
    yield recorded_keys
    recorded_keys.close()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
async def test_an_emulated_scanner_of_every_country_is_read(layout: str) -> None:
    texts = ["TKT-1", '{"token":"TKT-2","signature":"q83v/+==","meta":{"a":[1]}}', "]Q1x"]
    with contextlib.closing(EmulatedWedge(LAYOUTS[layout])) as scanner:
        async with reading(scanner.open, layout=layout) as reader:
            for text in texts:
                scanner.present(scanner.prepare(text, seed=1))
            read = [await reader.read() for _ in texts]
    assert [(each.symbology, each.text) for each in read] == [
        ("", texts[0]),
        ("", texts[1]),
        ("]Q1", "x"),
    ]


async def test_a_long_code_comes_whole() -> None:
    text = "0123456789abcdef" * 128
    with contextlib.closing(EmulatedWedge(LAYOUTS["de"])) as scanner:
        async with reading(scanner.open, layout="de") as reader:
            scanner.present(scanner.prepare(text, seed=1))
            assert (await reader.read()).text == text


async def test_it_is_a_reader_of_its_kind(keys: RecordedKeys) -> None:
    async with reading(lambda path: keys) as wedge:
        reader: Reader = wedge
        assert (reader.kind, reader.repeat_window_s) == ("hid", 0.5)


async def test_a_code_is_stamped_when_its_end_is_seen(keys: RecordedKeys) -> None:
    async with reading(lambda path: keys) as reader:
        typed_ns = time.monotonic_ns()
        keys.happen(recorded("A ENTER"))
        symbol = await reader.read()
        assert typed_ns <= symbol.decoded_ns <= time.monotonic_ns()


async def test_a_scanner_without_enter_is_read_after_a_silence(
    keys: RecordedKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers = HandWoundTimers(asyncio.get_running_loop(), monkeypatch)
    async with reading(lambda path: keys, idle_flush_s=0.08) as reader:
        waiting = asyncio.create_task(reader.read())
        keys.happen(recorded("A B"), recorded("C", start_s=0.05))
        for _ in range(6):  # each event begins the wait anew
            await timers.started.get()
        assert not waiting.done()
        before_ns = time.monotonic_ns()
        assert timers.pass_by() == [0.08]
        symbol = await waiting
        assert symbol.text == "abc"
        assert symbol.decoded_ns >= before_ns


async def test_a_key_that_hangs_keeps_no_silence_away(
    keys: RecordedKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers = HandWoundTimers(asyncio.get_running_loop(), monkeypatch)
    async with reading(lambda path: keys, idle_flush_s=0.08) as reader:
        keys.happen([*recorded("+A"), *[KeyEvent(30, AUTOREPEAT, 0.25)] * 5])
        await timers.started.get()
        assert len(timers.waiting) == 1
        assert timers.pass_by() == [0.08]
        assert (await reader.read()).text == "a"


async def test_real_silence_ends_a_code_too() -> None:
    with contextlib.closing(EmulatedWedge(LAYOUTS["us"], ends_with_enter=False)) as scanner:
        async with reading(scanner.open, idle_flush_s=0.01) as reader:
            for text in ("TICKET-1", "TICKET-2"):
                scanner.present(scanner.prepare(text, seed=1))
                assert (await reader.read()).text == text


async def test_lost_events_cost_their_code_alone(keys: RecordedKeys) -> None:
    async with reading(lambda path: keys) as reader:
        keys.happen([*recorded("A +LEFTSHIFT"), KeysLost(), *recorded("B ENTER C ENTER")])
        assert (await reader.read()).text == "c"


async def test_unplugging_is_a_peer_error_for_good(keys: RecordedKeys) -> None:
    async with reading(lambda path: keys) as reader:
        waiting = asyncio.create_task(reader.read())
        keys.happen(recorded("A"), OSError(errno.ENODEV, "No such device"))
        with pytest.raises(PeerError, match=r"event7: the scanner has gone \(unplugged\); plug it"):
            await waiting
        with pytest.raises(PeerError):
            await reader.read()


async def test_pulling_an_emulated_scanner_out_is_noticed() -> None:
    scanner = EmulatedWedge(LAYOUTS["us"])
    async with reading(scanner.open) as reader:
        scanner.close()
        scanner.close()
        with pytest.raises(PeerError, match="unplugged"):
            await reader.read()
        with pytest.raises(PeerError, match="cannot type"):
            scanner.present((b"x",))


async def test_codes_before_the_unplugging_are_still_handed_over(keys: RecordedKeys) -> None:
    async with reading(lambda path: keys) as reader:
        keys.happen(recorded("A ENTER"), OSError(errno.EIO, "Input/output error"))
        assert (await reader.read()).text == "a"
        with pytest.raises(PeerError, match="Input/output error"):
            await reader.read()


async def test_a_read_that_is_given_up_loses_no_code(keys: RecordedKeys) -> None:
    async with reading(lambda path: keys) as reader:
        given_up = asyncio.create_task(reader.read())
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        keys.happen(recorded("A ENTER"))
        assert (await reader.read()).text == "a"


async def test_nothing_to_read_after_all_is_no_harm(keys: RecordedKeys) -> None:
    async with reading(lambda path: keys) as reader:
        keys.happen(BlockingIOError(errno.EAGAIN, "again"), recorded("A ENTER"))
        assert (await reader.read()).text == "a"


async def test_the_keyboard_is_grabbed_and_let_go(keys: RecordedKeys) -> None:
    async with reading(lambda path: keys):
        assert keys.is_grabbed
        assert not keys.is_closed
    assert keys.is_closed


async def test_closing_is_harmless_at_any_time(keys: RecordedKeys) -> None:
    reader = WedgeReader("x", MonotonicClock(), open_keys=lambda path: keys)
    await reader.close()
    await reader.open()
    keys.happen(recorded("A"))
    await asyncio.sleep(0)
    await reader.close()
    await reader.close()


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.EBUSY, "another program has grabbed it; close that one"),
        (errno.ENODEV, "not plugged in any more"),
        (errno.EIO, "cannot be grabbed"),
    ],
)
async def test_a_keyboard_that_cannot_be_grabbed_is_refused(number: int, cure: str) -> None:
    keys = RecordedKeys(OSError(number, "refused"))
    reader = WedgeReader("/dev/input/event7", MonotonicClock(), open_keys=lambda path: keys)
    with pytest.raises(UsageError, match=f"/dev/input/event7: .*{cure}"):
        await reader.open()
    assert keys.is_closed
    await reader.close()


def test_an_unknown_layout_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"layout 'azerty': .* one of us, gb, de, fr"):
        WedgeReader("/dev/input/event7", MonotonicClock(), layout="azerty")
