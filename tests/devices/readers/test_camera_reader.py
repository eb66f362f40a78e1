import contextlib
import random
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import zxingcpp
from cv2.typing import MatLike

from gatedrill.contract.attempt import FrameFigures
from gatedrill.contract.errors import PeerError
from gatedrill.devices.emulation.camera import EmulatedCamera
from gatedrill.devices.emulation.frames import render_frame
from gatedrill.devices.readers.camera import CameraReader, Frame, FrameSource
from gatedrill.devices.readers.decoders import Decoded, ZxingDecoder


class CountingClock:
    def __init__(self) -> None:
        self.now = 0

    def now_ns(self) -> int:
        self.now += 1
        return self.now


class Recording:
    """A source with a few frames, which then ends. Before each, `drops` more are dropped."""

    drops = 0

    def __init__(self, *frames: Frame) -> None:
        self._frames = list(frames)
        self.running = False
        self.dropped = 0

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    async def next_frame(self) -> Frame:
        if not self._frames:
            raise PeerError("recording: no more frames")
        self.dropped += self.drops
        return self._frames.pop(0)


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(2, thread_name_prefix="decoding") as pool:
        yield pool


@contextlib.asynccontextmanager
async def reading(source: FrameSource, executor: Executor) -> AsyncIterator[CameraReader]:
    reader = CameraReader(source, ZxingDecoder(), CountingClock(), executor)
    await reader.open()
    try:
        yield reader
    finally:
        await reader.close()


def jpeg(picture: MatLike) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


def pixels(encoded: bytes, flags: int) -> MatLike:
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags)
    assert decoded is not None
    return decoded


async def test_every_ticket_held_before_the_emulated_camera_is_read(executor: Executor) -> None:
    rng = random.Random(11)
    texts = [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(40)]
    camera = EmulatedCamera()
    async with reading(camera, executor) as reader:
        for seed, text in enumerate(texts):
            camera.present(camera.prepare(text, seed))
            symbol = await reader.read()
            camera.withdraw()
            assert (symbol.text, symbol.symbology) == (text, "]Q1")


async def test_an_unreadable_first_look_is_skipped_for_the_second(executor: Executor) -> None:
    blank = jpeg(np.full((480, 640), 90, np.uint8))
    camera = EmulatedCamera()
    async with reading(camera, executor) as reader:
        camera.present((blank, render_frame("TICKET-1", seed=1, severity=0)))
        assert (await reader.read()).text == "TICKET-1"


@pytest.mark.parametrize("broken", [b"", b"no picture", render_frame("TICKET-1", 1)[:400]])
async def test_a_broken_frame_does_not_stop_the_camera(broken: bytes, executor: Executor) -> None:
    source = Recording(broken, render_frame("TICKET-2", seed=1, severity=0))
    async with reading(source, executor) as reader:
        assert (await reader.read()).text == "TICKET-2"


@pytest.mark.parametrize("flags", [cv2.IMREAD_GRAYSCALE, cv2.IMREAD_COLOR])
async def test_pixels_are_read_as_well_as_jpeg(flags: int, executor: Executor) -> None:
    source = Recording(pixels(render_frame("TICKET-1", seed=1, severity=0), flags))
    async with reading(source, executor) as reader:
        assert (await reader.read()).text == "TICKET-1"


async def test_two_codes_in_one_frame_are_two_readings_of_one_instant(executor: Executor) -> None:
    one, other = (
        pixels(render_frame(text, seed=1, severity=0), cv2.IMREAD_GRAYSCALE)
        for text in ("TICKET-1", "TICKET-2")
    )
    async with reading(Recording(np.hstack([one, other])), executor) as reader:
        read = [await reader.read(), await reader.read()]
        assert {symbol.text for symbol in read} == {"TICKET-1", "TICKET-2"}
        assert read[0].decoded_ns == read[1].decoded_ns
        assert read[0].frames == read[1].frames == FrameFigures(1, 0, 1, 1e-6)
        with pytest.raises(PeerError, match="no more frames"):
            await reader.read()


