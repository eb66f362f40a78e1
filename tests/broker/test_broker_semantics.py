"""What gatedrill relies on in a broker, seen by a plain client of the library."""

import asyncio
from collections.abc import AsyncIterator

import aiomqtt
import pytest
from broker_process import BrokerProcess


def plain_client(broker: BrokerProcess, identifier: str) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", broker.port, identifier=identifier)


@pytest.fixture
async def client(broker: BrokerProcess, name: str) -> AsyncIterator[aiomqtt.Client]:
    async with plain_client(broker, f"plain-{name}") as connected:
        yield connected


async def receive(client: aiomqtt.Client, count: int) -> list[aiomqtt.Message]:
    messages = client.messages
    return [await anext(messages) for _ in range(count)]


async def test_a_connecting_client_is_not_sent_what_others_have_subscribed_to(
    broker: BrokerProcess, client: aiomqtt.Client, name: str
) -> None:
    await client.subscribe(f"{name}/+")
    await client.publish(f"{name}/kept", b"for those who ask", retain=True, qos=1)
    async with plain_client(broker, f"other-{name}") as other:
        await other.subscribe(f"other-{name}")
        await other.publish(f"other-{name}", b"for all")
        (first,) = await receive(other, 1)
    await client.publish(f"{name}/kept", b"", retain=True, qos=1)
    assert first.topic.value == f"other-{name}"


@pytest.mark.parametrize(
    ("published", "subscribed", "delivered"), [(0, 1, 0), (1, 0, 0), (1, 1, 1), (0, 0, 0)]
)
async def test_a_message_is_delivered_at_the_lower_of_both_qualities(
    client: aiomqtt.Client, name: str, published: int, subscribed: int, delivered: int
) -> None:
    await client.publish(f"{name}/kept", b"kept", qos=published, retain=True)
    await client.subscribe(f"{name}/+", qos=subscribed)
    await client.publish(f"{name}/live", b"live", qos=published)
    messages = await receive(client, 2)
    await client.publish(f"{name}/kept", b"", qos=1, retain=True)
    assert [(m.payload, m.qos, m.retain) for m in messages] == [
        (b"kept", delivered, True),
        (b"live", delivered, False),
    ]


async def test_a_message_that_two_patterns_of_one_client_match_comes_once(
    client: aiomqtt.Client, name: str
) -> None:
    await client.subscribe([(f"{name}/+", 0), (f"{name}/a", 1)])
    for payload in (b"1", b"2"):
        await client.publish(f"{name}/a", payload, qos=1)
    assert [m.payload for m in await receive(client, 2)] == [b"1", b"2"]


async def test_what_was_retained_comes_before_what_is_published_after_the_subscription(
    broker: BrokerProcess, client: aiomqtt.Client, name: str
) -> None:
    """Without this order a claim could come back before an older one is seen."""
    kept = [f"{name}/{n}" for n in range(50)]
    await asyncio.gather(*(client.publish(topic, b"kept", qos=1, retain=True) for topic in kept))
    for attempt in range(10):
        async with plain_client(broker, f"late-{name}-{attempt}") as late:
            await late.subscribe(f"{name}/+", qos=1)
            await late.publish(f"{name}/own", b"own", qos=1)
            messages = await receive(late, 51)
        assert [m.topic.value for m in messages if not m.retain] == [f"{name}/own"]
        assert not messages[-1].retain
    await asyncio.gather(*(client.publish(topic, b"", qos=1, retain=True) for topic in kept))


async def test_what_was_acknowledged_is_handed_on_even_if_its_sender_leaves_at_once(
    broker: BrokerProcess, client: aiomqtt.Client, name: str
) -> None:
    await client.subscribe(f"{name}/+", qos=1)
    async with plain_client(broker, f"brief-{name}") as brief:
        await asyncio.gather(*(brief.publish(f"{name}/{n}", b"x", qos=1) for n in range(300)))
    assert len(await receive(client, 300)) == 300


async def test_a_client_that_says_goodbye_has_no_last_will(
    broker: BrokerProcess, client: aiomqtt.Client, name: str
) -> None:
    await client.subscribe(f"{name}/+", qos=1)
    will = aiomqtt.Will(f"{name}/will", b"died", qos=1)
    async with aiomqtt.Client("127.0.0.1", broker.port, identifier=f"polite-{name}", will=will):
        pass
    await client.publish(f"{name}/end", b"", qos=1)
    assert [m.topic.value for m in await receive(client, 1)] == [f"{name}/end"]


async def test_a_client_that_reads_nothing_does_not_hold_up_the_others(
    broker: BrokerProcess, client: aiomqtt.Client, name: str
) -> None:
    _, deaf = await asyncio.open_connection("127.0.0.1", broker.port)
    deaf.write(_connect_and_subscribe(f"deaf-{name}", f"{name}/+"))
    await client.subscribe(f"{name}/+", qos=1)
    large = b"x" * 100_000
    await asyncio.gather(*(client.publish(f"{name}/{n}", large, qos=1) for n in range(200)))
    assert len(await receive(client, 200)) == 200
    deaf.close()


def _connect_and_subscribe(identifier: str, pattern: str) -> bytes:
    def text(value: str) -> bytes:
        return len(value).to_bytes(2, "big") + value.encode()

    connect = text("MQTT") + bytes([4, 2, 0, 0]) + text(identifier)
    subscribe = b"\x00\x01" + text(pattern) + b"\x01"
    return b"\x10%c%b\x82%c%b" % (len(connect), connect, len(subscribe), subscribe)
