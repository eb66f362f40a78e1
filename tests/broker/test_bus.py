import asyncio
import logging
import shutil
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import aiomqtt
import pytest
from broker_process import KINDS, BrokerProcess, running_broker
from bus_process import running_fleet
from services import require

from gatedrill.broker import link
from gatedrill.broker.bus import Bus, Received
from gatedrill.broker.link import Packet
from gatedrill.broker.serve import BrokerKind
from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.messages import (
    Arm,
    ArmBurst,
    Armed,
    ArmStream,
    BurstKind,
    DeviceInfo,
    Fire,
    Presence,
    Presentation,
    Report,
)
from gatedrill.contract.outcome import Outcome, OutcomeKind
from gatedrill.contract.topics import ARM, ARMED, CONDUCTOR, FIRE, PRESENCE, REPORT, Channel, M

Heard = asyncio.Queue[tuple[dict[str, str], M | None]]


def presence(fleet: str, boot: str) -> Presence:
    device = DeviceInfo("north-1", "camera", repeat_window_s=2.0)
    return Presence(fleet, boot, host="here", target="http://127.0.0.1", devices=(device,))


async def hearing(bus: Bus, channel: Channel[M], **levels: str) -> Heard[M]:
    heard: Heard[M] = asyncio.Queue()
    await bus.subscribe(
        channel, lambda found, message: heard.put_nowait((found, message)), **levels
    )
    return heard


async def test_a_message_arrives_as_it_was_sent_with_the_levels_of_its_topic(
    bus: Bus, name: str
) -> None:
    heard = await hearing(bus, REPORT, fleet=name)
    scan = ScanRecord(
        attempt="a1",
        device="north-1",
        symbol="T-1",
        intended_ns=1,
        released_ns=2,
        decoded_ns=None,
        decided_ns=4,
        outcome=Outcome(OutcomeKind.ADMITTED),
    )
    report = Report("s1", "b1", (scan,), finished=True)
    await bus.publish(REPORT, report, fleet=name, run="r1")
    assert await heard.get() == ({"fleet": name, "run": "r1"}, report)


async def test_two_kinds_of_message_on_one_channel_are_told_apart(bus: Bus, name: str) -> None:
    heard = await hearing(bus, ARM, fleet=name)
    shown = (Presentation("a1", "north-1", "T-1", seed=7),)
    arms: list[Arm] = [
        ArmBurst("s1", "b1", BurstKind.REQUEST, -5, shown),
        ArmStream("s2", "b1", -5, shown, pause_s=0.1, duration_s=2.0),
    ]
    for arm in arms:
        await bus.publish(ARM, arm, fleet=name, run="r1")
    assert [(await heard.get())[1] for _ in arms] == arms


async def test_messages_arrive_in_the_order_they_were_sent(bus: Bus, name: str) -> None:
    heard = await hearing(bus, FIRE, run=name)
    for at_ns in range(200):
        await bus.publish(FIRE, Fire("s1", at_ns), run=name)
    assert [(await heard.get())[1] for _ in range(200)] == [Fire("s1", n) for n in range(200)]


async def test_a_subscriber_hears_only_the_levels_it_asked_for(bus: Bus, name: str) -> None:
    heard = await hearing(bus, REPORT, fleet=name, run="mine")
    elsewhere = await hearing(bus, REPORT, fleet=name, run="other")
    await bus.publish(REPORT, Report("s1", "b1", ()), fleet=name, run="other")
    await bus.publish(REPORT, Report("s2", "b1", ()), fleet=name, run="mine")
    assert await heard.get() == ({"fleet": name, "run": "mine"}, Report("s2", "b1", ()))
    assert (await elsewhere.get())[1] == Report("s1", "b1", ())
    assert heard.empty()
    assert elsewhere.empty()