async def test_code_128_is_read(executor: Executor) -> None:
    barcode = zxingcpp.create_barcode("TICKET-1", zxingcpp.BarcodeFormat.Code128)
    picture = np.array(zxingcpp.write_barcode_to_image(barcode, scale=2))
    async with reading(Recording(jpeg(picture)), executor) as reader:
        symbol = await reader.read()
    assert (symbol.text, symbol.symbology) == ("TICKET-1", "]C0")


async def test_decoding_and_its_stamp_stay_off_the_event_loop(executor: Executor) -> None:
    threads: list[str] = []

    class ThreadNamingDecoder:
        def decode(self, image: MatLike) -> list[Decoded]:
            threads.append(threading.current_thread().name)
            return [Decoded("TICKET-1", "]Q1")]

    class ThreadNamingClock:
        def now_ns(self) -> int:
            threads.append(threading.current_thread().name)
            return 7

    source = Recording(render_frame("TICKET-1", seed=1))
    reader = CameraReader(source, ThreadNamingDecoder(), ThreadNamingClock(), executor)
    assert (await reader.read()).decoded_ns == 7
    assert len(threads) == 2
    assert all(name.startswith("decoding") for name in threads)


async def test_the_source_runs_while_the_reader_is_open(executor: Executor) -> None:
    source = Recording()
    async with reading(source, executor):
        assert source.running
    assert not source.running


def blank() -> MatLike:
    return np.full((48, 64), 90, np.uint8)


async def test_a_reading_tells_what_the_camera_saw_since_the_one_before(executor: Executor) -> None:
    ticket = render_frame("TICKET-1", seed=1, severity=0)
    source = Recording(blank(), b"broken", ticket, ticket, blank(), ticket)
    source.drops = 2
    async with reading(source, executor) as reader:  # whose clock ticks once for each frame
        figures = [(await reader.read()).frames for _ in range(3)]
        assert figures == [
            FrameFigures(delivered=9, dropped=6, with_code=1, span_ms=3e-6),
            FrameFigures(delivered=3, dropped=2, with_code=1, span_ms=1e-6),
            FrameFigures(delivered=6, dropped=4, with_code=1, span_ms=2e-6),
        ]
    assert [each.decode_rate for each in figures if each is not None] == [1 / 3, 1, 1 / 2]


async def test_a_reader_that_is_opened_again_counts_anew(executor: Executor) -> None:
    ticket = render_frame("TICKET-1", seed=1, severity=0)
    source = Recording(blank(), ticket, ticket)
    source.drops = 1
    async with reading(source, executor) as reader:
        await reader.read()
        source.dropped = 40
        await reader.close()
        source.dropped = 0
        await reader.open()
        assert (await reader.read()).frames == FrameFigures(2, 1, 1, 1e-6)


async def test_an_emulated_camera_drops_nothing_and_says_so(executor: Executor) -> None:
    camera = EmulatedCamera()
    async with reading(camera, executor) as reader:
        camera.present((jpeg(blank()), render_frame("TICKET-1", seed=1, severity=0)))
        assert (await reader.read()).frames == FrameFigures(2, 0, 1, 2e-6)


async def test_a_frame_on_which_the_decoder_fails_is_told_once_and_kills_nothing(
    executor: Executor, caplog: pytest.LogCaptureFixture
) -> None:
    class Moody:
        def decode(self, image: MatLike) -> list[Decoded]:
            if image[0, 0] == 90:
                raise ZeroDivisionError("nobody thought of this")
            return [Decoded("TICKET-1", "]Q1")]

    source = Recording(blank(), blank(), blank() + 1)
    reader = CameraReader(source, Moody(), CountingClock(), executor)
    await reader.open()
    symbol = await reader.read()
    await reader.close()
    assert symbol.text == "TICKET-1"
    assert symbol.frames == FrameFigures(3, 0, 1, 3e-6)
    warned = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert warned == ["a frame could not be decoded: ZeroDivisionError('nobody thought of this')"]
