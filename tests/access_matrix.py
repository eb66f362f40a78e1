"""What an account at a broker may really do, found out by doing it."""

import asyncio
import socket
from collections.abc import Sequence

import aiomqtt
from accounts_broker import OBSERVER, AccountsBroker

from gatedrill.broker.address import BrokerAddress
from gatedrill.contract.topics import CHANNELS, ROOT, Channel

OTHER_ROOT = "gatedrill/v999"
"""Of a version of the protocol that is not ours."""
NAME, OTHER, EMULATED = "north", "south", "gate"
"""A fleet with an account of its own, another one, and a fleet without."""
COLUMNS = {
    "conductor": ("conductor", (NAME, OTHER, EMULATED)),
    "registrar": ("registrar", (NAME, OTHER, EMULATED)),
    "device": ("device", (EMULATED,)),
    "device for NAME": ("device", (NAME, OTHER)),
    "NAME": (NAME, (NAME,)),
    "NAME for others": (NAME, (OTHER, EMULATED)),
}
"""Who acts, and for which fleets."""

Rights = dict[str, str]
"""By topic, "reads", "writes", "reads, writes" or nothing."""


def rows() -> dict[str, Channel[object]]:
    """The channels, and again as other versions have them, by the name of their row."""
    own = {channel.name: channel for channel in CHANNELS}
    return {**own, **{f"{name} of another version": each for name, each in own.items()}}


def topic(row: str, channel: Channel[object], fleet: str) -> str:
    """The channel's topic for this fleet."""
    levels = {"fleet": fleet, "boot": "b1", "run": "r1", "conductor": "c1"}
    ours = channel.topic(**levels)
    return ours.replace(ROOT, OTHER_ROOT) if row.endswith("version") else ours


def all_topics() -> list[str]:
    """Every topic that somebody might mean, and some that nobody should."""
    fleets = (NAME, OTHER, EMULATED)
    meant = [topic(row, channel, fleet) for row, channel in rows().items() for fleet in fleets]
    return [*dict.fromkeys(meant), *UNKNOWN]


UNKNOWN = ("elsewhere", "gatedrill", ROOT, f"{ROOT}/downs", f"{ROOT}/registrar", f"{ROOT}x/up/a")


async def real_rights(broker: AccountsBroker, user: str, topics: Sequence[str]) -> Rights:
    """What the broker lets this user do, on each of the topics."""
    async with _client(broker, OBSERVER) as observer, _client(broker, user) as client:
        await observer.subscribe("#", qos=1)
        await asyncio.gather(*(client.publish(each, b"said", qos=1) for each in topics))
        await observer.publish("end", qos=1)  # it comes after all that was let through
        written = await _until_end(observer)
        await client.subscribe("#", qos=1)
        await asyncio.gather(*(observer.publish(each, b"told", qos=1) for each in topics))
        await client.subscribe("answered-after-them")
        heard = [await anext(client.messages) for _ in range(len(client.messages))]
    read = {str(message.topic) for message in heard}
    return {each: _words(each in read, each in written) for each in topics}


async def _until_end(observer: aiomqtt.Client) -> set[str]:
    written = set()
    async for message in observer.messages:
        if str(message.topic) == "end":
            break
        written.add(str(message.topic))
    return written


def _words(reads: bool, writes: bool) -> str:
    return ", ".join(word for word, may in (("reads", reads), ("writes", writes)) if may)


def _client(broker: AccountsBroker, user: str) -> aiomqtt.Client:
    address = BrokerAddress.parse(broker.url_of(user))
    client = aiomqtt.Client(
        address.host,
        address.port,
        username=address.username,
        password=address.password,
        protocol=aiomqtt.ProtocolVersion.V311,
        max_inflight_messages=1000,
        socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
    )
    client.pending_calls_threshold = 1000
    return client