async def test_an_ended_subscription_hears_nothing_while_another_of_its_pattern_still_does(
    bus: Bus, name: str
) -> None:
    ended: list[Fire | None] = []
    subscription = await bus.subscribe(FIRE, lambda _, fire: ended.append(fire), run=name)
    heard = await hearing(bus, FIRE, run=name)
    subscription.end()
    await bus.publish(FIRE, Fire("s1", 1), run=name)
    assert (await heard.get())[1] == Fire("s1", 1)
    assert ended == []


async def test_after_the_last_subscription_of_a_pattern_the_broker_sends_nothing(
    bus: Bus, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived: list[str] = []
    dispatch = bus._dispatch

    def recording(packet: Packet) -> None:
        arrived.append(packet.topic)
        dispatch(packet)

    monkeypatch.setattr(bus, "_dispatch", recording)
    subscription = await bus.subscribe(FIRE, lambda _levels, _message: None, run=name)
    subscription.end()
    heard = await hearing(bus, ARMED, run=name)
    await bus.publish(FIRE, Fire("s1", 1), run=name)
    await bus.publish(ARMED, Armed("over", "b"), fleet=name, run=name)
    await heard.get()
    assert arrived == [ARMED.topic(fleet=name, run=name)]


async def test_who_comes_later_sees_a_presence_and_is_told_that_it_was_retained(
    broker: BrokerProcess, bus: Bus, name: str
) -> None:
    await bus.publish(PRESENCE, presence(name, "b1"), fleet=name, boot="b1")
    seen: asyncio.Queue[Received[Presence]] = asyncio.Queue()
    async with Bus(broker.url, f"late-{name}") as late:
        await late.listen(PRESENCE, seen.put_nowait)
        while (first := await seen.get()).levels["fleet"] != name:
            pass
        await bus.publish(PRESENCE, presence(name, "b1"), fleet=name, boot="b1")
        second = await seen.get()
    await bus.clear(PRESENCE, fleet=name, boot="b1")
    assert (first.message, first.retained) == (presence(name, "b1"), True)
    assert (second.message, second.retained) == (presence(name, "b1"), False)


async def test_a_cleared_presence_is_seen_as_none_and_by_latecomers_not_at_all(
    broker: BrokerProcess, bus: Bus, name: str
) -> None:
    heard = await hearing(bus, PRESENCE, fleet=name)
    await bus.publish(PRESENCE, presence(name, "b1"), fleet=name, boot="b1")
    await bus.clear(PRESENCE, fleet=name, boot="b1")
    assert [(await heard.get())[1] for _ in range(2)] == [presence(name, "b1"), None]
    async with Bus(broker.url, f"late-{name}") as late:
        late_heard = await hearing(late, PRESENCE, fleet=name)
        await late.publish(PRESENCE, presence(name, "b2"), fleet=name, boot="b2")
        assert (await late_heard.get())[0] == {"fleet": name, "boot": "b2"}
        await late.clear(PRESENCE, fleet=name, boot="b2")


async def test_leaving_clears_the_own_topic(broker: BrokerProcess, bus: Bus, name: str) -> None:
    heard = await hearing(bus, PRESENCE, fleet=name)
    topic = PRESENCE.topic(fleet=name, boot="b1")
    async with Bus(broker.url, f"fleet-{name}", own_topic=topic) as fleet:
        await fleet.publish(PRESENCE, presence(name, "b1"), fleet=name, boot="b1")
    assert [(await heard.get())[1] for _ in range(2)] == [presence(name, "b1"), None]


async def test_the_own_topic_of_a_killed_process_is_cleared(
    broker: BrokerProcess, bus: Bus, name: str
) -> None:
    heard = await hearing(bus, PRESENCE, fleet=name)
    with running_fleet(broker.url, name, "b1") as process:
        assert (await heard.get())[1] is not None
        process.kill()
        assert await heard.get() == ({"fleet": name, "boot": "b1"}, None)


async def test_the_own_topic_of_a_client_that_falls_silent_is_cleared(
    broker: BrokerProcess, bus: Bus, name: str
) -> None:
    heard = await hearing(bus, CONDUCTOR, conductor=name)
    _, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    writer.write(_connect_packet(name, CONDUCTOR.topic(conductor=name), keepalive_s=1))
    assert await heard.get() == ({"conductor": name}, None)
    writer.close()


def _connect_packet(client_id: str, will_topic: str, *, keepalive_s: int) -> bytes:
    """MQTT 3.1.1, clean session, a retained empty will on QoS 1."""

    def text(value: str) -> bytes:
        return len(value).to_bytes(2, "big") + value.encode()

    flags = 0b0010_1110
    header = text("MQTT") + bytes([4, flags]) + keepalive_s.to_bytes(2, "big")
    body = header + text(client_id) + text(will_topic) + text("")
    return bytes([0x10, len(body)]) + body


async def test_a_client_of_the_same_name_replaces_the_older_whose_will_comes_first(
    broker: BrokerProcess, bus: Bus, name: str
) -> None:
    """The late will of a broken connection cannot clear what the next connection publishes."""
    heard = await hearing(bus, PRESENCE, fleet=name)
    topic = PRESENCE.topic(fleet=name, boot="b1")
    older = await asyncio.open_connection("127.0.0.1", broker.port)
    coming = Bus(broker.url, name, own_topic=topic)
    older[1].write(_connect_packet(coming.client_id, topic, keepalive_s=60))
    assert (await older[0].readexactly(4))[0] == 0x20
    async with coming as newer:
        await newer.publish(PRESENCE, presence(name, "b1"), fleet=name, boot="b1")
        assert await older[0].read() == b""
        assert [(await heard.get())[1] for _ in range(2)] == [None, presence(name, "b1")]
    older[1].close()


async def test_whoever_knows_what_a_client_is_called_does_not_know_its_id(
    broker: BrokerProcess, name: str
) -> None:
    async with Bus(broker.url, name) as one, Bus(broker.url, name) as other:
        await one.publish(FIRE, Fire("s1", 1), run=name)
        await other.publish(FIRE, Fire("s1", 1), run=name)
        assert one.is_connected
        assert one.client_id.startswith(f"{name}-")
        assert len({one.client_id, other.client_id, name}) == 3


async def test_an_unreadable_message_is_dropped_with_a_warning_and_the_next_one_is_handled(
    bus: Bus, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard = await hearing(bus, FIRE, run=name)
    topic = FIRE.topic(run=name)
    for payload in (b"\xff", b"{", b'{"step": 1, "at_ns": 2}', b'{"step": "s"}'):
        await bus._say(topic, payload, qos=1, retain=False)
    await bus.publish(FIRE, Fire("s1", 1), run=name)
    assert (await heard.get())[1] == Fire("s1", 1)
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 4
    assert all(topic in warning.getMessage() for warning in warnings)


async def test_a_handler_that_fails_is_logged_with_its_traceback_and_the_others_go_on(
    bus: Bus, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_levels: dict[str, str], _fire: Fire | None) -> None:
        raise ZeroDivisionError

    await bus.subscribe(FIRE, fail, run=name)
    heard = await hearing(bus, FIRE, run=name)
    for at_ns in (1, 2):
        await bus.publish(FIRE, Fire("s1", at_ns), run=name)
    assert [(await heard.get())[1] for _ in range(2)] == [Fire("s1", 1), Fire("s1", 2)]
    failures = [record for record in caplog.records if record.exc_info]
    assert [failure.exc_info[0] for failure in failures if failure.exc_info] == [
        ZeroDivisionError,
        ZeroDivisionError,
    ]


async def test_five_thousand_messages_to_a_subscriber_that_does_not_read_all_arrive(
    broker: BrokerProcess, bus: Bus, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "KEEPALIVE_S", 60)  # on a busy machine it does not read for long
    subscribed, release = threading.Event(), threading.Event()
    arrived: list[int] = []

    def stall(_levels: dict[str, str], fire: Fire | None) -> None:
        release.wait()
        assert fire is not None
        arrived.append(fire.at_ns)

    async def subscriber() -> None:
        async with Bus(broker.url, f"slow-{name}") as slow:
            await slow.subscribe(FIRE, stall, run=name)
            done = await hearing(slow, ARMED, run=name)
            subscribed.set()
            async with asyncio.timeout(30):  # lost messages must fail, not hang
                await done.get()

    reading = asyncio.create_task(asyncio.to_thread(asyncio.run, subscriber()))
    try:
        await asyncio.to_thread(subscribed.wait)
        for first in range(0, 5000, 500):
            batch = range(first, first + 500)
            await asyncio.gather(*(bus.publish(FIRE, Fire("s1", n), run=name) for n in batch))
        await bus.publish(ARMED, Armed("over", "b"), fleet=name, run=name)
    finally:
        release.set()
    await reading
    assert arrived == list(range(5000))


@pytest.fixture(params=KINDS)
def mortal(request: pytest.FixtureRequest) -> BrokerKind:
    """The kind of a broker that the test runs, and ends, itself."""
    kind: BrokerKind = request.param
    return kind


async def test_after_a_restart_of_the_broker_everything_is_subscribed_again_and_told(
    mortal: BrokerKind, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    back = asyncio.Event()
    with running_broker(mortal) as first:
        async with Bus(first.url, name) as bus:
            heard = await hearing(bus, FIRE, run=name)
            others = await hearing(bus, ARMED, run=name)
            bus.on_reconnect.add(back.set)
            assert bus.is_connected
            first.stop()
            with running_broker(mortal, first.port):
                await back.wait()
                assert bus.is_connected
                async with Bus(first.url, f"other-{name}") as other:
                    await other.publish(FIRE, Fire("s1", 1), run=name)
                    await other.publish(ARMED, Armed("over", "b"), fleet=name, run=name)
                assert (await heard.get())[1] == Fire("s1", 1)
                assert (await others.get())[1] == Armed("over", "b")
    assert next(r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING) == (
        f"lost the broker at {first.url}"
    )
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_what_is_published_while_the_broker_is_away_is_sent_when_it_is_back(
    mortal: BrokerKind, name: str
) -> None:
    with running_broker(mortal) as first:
        async with Bus(first.url, name) as bus:
            heard = await hearing(bus, FIRE, run=name)
            first.stop()
            publishing = asyncio.create_task(bus.publish(FIRE, Fire("s1", 1), run=name))
            with running_broker(mortal, first.port):
                await publishing
                assert (await heard.get())[1] == Fire("s1", 1)


async def test_publishing_without_a_broker_fails_after_the_timeout_and_names_the_topic(
    mortal: BrokerKind, name: str
) -> None:
    with running_broker(mortal) as only:
        async with Bus(only.url, name, timeout_s=0.3) as bus:
            only.stop()
            with pytest.raises(PeerError) as failure:
                await bus.publish(FIRE, Fire("s1", 1), run=name)
            assert not bus.is_connected
    assert FIRE.topic(run=name) in str(failure.value)
    assert only.url in str(failure.value)


async def test_who_cannot_reach_the_broker_is_told_after_the_timeout_and_who_can_at_once(
    mortal: BrokerKind, name: str
) -> None:
    with running_broker(mortal) as only:
        async with Bus(only.url, name, timeout_s=0.3) as bus:
            await bus.reach()
            only.stop()
            with pytest.raises(PeerError, match="cannot hear anybody: no connection to the broker"):
                await reach_until_it_is_gone(bus)


async def reach_until_it_is_gone(bus: Bus) -> None:
    """A loss is noticed a moment later."""
    while True:
        await bus.reach()
        await asyncio.sleep(0)


async def test_an_unreachable_broker_is_named_with_its_address(unused_tcp_port: int) -> None:
    url = f"mqtt://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(PeerError, match=f"cannot reach the broker at {url}: "):
        async with Bus(url, "nobody"):
            pass


def test_a_malformed_url_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(UsageError):
        Bus("tcp://127.0.0.1", "nobody")


@asynccontextmanager
async def server_that_says(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A TCP server that answers whatever comes first with `answer`; yields its port."""

    conversations: set[asyncio.Task[None] | None] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.current_task())
        await reader.read(1)
        writer.write(answer)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(converse, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*filter(None, conversations))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost, with its key, in one file."""
    require(shutil.which("openssl") is not None, "the program openssl")
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    files = ("-keyout", str(file), "-out", str(file.with_suffix(".crt")))
    subprocess.run((*make.split(), *subject, *files), check=True, capture_output=True)
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_over_tls_only_a_broker_that_the_system_trusts_is_spoken_to(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, is_trusted: bool
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    connecting = nullcontext() if is_trusted else pytest.raises(PeerError, match="certificate")
    async with server_that_says(b"\x20\x02\x00\x00", tls) as port:
        with connecting:
            async with Bus(f"mqtts://localhost:{port}", "nobody"):
                pass


@pytest.mark.parametrize("code", [4, 5])
async def test_refused_credentials_are_told_and_not_shown(
    code: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with server_that_says(bytes([0x20, 2, 0, code])) as port:
        bus = Bus(f"mqtt://ann:hush-hush@127.0.0.1:{port}", "nobody")
        with pytest.raises(PeerError, match="refuses the credentials") as failure:
            async with bus:
                pass
    shown = (str(failure.value), repr(bus), repr(vars(bus)), caplog.text)
    assert not any("hush-hush" in text for text in shown)


async def test_another_refusal_tells_the_brokers_reason() -> None:
    async with server_that_says(bytes([0x20, 2, 0, 3])) as port:
        with pytest.raises(PeerError, match=r"refuses the connection: .*[Uu]navailable"):
            async with Bus(f"mqtt://127.0.0.1:{port}", "nobody"):
                pass


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up soon, and have nobody but ourselves close what was opened."""
    monkeypatch.setattr(link, "CONNECT_TIMEOUT_S", 0.2)
    monkeypatch.setattr(link, "KEEPALIVE_S", 1000)


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_says_nothing_is_given_up_and_its_connection_closed() -> None:
    async with server_that_says(b"") as port:
        with pytest.raises(PeerError, match="cannot reach the broker"):
            async with Bus(f"mqtt://127.0.0.1:{port}", "nobody"):
                pass


@pytest.mark.usefixtures("impatient")
async def test_connecting_can_be_cancelled_and_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, proceed, ended = threading.Event(), threading.Event(), threading.Event()
    connect = aiomqtt.Client._client_connect

    def connect_when_told(client: aiomqtt.Client) -> None:
        begun.set()
        proceed.wait()
        connect(client)
        ended.set()

    monkeypatch.setattr(aiomqtt.Client, "_client_connect", connect_when_told)
    async with server_that_says(b"") as port:
        entering = asyncio.create_task(Bus(f"mqtt://127.0.0.1:{port}", "nobody").__aenter__())
        await asyncio.to_thread(begun.wait)
        entering.cancel()
        asyncio.get_running_loop().call_soon(proceed.set)
        with pytest.raises(asyncio.CancelledError):
            await entering
        proceed.set()
        await asyncio.to_thread(ended.wait)
        for _ in range(10):  # the server accepts meanwhile, and then waits for the end
            await asyncio.sleep(0)


async def test_an_answer_for_somebody_who_was_cancelled_meanwhile_is_not_complained_of(
    bus: Bus, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert bus._link is not None
    pending = bus._link._client._pending_subscribes
    subscribing = asyncio.create_task(bus.subscribe(ARMED, lambda *_: None, fleet=name))
    while not pending:  # noqa: ASYNC110 - the library tells nobody
        await asyncio.sleep(0)
    subscribing.cancel()
    await asyncio.wait([subscribing])
    heard = await hearing(bus, REPORT, fleet=name)  # answered after the one before
    await bus.publish(REPORT, Report("s1", "b1", ()), fleet=name, run="r1")
    await heard.get()
    assert caplog.records == []
