"""A bus without a broker, a clock without time: what is said is heard at once, by all."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

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

    async def end(self) -> None:
        """Hear no more."""
        self.bus.subscriptions.remove(self)


@dataclass
class MemoryBus:
    """Does what `Bus` does, within one process; every message goes through its wire form.

    `said` lists the topics in the order in which they were published on.
    """

    address: str = "mqtt://127.0.0.1:1"
    subscriptions: list[MemorySubscription] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    _retained: dict[str, bytes] = field(default_factory=dict)

    def say(self, channel: Channel[M], message: M | None, **levels: str) -> None:
        """Publish a message, or None to clear what is retained on the topic."""
        topic = channel.topic(**levels)
        payload = b"" if message is None else channel.encode(message)
        self.said.append(topic)
        if channel.retain:
            self._retained[topic] = payload
        for subscription in tuple(self.subscriptions):
            subscription.hear(topic, payload)

    async def publish(self, channel: Channel[M], message: M, **levels: str) -> None:
        """Publish a message."""
        self.say(channel, message, **levels)

    async def subscribe(
        self,
        channel: Channel[M],
        handler: Callable[[dict[str, str], M | None], None],
        **levels: str,
    ) -> MemorySubscription:
        """Call `handler` with each message that matches `levels`, first with what is retained."""

        def hear(topic: str, payload: bytes) -> None:
            found = channel.levels(topic)
            if found is not None and levels.items() <= found.items():
                handler(found, channel.decode(payload) if payload else None)

        subscription = MemorySubscription(self, hear)
        self.subscriptions.append(subscription)
        for topic, payload in self._retained.items():
            if payload:
                hear(topic, payload)
        return subscription
