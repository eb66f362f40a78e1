"""A network camera that speaks RTSP: motion JPEG over RTP (RFC 2435) in the RTSP connection."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import cv2
from cv2.typing import MatLike
from mjpeg_camera import serving

WIDTH, HEIGHT = 640, 480
FRAMES_PER_S = 30
_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=gate\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:0\r\n"
)
_ANSWERS = {
    "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n",
    "DESCRIBE": "Content-Type: application/sdp\r\n",
    "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n",
}
_PAYLOAD_BYTES = 1400
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x221111)


@asynccontextmanager
async def rtsp_camera(*pictures: MatLike) -> AsyncIterator[str]:
    """The URL of a camera that sends these colour pictures and then nothing any more."""
    packets = [packet for number, each in enumerate(pictures) for packet in _packets(each, number)]
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await _is_told_to_play(reader, writer):
            writer.writelines(packets)
            await writer.drain()
        await over.wait()

    async with serving(serve, over) as port:
        yield f"rtsp://127.0.0.1:{port}/gate"


async def _is_told_to_play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer until the other end wants the pictures; False if it says nothing that makes sense."""
    while request := (await reader.readuntil(b"\r\n\r\n")).decode().strip():
        method = request.split()[0]
        number = request.lower().split("cseq:")[1].split()[0]
        body = _SDP if method == "DESCRIBE" else ""
        writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nSession: 1\r\n".encode())
        writer.write(
            f"{_ANSWERS.get(method, '')}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        if method == "PLAY":
            return True
    return False


def _packets(picture: MatLike, number: int) -> list[bytes]:
    """One picture, cut into RTP packets as they go over the connection."""
    tables, scan = _parts(cv2.imencode(".jpg", picture, _JPEG)[1].tobytes())
    packets = []
    for offset in range(0, len(scan), _PAYLOAD_BYTES):
        fragment = scan[offset : offset + _PAYLOAD_BYTES]
        is_last = offset + _PAYLOAD_BYTES >= len(scan)
        sequence = (number * 1000 + offset // _PAYLOAD_BYTES) & 0xFFFF
        stamp = number * 90000 // FRAMES_PER_S
        rtp = struct.pack(">BBHII", 0x80, 26 | is_last << 7, sequence, stamp, 1)
        jpeg = struct.pack(">IBBBB", offset, 1, 255, WIDTH // 8, HEIGHT // 8)
        if offset == 0:
            jpeg += struct.pack(">BBH", 0, 0, len(tables)) + tables
        packet = rtp + jpeg + fragment
        packets.append(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
    return packets


def _parts(jpeg: bytes) -> tuple[bytes, bytes]:
    """The quantisation tables of a JPEG, and what follows its headers."""
    tables, position = b"", 2
    while True:
        marker, length = struct.unpack_from(">HH", jpeg, position)
        content = jpeg[position + 4 : position + 2 + length]
        position += 2 + length
        if marker == 0xFFDB:  # one table or several, each behind a byte with its number
            tables += b"".join(content[at + 1 : at + 65] for at in range(0, len(content), 65))
        if marker == 0xFFDA:
            return tables, jpeg[position:-2]
