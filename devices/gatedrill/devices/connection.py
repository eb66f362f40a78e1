"""One device's connection to the check-in service, whatever it asks there.

One httpx client a device, HTTP/1.1, one connection: a shared client rescans its pool for every
request and spreads a burst by tens of milliseconds. No redirects, no retries, no proxy from the
environment: what is measured is the service and nothing else, unless an uplink is given.

Nothing is raised for what the service does: that no answer came is an answer too.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import httpx

from gatedrill.contract import service
from gatedrill.contract.attempt import Ask, AskKind
from gatedrill.contract.clock import Clock
from gatedrill.contract.outcome import Reason
from gatedrill.devices.asking import Asking
from gatedrill.devices.hold import HOLD, Hold, HoldingTransport
from gatedrill.devices.stamps import StatedTime, stamp, stated_time
from gatedrill.devices.tunnel import Uplink

R = TypeVar("R")

_WARM_PATH = service.TABLE_PATH.format(table=service.TICKETS_TABLE)
# What httpx raises, and what it lets through: ssl.SSLError for bytes that are no TLS.
_BROKEN = (httpx.HTTPError, OSError)


@dataclass(frozen=True)
class ServiceRequest:
    """One question: a POST of JSON where it has a `body`, else a GET with a `query`."""

    kind: AskKind
    path: str
    body: bytes | None = None
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ServiceAnswer:
    """What came back: a status and a body, or neither and the `failure` that kept them away.

    `stated` is what time of day the service has, if its headers tell.
    """

    kind: AskKind
    sent_ns: int
    answered_ns: int
    http_status: int | None = None
    body: bytes = b""
    failure: Reason | None = None
    arrived_ns: int | None = None
    departed_ns: int | None = None
    stated: StatedTime | None = None

    def ask(self, reason: Reason | None) -> Ask:
        """The question's record; `reason` tells why the answer granted nothing, if it did not."""
        return Ask(
            sent_ns=self.sent_ns,
            answered_ns=self.answered_ns,
            http_status=self.http_status,
            reason=reason,
            arrived_ns=self.arrived_ns,
            departed_ns=self.departed_ns,
            kind=self.kind,
        )


def nobody(_answer: ServiceAnswer) -> None:
    """Nobody wants to know."""


class ServiceConnection:
    """Asks one question after the other; `timeout_s` is how long each answer may take.

    The connection goes through `uplink`, if there is one; `url` is the service's all the same.
    `heard` is told of every answer of the service.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        clock: Clock,
        tls: ssl.SSLContext,
        timeout_s: float,
        uplink: Uplink | None = None,
        heard: Callable[[ServiceAnswer], None] = nobody,
    ) -> None:
        self._clock = clock
        self._heard = heard
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"apikey": key, "authorization": f"Bearer {key}"},
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            transport=HoldingTransport(tls, uplink),
        )

    @property
    def timeout_s(self) -> float:
        """How long an answer may take; a change holds for the questions that come after it."""
        return self._timeout_s

    @timeout_s.setter
    def timeout_s(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._client.timeout = timeout_s

    async def warm(self) -> None:
        """Open the connection with a read that changes nothing; a failure shows when asked."""
        with contextlib.suppress(*_BROKEN):
            warming = self._client.get(_WARM_PATH, params={"select": "id", "limit": "1"})
            await Asking(warming, self._clock).response(self._timeout_s)

    async def send(self, request: ServiceRequest, read: Callable[[ServiceAnswer], R]) -> R:
        """Ask once; returns what `read` makes of the answer."""
        sent_ns = self._clock.now_ns()
        asking = Asking(self._client.send(self._request(request)), self._clock)
        return read(await self._answer(request.kind, asking, sent_ns))

    def hold(self, request: ServiceRequest, read: Callable[[ServiceAnswer], R]) -> "HeldRequest[R]":
        """Begin to ask; the time limit for the answer begins with the release."""
        hold = Hold()
        held = self._request(request)
        until_parked = httpx.Timeout(self._timeout_s, read=None)
        held.extensions = {"timeout": until_parked.as_dict(), HOLD: hold}

        async def reply(asking: Asking, sent_ns: int) -> R:
            return read(await self._answer(request.kind, asking, sent_ns))

        return HeldRequest(hold, Asking(self._client.send(held), self._clock), self._clock, reply)

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    def _request(self, request: ServiceRequest) -> httpx.Request:
        if request.body is None:
            return self._client.build_request("GET", request.path, params=dict(request.query))
        return self._client.build_request(
            "POST",
            request.path,
            content=request.body,
            headers={"content-type": "application/json"},
        )

    async def _answer(self, kind: AskKind, asking: Asking, sent_ns: int) -> ServiceAnswer:
        """What becomes of a request that was sent at `sent_ns`."""
        try:
            come = await asking.response(self._timeout_s)
        except httpx.TimeoutException:
            come = None
        except _BROKEN:
            return ServiceAnswer(kind, sent_ns, self._clock.now_ns(), failure=Reason.CONNECTION)
        if come is None:
            return ServiceAnswer(kind, sent_ns, self._clock.now_ns(), failure=Reason.TIMEOUT)
        answer, answered_ns = come
        told = ServiceAnswer(
            kind,
            sent_ns,
            answered_ns,
            http_status=answer.status_code,
            body=answer.content,
            arrived_ns=stamp(answer.headers, service.ARRIVED_HEADER),
            departed_ns=stamp(answer.headers, service.DEPARTED_HEADER),
            stated=stated_time(answer.headers),
        )
        self._heard(told)
        return told


class HeldRequest(Generic[R]):
    """Implements `HeldQuestion`."""

    def __init__(
        self,
        hold: Hold,
        asking: Asking,
        clock: Clock,
        read: Callable[[Asking, int], Awaitable[R]],
    ) -> None:
        self._hold = hold
        self._asking = asking
        self._clock = clock
        self._read = read
        self._sent_ns = 0

    async def until_parked(self) -> Reason | None:
        """Wait until only the last byte is missing."""
        parked = asyncio.create_task(self._hold.until_parked())
        try:
            await asyncio.wait({parked, self._asking.task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_parked = parked.done()
            parked.cancel()
        # Else it failed, or was answered before it was complete.
        return None if is_parked else Reason.CONNECTION

    def release(self) -> None:
        """Send the last byte."""
        self._sent_ns = self._clock.now_ns()
        self._hold.release()

    def resume(self) -> None:
        """Go on to the answer."""
        self._hold.resume()

    async def reply(self) -> R:
        """Wait for the answer."""
        return await self._read(self._asking, self._sent_ns)

    async def withdraw(self) -> None:
        """Give the request up."""
        await self._asking.give_up()
