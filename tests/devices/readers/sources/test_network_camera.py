"""Network cameras, with a real one over HTTP on this machine."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial

import cv2
import numpy as np
import pytest
from mjpeg_camera import MjpegCamera, answering, mjpeg_camera
from rtsp_camera import rtsp_camera

from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.devices.emulation.frames import render_frame
from gatedrill.devices.readers.camera import CameraReader, FrameSource
from gatedrill.devices.readers.decoders import make_decoder
from gatedrill.devices.readers.sources import choose, stream
from gatedrill.devices.readers.sources.choose import open_source
from gatedrill.devices.readers.sources.live import LiveSource
from gatedrill.devices.readers.sources.stream import open_stream, shown

SOON_S = 0.5
"""For a camera from which no frame is expected; a busy machine may take as long for one."""

LATE_S = 60.0


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def source_of(camera: MjpegCamera, stall_s: float) -> LiveSource:
    opening = partial(open_stream, camera.url, read_timeout_s=stall_s)
    return LiveSource(shown(camera.url), opening, stall_s=stall_s)


@asynccontextmanager
async def started(source: FrameSource) -> AsyncIterator[FrameSource]:
    await source.start()
    try:
        yield source
    finally:
        await source.stop()


async def until_it_fails(source: FrameSource) -> PeerError:
    try:
        while True:
            await source.next_frame()
    except PeerError as error:
        return error


def frames() -> list[bytes]:
    return [render_frame("TICKET-1", seed, severity=0) for seed in range(6)]


async def test_a_ticket_in_front_of_a_network_camera_is_read(executor: Executor) -> None:
    async with mjpeg_camera(*frames()) as camera:
        decoder = make_decoder("zxing")
        reader = CameraReader(open_source(camera.url), decoder, MonotonicClock(), executor)
        await reader.open()
        try:
            symbol = await reader.read()
        finally:
            await reader.close()
    assert (symbol.text, symbol.symbology) == ("TICKET-1", "]Q1")
    assert symbol.frames is not None
    assert 1 <= symbol.frames.delivered - symbol.frames.dropped <= symbol.frames.delivered <= 6


async def test_a_ticket_in_front_of_an_rtsp_camera_is_read_and_its_silence_noticed(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "STALL_S", 2.0)
    seen = [cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_COLOR) for each in frames()]
    # Enough of them: FFmpeg wants to know a stream before it lets anybody see it.
    pictures = [each for each in seen if each is not None] * 5
    async with rtsp_camera(*pictures) as url:
        source = open_source(url)
        reader = CameraReader(source, make_decoder("zxing"), MonotonicClock(), executor)
        await reader.open()
        try:
            assert (await reader.read()).text == "TICKET-1"
            assert "camera rtsp://127.0.0.1:" in str(await until_it_fails(source))
        finally:
            await reader.close()


async def test_a_stream_that_stays_connected_and_sends_nothing_is_noticed_and_closed() -> None:
    async with mjpeg_camera(*frames()) as camera, started(source_of(camera, SOON_S)) as source:
        error = await until_it_fails(source)
        assert camera.connections == 1
        assert not camera.hang_up.is_set()
        assert str(error).startswith("camera http://127.0.0.1:")
        assert "no more frames come" in str(error)


async def test_a_broken_connection_is_noticed_and_the_camera_can_be_opened_again() -> None:
    async with mjpeg_camera(*frames()) as camera, started(source_of(camera, LATE_S)) as source:
        camera.hang_up.set()
        assert "no more frames come (reading it fails)" in str(await until_it_fails(source))
        await source.stop()
        camera.hang_up.clear()
        await source.start()
        await source.next_frame()
        assert camera.connections == 2


async def test_user_and_password_are_taken_from_the_url() -> None:
    async with mjpeg_camera(*frames()) as camera:
        camera.credentials = b"us@er:SEC/RET"
        secured = camera.url.replace("//", "//us%40er:SEC%2FRET@")
        async with started(open_source(secured)) as source:
            await source.next_frame()
        error = await refusal(camera.url.replace("//", "//us%40er:SEC%2FRED@"))
        assert "it answers HTTP 401" in str(error)
        assert "SEC" not in str(error)


async def refusal(url: str) -> GatedrillError:
    source = LiveSource(shown(url), partial(open_stream, url, read_timeout_s=SOON_S))
    with pytest.raises(GatedrillError) as caught:
        await source.start()
    return caught.value


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
async def test_an_address_where_nobody_listens_is_the_peers_failure(scheme: str) -> None:
    async with answering(b"") as port:
        pass
    error = await refusal(f"{scheme}://user:SECRET@127.0.0.1:{port}/video")
    assert isinstance(error, PeerError)
    assert f"{scheme}://127.0.0.1:{port}/...: it is out of reach (Connection refused)" in str(error)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "HTTP 401"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi", "text/html"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "it answers, but with no video"),
    ],
)
async def test_a_server_that_is_no_camera_is_refused_with_its_answer_and_without_the_password(
    answer: bytes, told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with answering(answer) as port:
        error = await refusal(f"http://user:SECRET@127.0.0.1:{port}/video?pwd=SECRET")
    assert isinstance(error, UsageError)
    assert told in str(error)
    assert "SECRET" not in str(error)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
async def test_a_server_that_says_nothing_is_given_up(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "OPEN_TIMEOUT_S", 0.1)
    monkeypatch.setattr(stream, "_ASKING_WHY_S", 0.1)
    async with answering(b"") as port:
        error = await refusal(f"{scheme}://127.0.0.1:{port}/video")
    assert "it answers, but with no video" in str(error)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("rtsp://10.0.0.5", "rtsp://10.0.0.5"),
        ("rtsp://user:SECRET@10.0.0.5:554/stream1", "rtsp://10.0.0.5:554/..."),
        ("rtsp://user:SE@CRET@10.0.0.5/stream1", "rtsp://10.0.0.5/..."),
        ("rtsp://user:SE/CRET@10.0.0.5/stream1", "rtsp://..."),
        ("rtsp://user:SE#CRET@10.0.0.5/stream1", "rtsp://..."),
        ("http://10.0.0.5?user=admin&pwd=SECRET", "http://10.0.0.5/..."),
        ("http://10.0.0.5/video?pwd=SE@CRET", "http://..."),
        ("rtsp://10.0.0.5/user=admin_password=SECRET_channel=1", "rtsp://10.0.0.5/..."),
        ("SECRET@rtsp://10.0.0.5", "...://10.0.0.5"),
    ],
)
def test_a_camera_is_named_without_what_may_be_secret(url: str, name: str) -> None:
    assert shown(url) == name
