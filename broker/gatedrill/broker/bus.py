"""The bus: typed messages by the contract's channels, over a connection that comes back."""

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

import msgspec

from gatedrill.broker.address import BrokerAddress
from gatedrill.broker.link import Link, LinkLostError, Packet, open_link
from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.contract.topics import Channel

logger = logging.getLogger(__name__)

M = TypeVar("M")

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
FAREWELL_S = 0.5
"""How long whoever leaves waits for the broker to agree that its claim is cleared.

Twice of this and the end of a process are less than the two seconds in which it has to stop, and
what is not agreed upon has been said all the same: a broker that stood still reads it later.
"""


@dataclass(frozen=True)
class Received(Generic[M]):
    """A message of one channel.

    `levels` are the named levels of its topic. `message` is None for an empty payload: what was
    retained there has been cleared. `retained` is True for what the broker had kept before we
    subscribed, False for what is said now.
    """

    levels: dict[str, str]
    message: M | None
    retained: bool


@dataclass(frozen=True, eq=False)
class Subscription:
    """One handler of one family of topics, until it is ended."""

    bus: "Bus"
    pattern: str
    qos: int
    hear: Callable[[Packet], None]

    def end(self) -> None:
        """Hear no more: nothing is handled once this was called."""
        self.bus.unsubscribe(self)


