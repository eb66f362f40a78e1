"""What a connection to the uplink wants: a tunnel to the service, or a word with the uplink."""

import asyncio
import hmac
from typing import NamedTuple, cast

import h11
import msgspec

from gatedrill.broker.uplink.line import Line
from gatedrill.contract.uplink import (
    DEVICE_HEADER,
    FAULTS_PATH,
    HEALTH_PATH,
    KEY_HEADER,
    UplinkFaults,
)

_LONGEST_BODY = 1_000_000
_METHODS = {FAULTS_PATH: "PUT", HEALTH_PATH: "GET"}
_FAULTS = msgspec.json.Decoder(UplinkFaults)


class Answer(NamedTuple):
    """What the uplink itself says, in JSON; an empty body stands for none."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Entrance(asyncio.Protocol):
    """Reads one request. After its own answers the uplink hangs up."""

    def __init__(self, line: Line, key: str, doors: set["Entrance"]) -> None:
        self._line = line
        self._key = key
        self._doors = doors
        self._http = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._doors.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._doors.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            self._read()
        except h11.RemoteProtocolError as error:
            self._say(_problem(error.error_status_hint, f"this is no HTTP request: {error}"))

    def hang_up(self) -> None:
        """Close the connection, whatever is still to come."""
        self._transport.abort()

    def _read(self) -> None:
        while (event := self._http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Request):
                self._request = event
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > _LONGEST_BODY:
                    self._say(_problem(413, f"a body has at most {_LONGEST_BODY} bytes"))
                    return
            elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                self._serve(self._request)
                return

    def _serve(self, request: h11.Request) -> None:
        if request.method != b"CONNECT":
            self._say(self._answer(request))
        elif not self._line.leads_to(request.target):
            self._say(_problem(403, f"tunnels lead to {self._line.target} and nowhere else"))
        else:
            self._open_tunnel(_header(request, DEVICE_HEADER))

    def _open_tunnel(self, device: str) -> None:
        tunnel = self._line.tunnel(device)
        self._doors.discard(self)
        self._transport.set_protocol(tunnel.to_device)
        tunnel.to_device.connection_made(self._transport)
        self._line.dial(tunnel, bytes(self._http.trailing_data[0]))

    def _answer(self, request: h11.Request) -> Answer:
        method = _METHODS.get(request.target.decode())
        if method is None:
            return _problem(404, f"there are {FAULTS_PATH} and {HEALTH_PATH} here, and tunnels")
        if request.method.decode() != method:
            return _problem(405, f"use {method}", allow=method)
        return self._health() if method == "GET" else self._put(request)

    def _health(self) -> Answer:
        return Answer(200, msgspec.json.encode(self._line.health))

    def _put(self, request: h11.Request) -> Answer:
        shown = _header(request, KEY_HEADER).encode()
        if not hmac.compare_digest(shown, f"Bearer {self._key}".encode()):
            return _problem(401, "who changes faults must show the key", www_authenticate="Bearer")
        try:
            self._line.put(_FAULTS.decode(self._body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return _problem(400, f"these are no faults: {error}")
        return Answer(204)

    def _say(self, answer: Answer) -> None:
        """Answer and hang up."""
        headers = [("connection", "close"), *answer.headers]
        if answer.body:
            length = str(len(answer.body))
            headers += [("content-type", "application/json"), ("content-length", length)]
        said: list[h11.Event] = [h11.Response(status_code=answer.status, headers=headers)]
        if self._request is None or self._request.method != b"HEAD":
            said.append(h11.Data(data=answer.body))
        said.append(h11.EndOfMessage())
        self._transport.write(b"".join(self._http.send(each) or b"" for each in said))
        self._transport.close()


def _problem(status: int, message: str, **headers: str) -> Answer:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, msgspec.json.encode({"message": message}), named)


def _header(request: h11.Request, name: str) -> str:
    wanted = name.encode()
    return next((value.decode("latin-1") for each, value in request.headers if each == wanted), "")
