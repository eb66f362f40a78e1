"""The way to the check-in service through the venue's uplink, an HTTP CONNECT proxy.

The device asks for a tunnel and names itself; what follows on the connection, TLS included, is
between the device and the service.
"""

import asyncio
from typing import NamedTuple
from urllib.parse import urlsplit

import h11
import httpcore

from gatedrill.contract.errors import UsageError
from gatedrill.contract.uplink import DEVICE_HEADER

_OPENED = range(200, 300)


class Uplink(NamedTuple):
    """Where the uplink is, and which device comes through it."""

    host: str
    port: int
    device: str

    @classmethod
    def parse(cls, url: str, device: str) -> "Uplink":
        """The uplink at `http://host:port`; UsageError for anything else."""
        try:
            parts = urlsplit(url)
            if parts.scheme == "http" and parts.hostname and parts.port and not parts.username:
                return cls(parts.hostname, parts.port, device)
        except ValueError:  # a bracket that does not close, a port out of range
            pass
        raise UsageError("the uplink's URL is none: write http://host:port")


async def open_tunnel(
    connection: httpcore.AsyncNetworkStream,
    uplink: Uplink,
    host: str,
    port: int,
    timeout_s: float | None,
) -> None:
    """Have the uplink lead this connection to `host` and `port`.

    Raises httpcore.ConnectTimeout if it is silent for too long, httpcore.ConnectError if it refuses
    or hangs up; the connection is closed then.
    """
    try:
        async with asyncio.timeout(timeout_s):
            status = await _asked(connection, uplink, host, port)
    except BaseException as error:
        await connection.aclose()
        if isinstance(error, TimeoutError):
            raise httpcore.ConnectTimeout("the uplink is silent") from error
        if isinstance(error, (httpcore.NetworkError, h11.RemoteProtocolError)):
            raise httpcore.ConnectError("the uplink opens no tunnel") from error
        raise
    if status not in _OPENED:
        await connection.aclose()
        raise httpcore.ConnectError(f"the uplink opens no tunnel: status {status}")


async def _asked(
    connection: httpcore.AsyncNetworkStream, uplink: Uplink, host: str, port: int
) -> int:
    http = h11.Connection(h11.CLIENT)
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = [("host", authority), (DEVICE_HEADER, uplink.device)]
    asked = http.send(h11.Request(method="CONNECT", target=authority, headers=headers)) or b""
    await connection.write(asked + (http.send(h11.EndOfMessage()) or b""))
    while (event := http.next_event()) is h11.NEED_DATA:
        http.receive_data(await connection.read(65536))
    return event.status_code if isinstance(event, h11.Response) else 0
