"""Video files and folders of pictures: every frame, in order, at its own pace."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.emulation.frames import render_frame
from gatedrill.devices.readers.camera import CameraReader, Frame, FrameSource
from gatedrill.devices.readers.decoders import make_decoder
from gatedrill.devices.readers.sources.choose import open_source
from gatedrill.devices.readers.sources.picture_folder import PictureFolder
from gatedrill.devices.readers.sources.recorded import RecordedSource, RecordingEnded
from gatedrill.devices.readers.sources.video_file import VideoFile
from gatedrill.devices.readers.symbol import Symbol

TEXTS = [f"TICKET-{number}" for number in range(1, 9)]
HOUR_S = 3600.0


class Listed:
    """A recording of a few frames."""

    def __init__(self, *frames: bytes, interval_s: float = 0.0) -> None:
        self._frames = list(frames)
        self.interval_s = interval_s
        self.is_closed = False

    def next_frame(self) -> Frame | None:
        return self._frames.pop(0) if self._frames else None

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@contextlib.asynccontextmanager
async def started(source: FrameSource) -> AsyncIterator[FrameSource]:
    await source.start()
    try:
        yield source
    finally:
        await source.stop()


def write_video(path: Path, texts: Sequence[str], frames_per_s: float) -> None:
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*"MJPG"), frames_per_s, (640, 480), isColor=True
    )
    for seed, text in enumerate(texts):
        encoded = np.frombuffer(render_frame(text, seed, severity=0), np.uint8)
        picture = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        assert picture is not None
        writer.write(picture)
    writer.release()


async def symbols_read(camera: Path, executor: Executor) -> list[Symbol]:
    """What a gate reads of a recording from beginning to end."""
    decoder = make_decoder("zxing")
    reader = CameraReader(open_source(str(camera)), decoder, MonotonicClock(), executor)
    await reader.open()
    symbols = []
    try:
        while True:
            symbols.append(await reader.read())
    except RecordingEnded:
        return symbols
    finally:
        await reader.close()


def texts_of(symbols: Sequence[Symbol]) -> list[str]:
    return [symbol.text for symbol in symbols]


def looked_at(symbols: Sequence[Symbol]) -> list[int]:
    """How many frames there were to each symbol; none may have been dropped."""
    figures = [symbol.frames for symbol in symbols if symbol.frames is not None]
    assert len(figures) == len(symbols)
    assert {each.dropped for each in figures} == {0}
    return [each.delivered for each in figures]


async def test_every_frame_of_a_video_is_read_in_order(tmp_path: Path, executor: Executor) -> None:
    write_video(tmp_path / "gate.avi", TEXTS, frames_per_s=200)
    symbols = await symbols_read(tmp_path / "gate.avi", executor)
    assert texts_of(symbols) == TEXTS
    assert looked_at(symbols) == [1] * len(TEXTS)


async def test_every_picture_of_a_folder_is_read_by_name(
    tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PictureFolder, "interval_s", 0.0)
    names = ["a.png", "b.JPG", "c.jpeg", "d.png"]
    for seed, name in reversed(list(enumerate(names))):
        encoded = render_frame(TEXTS[seed], seed, severity=0)
        if name.endswith("png"):
            picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
            assert picture is not None
            encoded = cv2.imencode(".png", picture)[1].tobytes()
        (tmp_path / name).write_bytes(encoded)
    (tmp_path / "aa.txt").write_text("not a picture")
    (tmp_path / "bb.png").write_bytes(b"broken")
    symbols = await symbols_read(tmp_path, executor)
    assert texts_of(symbols) == TEXTS[:4]
    assert looked_at(symbols) == [1, 1, 2, 1]  # the broken one counts, too


@pytest.mark.parametrize("frames_per_s", [5.0, 25.0])
def test_the_pace_of_a_video_is_its_own(tmp_path: Path, frames_per_s: float) -> None:
    write_video(tmp_path / "gate.avi", TEXTS[:2], frames_per_s)
    video = VideoFile(tmp_path / "gate.avi")
    assert video.interval_s == pytest.approx(1 / frames_per_s)
    video.close()


async def test_the_first_frame_is_due_at_once_and_the_next_after_its_interval() -> None:
    recording = Listed(b"1", b"2", interval_s=HOUR_S)
    async with started(RecordedSource("fake", lambda: recording)) as source:
        assert await source.next_frame() == b"1"
        second = asyncio.create_task(source.next_frame())
        done, _ = await asyncio.wait([second], timeout=0.05)
        assert not done
        second.cancel()
    assert recording.is_closed


async def test_a_reader_that_was_away_gets_the_next_frame_and_no_rush_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    rests: list[float] = []
    now_s = 1000.0
    monkeypatch.setattr(loop, "time", lambda: now_s)

    async def rest(seconds: float) -> None:
        nonlocal now_s
        rests.append(round(seconds, 6))
        now_s += max(0.0, seconds)

    monkeypatch.setattr("gatedrill.devices.readers.sources.recorded.asyncio.sleep", rest)
    recording = Listed(*[b"frame"] * 5, interval_s=1.0)
    async with started(RecordedSource("fake", lambda: recording)) as source:
        await source.next_frame()
        now_s += 0.25
        await source.next_frame()
        now_s += 1.1
        await source.next_frame()
        now_s += 60
        await source.next_frame()
        await source.next_frame()
    assert rests[1:] == [0.75, -0.1, -59.1, 1.0]


async def test_a_wait_that_is_given_up_loses_no_frame() -> None:
    recording = Listed(b"1", b"2", b"3")
    async with started(RecordedSource("fake", lambda: recording)) as source:
        for expected in (b"1", b"2", b"3"):
            for _ in range(2):
                waiting = asyncio.create_task(source.next_frame())
                await asyncio.sleep(0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            assert await source.next_frame() == expected


async def test_the_end_stays_the_end_until_the_recording_is_opened_again() -> None:
    async with started(RecordedSource("fake", lambda: Listed(b"1"))) as source:
        for _ in range(2):
            assert await source.next_frame() == b"1"
            for _ in range(2):
                with pytest.raises(RecordingEnded, match="recording fake: it has ended"):
                    await source.next_frame()
            await source.stop()
            await source.start()


async def test_a_video_with_a_broken_end_is_read_up_to_there(
    tmp_path: Path, executor: Executor
) -> None:
    write_video(tmp_path / "whole.avi", TEXTS, frames_per_s=200)
    content = (tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(content[: len(content) // 2])
    read = texts_of(await symbols_read(tmp_path / "cut.avi", executor))
    assert read
    assert read == TEXTS[: len(read)]


async def test_what_is_no_video_inside_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.avi").write_text("ticket\n" * 100)
    source = open_source(str(tmp_path / "list.avi"))
    with pytest.raises(UsageError, match=r"list\.avi: this is no video that can be read"):
        await source.start()
    await source.stop()
    assert capfd.readouterr() == ("", "")


async def test_a_picture_that_was_taken_away_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"picture")
    async with started(open_source(str(tmp_path))) as source:
        (tmp_path / "a.png").unlink()
        with pytest.raises(PeerError, match=r"a\.png: it cannot be read \(No such file"):
            await source.next_frame()


async def test_a_source_that_is_closed_has_no_frames_and_stopping_it_is_harmless() -> None:
    source = RecordedSource("fake", Listed)
    await source.stop()
    with pytest.raises(PeerError, match="it is closed"):
        await source.next_frame()
