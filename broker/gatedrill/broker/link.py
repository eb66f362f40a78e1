"""One connection to the broker. The only file that knows the client library, aiomqtt.

A link is used up when it is lost; the `Bus` makes the next one.
"""

import asyncio
import logging
import math
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiomqtt
import paho.mqtt.client as paho
from aiomqtt.exceptions import MqttConnectError
from aiomqtt.types import PahoSocket
from paho.mqtt.reasoncodes import ReasonCode

from gatedrill.broker.address import BrokerAddress
from gatedrill.contract.errors import PeerError, UsageError

KEEPALIVE_S = 5
"""A broker hears nothing for one and a half of these: the client is dead, its will is published."""

CONNECT_TIMEOUT_S = 5.0
_MAX_INFLIGHT = 1000
_REFUSED_CREDENTIALS = ("Bad user name or password", "Not authorized")
_CREDENTIALS = (
    "user and password, in GATEDRILL_BROKER_USER and GATEDRILL_BROKER_PASSWORD, or in its url, as "
    "in mqtt://user:password@host"
)
_CA_NAMED = "in GATEDRILL_BROKER_CA or in the url, as in mqtts://host?ca=FILE"


class LinkLostError(Exception):
    """The connection broke, or could not be made; the text says why."""


@dataclass(frozen=True)
class Packet:
    """What the broker handed over. `retained` tells what it had kept from what is said now."""

    topic: str
    payload: bytes
    retained: bool


class Link:
    """A live connection. What waits for the broker raises LinkLostError once it is lost."""

    def __init__(self, client: aiomqtt.Client, address: BrokerAddress) -> None:
        self._client = client
        self._address = address
        self._waits: set[asyncio.Timeout] = set()
        self._unsubscribing: set[asyncio.Task[None]] = set()
        self.lost = asyncio.Event()

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        """Send one message; with `qos` 1 return when the broker has taken it."""
        async with self._until_lost():
            await self._client.publish(topic, payload, qos, retain, timeout=math.inf)

    async def subscribe(self, patterns: Iterable[tuple[str, int]]) -> None:
        """Subscribe to pairs of pattern and QoS; PeerError if the broker refuses one."""
        wanted = list(patterns)
        if not wanted:
            return
        async with self._until_lost():
            if self._unsubscribing:
                await asyncio.wait(self._unsubscribing)
            codes = await self._client.subscribe(wanted)
        for (pattern, _), code in zip(wanted, codes, strict=True):
            if isinstance(code, ReasonCode) and code.is_failure:
                raise PeerError(
                    f"the broker refuses the subscription to {pattern}: its access rules do not "
                    f"let {_user(self._address)} read that"
                )

    def unsubscribe(self, pattern: str) -> None:
        """Have no more messages of this pattern, some time.

        Whoever leaves need not wait for a broker that may stand still. The next subscription does:
        a broker may take it up before what was sent earlier, and then end it.
        """
        unsubscribing = asyncio.create_task(self._client.unsubscribe(pattern, timeout=math.inf))
        self._unsubscribing.add(unsubscribing)
        unsubscribing.add_done_callback(self._has_unsubscribed)

    async def packets(self) -> AsyncIterator[Packet]:
        """What arrives, in the broker's order, until the link is lost."""
        try:
            async for message in self._client.messages:
                yield Packet(str(message.topic), bytes(message.payload), message.retain)
        except aiomqtt.MqttError:
            raise LinkLostError(f"lost the broker at {self._address}") from None

    def lose(self) -> None:
        """Wake everybody who waits for an answer that will not come."""
        self.lost.set()
        for wait in self._waits:
            wait.reschedule(asyncio.get_running_loop().time())
        for unsubscribing in self._unsubscribing:
            unsubscribing.cancel()

    def _has_unsubscribed(self, task: asyncio.Task[None]) -> None:
        self._unsubscribing.discard(task)
        if not task.cancelled():
            task.exception()  # heard: a connection that is lost has no subscriptions either

    @asynccontextmanager
    async def _until_lost(self) -> AsyncIterator[None]:
        if self.lost.is_set():
            raise LinkLostError("the connection was lost")
        try:
            async with asyncio.timeout(None) as wait:
                with self._waiting(wait):
                    yield
        except (aiomqtt.MqttError, TimeoutError) as error:
            raise LinkLostError(str(error) or "the connection was lost") from None

    @contextmanager
    def _waiting(self, wait: asyncio.Timeout) -> Iterator[None]:
        self._waits.add(wait)
        try:
            yield
        finally:
            self._waits.discard(wait)