class Bus:
    """A connection to the broker as an async context manager; entered, it is connected.

    `name` is for those who read the broker's log: the client id begins with it. The rest is drawn,
    and told to nobody but the broker, which drops the older of two connections with one id.
    `own_topic` names a retained message that lives no longer than we do: leaving clears it, and if
    we die or fall silent, the broker does. `timeout_s` is how long a call waits for a connection
    that was lost; it comes back by itself, with every subscription.

    Entering raises UsageError for a malformed URL or a CA that cannot be used, and PeerError if the
    broker cannot be reached or refuses the credentials. The callables in `on_reconnect` are called,
    in no order, each time the connection has come back and before any message that came with it is
    handled; they must be quick. What others published in between is lost, but for what the broker
    retains.
    """

    def __init__(
        self, url: str, name: str, *, own_topic: str | None = None, timeout_s: float = 10.0
    ) -> None:
        self.address = BrokerAddress.parse(url)
        self.client_id = f"{name}-{secrets.token_hex(8)}"
        self.own_topic = own_topic
        self.on_reconnect: set[Callable[[], None]] = set()
        self._timeout_s = timeout_s
        self._subscriptions: list[Subscription] = []
        self._link: Link | None = None
        self._connected = asyncio.Event()
        self._was_connected = False
        self._is_news = True
        self._pauses = _pauses()
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep_connected())
        connected = asyncio.create_task(self._connected.wait())
        try:
            await asyncio.wait({self._keeper, connected}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self._stop()
            raise
        finally:
            connected.cancel()
        if self._keeper.done():
            self._keeper.result()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._farewell()
        finally:
            await self._stop()

    @property
    def is_connected(self) -> bool:
        """Whether, as far as is known, there is a connection at this moment."""
        return self._connected.is_set()

    async def reach(self) -> None:
        """Return when there is a connection; PeerError if there was none for `timeout_s`."""
        await self._call(_nothing, "hear anybody")

    async def publish(self, channel: Channel[M], message: M, **levels: str) -> None:
        """Publish on the topic with these levels; on QoS 1 return when the broker has taken it.

        Raises PeerError if there was no connection for `timeout_s`. A message that the broker took
        just before the connection broke may be published twice.
        """
        payload = channel.encode(message)
        await self._say(channel.topic(**levels), payload, qos=channel.qos, retain=channel.retain)

    async def clear(self, channel: Channel[M], **levels: str) -> None:
        """Have the broker forget what is retained on the topic; subscribers see None."""
        await self._say(channel.topic(**levels), b"", qos=channel.qos, retain=True)

    async def subscribe(
        self,
        channel: Channel[M],
        handler: Callable[[dict[str, str], M | None], None],
        **levels: str,
    ) -> Subscription:
        """Call `handler` with the levels and the message of each one that matches `levels`.

        The message is None where a retained one was cleared. Handlers run one after the other in
        the order of arrival, so they must be quick. A payload that is not the channel's message is
        logged and dropped; a handler that raises is logged, and the next message is handled.
        Raises PeerError if the broker refuses, or if there was no connection for `timeout_s`.
        """
        return await self.listen(
            channel, lambda received: handler(received.levels, received.message), **levels
        )

    async def listen(
        self, channel: Channel[M], handler: Callable[[Received[M]], None], **levels: str
    ) -> Subscription:
        """Like `subscribe`, but the handler is told as well whether the message was retained."""
        pattern = channel.pattern(**levels)
        hear = _reader(channel, levels, handler)
        subscription = Subscription(self, pattern, channel.qos, hear)
        self._subscriptions.append(subscription)
        try:
            await self._call(
                lambda link: link.subscribe([(pattern, channel.qos)]), f"subscribe to {pattern}"
            )
        except BaseException:
            self._subscriptions.remove(subscription)
            raise
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription of this bus."""
        self._subscriptions.remove(subscription)
        still_used = any(other.pattern == subscription.pattern for other in self._subscriptions)
        if self._link is not None and not still_used:
            # A connection that is lost meanwhile comes back without this subscription.
            self._link.unsubscribe(subscription.pattern)

    async def _say(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        await self._call(
            lambda link: link.publish(topic, payload, qos=qos, retain=retain), f"publish to {topic}"
        )

    async def _call(self, use: Callable[[Link], Awaitable[None]], what: str) -> None:
        """Do it on this connection, or on the next one if this one breaks before it is done."""
        try:
            async with asyncio.timeout(self._timeout_s):
                while not await self._done_now(use):
                    await self._connected.wait()
        except TimeoutError:
            raise PeerError(
                f"cannot {what}: no connection to the broker at {self.address} "
                f"for {self._timeout_s:g} s"
            ) from None

    async def _done_now(self, use: Callable[[Link], Awaitable[None]]) -> bool:
        link = self._link
        if link is None:
            return False
        try:
            await use(link)
        except LinkLostError:
            await link.lost.wait()
            return False
        return True

    async def _keep_connected(self) -> None:
        """Connect over and over; only the failure of the first attempt is raised."""
        while True:
            try:
                await self._connect_once()
            except (LinkLostError, PeerError, UsageError) as error:
                if not self._was_connected:
                    raise _failure(error) from None
                # That it is lost is news; that it still is, try after try, is none.
                logger.log(logging.WARNING if self._is_news else logging.INFO, "%s", error)
                self._is_news = False
            await asyncio.sleep(next(self._pauses))

    async def _connect_once(self) -> None:
        """Connect, subscribe to everything, and handle what arrives until the connection breaks."""
        async with open_link(self.address, self.client_id, cleared_at_death=self.own_topic) as link:
            await link.subscribe({s.pattern: s.qos for s in self._subscriptions}.items())
            self._link = link
            self._connected.set()
            try:
                self._announce()
                async for packet in link.packets():
                    self._dispatch(packet)
            finally:
                self._connected.clear()
                self._link = None

    def _announce(self) -> None:
        self._pauses = _pauses()
        self._is_news = True
        if self._was_connected:
            logger.info("connected to the broker at %s again", self.address)
            for callback in tuple(self.on_reconnect):
                callback()
        self._was_connected = True

    def _dispatch(self, packet: Packet) -> None:
        for subscription in tuple(self._subscriptions):
            try:
                subscription.hear(packet)
            except Exception:
                logger.exception("the handler of %s failed", packet.topic)

    async def _farewell(self) -> None:
        if self.own_topic is None or self._link is None:
            return
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._link.publish(self.own_topic, b"", qos=1, retain=True)
        except (TimeoutError, LinkLostError):
            logger.warning("left before the broker agreed to clear %s", self.own_topic)

    async def _stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
            if not self._keeper.cancelled():
                self._keeper.result()


async def _nothing(_link: Link) -> None:
    """What anybody can do who is connected."""


def _reader(
    channel: Channel[M], wanted: dict[str, str], handler: Callable[[Received[M]], None]
) -> Callable[[Packet], None]:
    """What hands a packet to the handler if it is meant for it and can be read."""

    def hear(packet: Packet) -> None:
        levels = channel.levels(packet.topic)
        if levels is None or not wanted.items() <= levels.items():
            return
        try:
            message = channel.decode(packet.payload) if packet.payload else None
        except msgspec.MsgspecError as error:
            logger.warning("dropped an unreadable message on %s: %s", packet.topic, error)
            return
        handler(Received(levels, message, packet.retained))

    return hear


def _failure(error: LinkLostError | GatedrillError) -> GatedrillError:
    return error if isinstance(error, GatedrillError) else PeerError(str(error))


def _pauses() -> Iterator[float]:
    """Seconds to wait before each attempt: doubling up to a limit, and no two clients in step."""
    longest = FIRST_PAUSE_S
    while True:
        yield random.uniform(longest / 2, longest)
        longest = min(2 * longest, LONGEST_PAUSE_S)
