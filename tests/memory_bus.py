"""A bus without a broker, a clock without time: what is said is heard at once, by all."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from gatedrill.broker.bus import Received
from gatedrill.contract.errors import PeerError
from gatedrill.contract.topics import Channel

M = TypeVar("M")


class ManualClock:
    """Stands still until it is told to go on; `step_ns` passes with every look at it."""

    def __init__(self, now_ns: int = 0, step_ns: int = 0) -> None:
        self._now_ns = now_ns
        self._step_ns = step_ns

    def now_ns(self) -> int:
        """The time."""
        self._now_ns += self._step_ns
        return self._now_ns

    def advance_s(self, seconds: float) -> None:
        """Let time pass."""
        self._now_ns += round(seconds * 1e9)


def sleep_by(clock: ManualClock, patch: pytest.MonkeyPatch) -> list[float]:
    """Let `asyncio.sleep` move this clock on and take no time; returns the rests, in seconds."""
    rests_s: list[float] = []
    sleep = asyncio.sleep

    async def rest(seconds: float) -> None:
        if seconds > 0:
            rests_s.append(seconds)
            clock.advance_s(seconds)
        await sleep(0)

    patch.setattr(asyncio, "sleep", rest)
    return rests_s


@dataclass(eq=False)
class MemorySubscription:
    """A handler of one family of topics, until it is ended."""

    bus: "MemoryBus"
    hear: Callable[[str, bytes], None]

    def end(self) -> None:
        """Hear no more."""
        self.bus.subscriptions.remove(self)


@dataclass
class MemoryBus:
    """Does what `Bus` does, within one process; every message goes through its wire form.

    `said` lists the topics in the order in which they were published on. While it is not
    `is_connected`, nothing that is said reaches anybody, and who publishes is told so.
    """

    address: str = "mqtt://127.0.0.1:1"
    subscriptions: list[MemorySubscription] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    is_connected: bool = True
    on_reconnect: set[Callable[[], None]] = field(default_factory=set)
    _retained: dict[str, bytes] = field(default_factory=dict)

    def say(self, channel: Channel[M], message: M | None, **levels: str) -> None:
        """Publish a message, or None to clear what is retained on the topic."""
        if not self.is_connected:
            return
        topic = channel.topic(**levels)
        payload = b"" if message is None else channel.encode(message)
        self.said.append(topic)
        if channel.retain:
            self._retained[topic] = payload
        for subscription in tuple(self.subscriptions):
            subscription.hear(topic, payload)

    async def publish(self, channel: Channel[M], message: M, **levels: str) -> None:
        """Publish a message; PeerError while there is no connection."""
        if not self.is_connected:
            raise PeerError(f"cannot publish to {channel.topic(**levels)}: no connection")
        self.say(channel, message, **levels)

    async def reach(self) -> None:
        """Return if there is a connection; PeerError if there is none."""
        if not self.is_connected:
            raise PeerError("cannot hear anybody: no connection")

    def reconnect(self) -> None:
        """Be connected again, as the real one after an outage."""
        self.is_connected = True
        for callback in tuple(self.on_reconnect):
            callback()

    async def subscribe(
        self,
        channel: Channel[M],
        handler: Callable[[dict[str, str], M | None], None],
        **levels: str,
    ) -> MemorySubscription:
        """Call `handler` with each message that matches `levels`, first with what is retained."""
        return await self.listen(
            channel, lambda received: handler(received.levels, received.message), **levels
        )

    async def listen(
        self, channel: Channel[M], handler: Callable[[Received[M]], None], **levels: str
    ) -> MemorySubscription:
        """The same, told as well whether a message was retained."""

        def hear(topic: str, payload: bytes, *, retained: bool = False) -> None:
            found = channel.levels(topic)
            if found is not None and levels.items() <= found.items():
                message = channel.decode(payload) if payload else None
                handler(Received(found, message, retained))

        subscription = MemorySubscription(self, hear)
        self.subscriptions.append(subscription)
        for topic, payload in self._retained.items():
            if payload:
                hear(topic, payload, retained=True)
        return subscription
