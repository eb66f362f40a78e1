"""A network camera as the cheap ones are: JPEGs over HTTP, one after the other, without end."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
_WHO_ARE_YOU = (
    b"HTTP/1.1 401 Unauthorized\r\n"
    b'WWW-Authenticate: Basic realm="gate"\r\n'
    b"Content-Length: 0\r\n\r\n"
)


class MjpegCamera:
    """Sends its frames to whoever connects, then nothing until it is told to hang up."""

    def __init__(self, frames: Sequence[bytes]) -> None:
        self._frames = frames
        self.hang_up = asyncio.Event()
        """Ends every connection once its frames are sent, those to come as well."""
        self.credentials = b""
        """`user:password`, without which nothing is sent; empty if everybody may look."""
        self.connections = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        request = await reader.readuntil(b"\r\n\r\n")
        if base64.b64encode(self.credentials) not in request:
            writer.write(_WHO_ARE_YOU)
            return
        self.connections += 1
        writer.write(_HEAD)
        for frame in self._frames:
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(frame)}\r\n\r\n"
            writer.write(head.encode() + frame + b"\r\n")
        writer.write(b"--frame\r\n")  # what ends the last of them
        await writer.drain()
        await self.hang_up.wait()


@asynccontextmanager
async def mjpeg_camera(*frames: bytes) -> AsyncIterator[MjpegCamera]:
    """A camera with these frames on a port of its own."""
    camera = MjpegCamera(frames)
    async with serving(camera.serve, camera.hang_up) as port:
        camera.url = f"http://127.0.0.1:{port}/video"
        yield camera


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """The port of a server that gives this answer to everything and hangs up; silent if empty."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer:
            await reader.read(65536)
            writer.write(answer)
        else:
            await over.wait()

    async with serving(serve, over) as port:
        yield port


@asynccontextmanager
async def serving(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    over: asyncio.Event,
) -> AsyncIterator[int]:
    """The port of a server, all of whose connections are closed in the end; `over` ends them."""
    running: set[asyncio.Task[None] | None] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError):  # the other end has hung up
            await serve(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield port
    finally:
        over.set()
        await _be_the_last(port)
        server.close()
        await asyncio.gather(*(task for task in running if task is not None))


async def _be_the_last(port: int) -> None:
    """Connect once more: served in turn, so whoever waits to be accepted has been by then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\r\n\r\n")
    with suppress(OSError):
        await reader.read()
        writer.close()
        await writer.wait_closed()