@asynccontextmanager
async def open_link(
    address: BrokerAddress, client_id: str, *, cleared_at_death: str | None
) -> AsyncIterator[Link]:
    """Connect, and disconnect cleanly at the end of the body.

    Should the connection end in any other way, the broker publishes an empty retained message to
    the topic `cleared_at_death`. Raises LinkLostError when the broker cannot be reached, PeerError
    when it refuses the credentials, and UsageError when the file of its CA cannot be used.
    """
    client = _client(address, client_id, cleared_at_death)
    try:
        async with client:
            link = Link(client, address)
            try:
                yield link
            finally:
                link.lose()
    except MqttConnectError as error:
        raise _refusal(address, error) from None
    except aiomqtt.MqttError as error:
        raise LinkLostError(f"cannot reach the broker at {address}: {_why(error)}") from None


def _client(address: BrokerAddress, client_id: str, cleared_at_death: str | None) -> aiomqtt.Client:
    client = _TidyClient(
        address.host,
        address.port,
        username=address.username,
        password=address.password,
        identifier=client_id,
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=True,
        will=aiomqtt.Will(cleared_at_death, b"", qos=1, retain=True) if cleared_at_death else None,
        keepalive=KEEPALIVE_S,
        timeout=CONNECT_TIMEOUT_S,
        max_inflight_messages=_MAX_INFLIGHT,
        tls_context=_tls_context(address.ca) if address.tls else None,
        socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        logger=_library_logger(),
    )
    client.pending_calls_threshold = 1_000_000  # many calls at once are our daily bread
    return client


def _library_logger() -> logging.Logger:
    """The library's logger, without what is no fault, or told by us.

    Whoever is cancelled while (un)subscribing leaves an answer behind that nobody waits for. That a
    connection is lost is told by the bus, once, and as the warning that it is.
    """
    library = logging.getLogger("mqtt")  # its own, which it takes by default
    library.addFilter(_is_worth_telling)  # the same one is added but once
    return library


_NOT_WORTH_TELLING = ("Unexpected message ID", "failed to receive on socket")


def _is_worth_telling(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_NOT_WORTH_TELLING)


def _refusal(address: BrokerAddress, error: MqttConnectError) -> PeerError:
    if not any(words in str(error) for words in _REFUSED_CREDENTIALS):
        return PeerError(f"the broker at {address} refuses the connection: {error}")
    if address.username is None:
        return PeerError(f"the broker at {address} lets nobody in without {_CREDENTIALS}")
    return PeerError(
        f"the broker at {address} refuses the credentials of {_user(address)}: "
        f"it wants the right {_CREDENTIALS}"
    )


def _user(address: BrokerAddress) -> str:
    return "one without a user" if address.username is None else f"the user {address.username}"


def _why(error: aiomqtt.MqttError) -> str:
    if "CERTIFICATE_VERIFY_FAILED" not in str(error):
        return str(error)
    return f"{error}; if it is its own, name the file of the CA that signed it, {_CA_NAMED}"


def _tls_context(ca: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise UsageError(
            f"the broker's CA, {ca}, cannot be used: {error.strerror or error}"
        ) from None
    context.sslsocket_class = _TidyTlsSocket
    return context


class _TidyTlsSocket(ssl.SSLSocket):
    """A socket that closes when its handshake fails; the library would leave it open."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as inherited
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class _TidyClient(aiomqtt.Client):
    """aiomqtt's client, but it leaves nothing behind.

    An attempt to connect that fails or is cancelled closes its socket. And a socket is watched for
    writing at once, not at the loop's next turn, when it may be closed and its number another's.
    """

    async def __aenter__(self) -> Self:
        self._loop_thread = threading.get_ident()
        attempt = asyncio.ensure_future(super().__aenter__())
        try:
            await asyncio.shield(attempt)
        except BaseException:
            await asyncio.gather(attempt, return_exceptions=True)
            self._client.disconnect()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        with suppress(aiomqtt.MqttError):  # the end is wanted, however it comes
            await super().__aexit__(exc_type, exc, tb)

    def _on_socket_register_write(
        self, client: paho.Client, userdata: object, sock: PahoSocket
    ) -> None:
        if threading.get_ident() == self._loop_thread:
            self._loop.add_writer(sock.fileno(), self._write)
        else:  # it is connecting, in a thread of its own
            super()._on_socket_register_write(client, userdata, sock)

    def _write(self) -> None:
        try:
            self._client.loop_write()
        except Exception as error:  # whatever it is, the loop would call again and again
            if not self._disconnected.done():
                self._disconnected.set_exception(error)
