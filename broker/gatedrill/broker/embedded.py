"""The embedded broker: amqtt on a loopback socket, for machines without Mosquitto.

Run it in a process of its own. It speaks the subset of MQTT 3.1.1 that gatedrill uses: no QoS 2,
no persistent sessions. amqtt does the packets and the sessions; what is replaced here are its
faults that were seen to hurt:

- a connecting client was sent the retained messages of everybody's subscriptions;
- a message went out at the subscriber's QoS instead of the lower of both;
- a message acknowledged just before its sender left could be lost;
- each delivery was a task that waited for its acknowledgement, and a subscriber's retained
  messages could hold up its session for seconds;
- a silent client was never declared dead, and a second client of the same name did not replace
  the first.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from gatedrill.contract.errors import UsageError

try:
    from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
    from amqtt.broker import Broker
    from amqtt.contexts import BrokerConfig, ListenerConfig
    from amqtt.errors import AMQTTError, MQTTError, NoDataError
    from amqtt.mqtt import packet_class
    from amqtt.mqtt.disconnect import DisconnectPacket
    from amqtt.mqtt.packet import MQTTFixedHeader, MQTTPacket
    from amqtt.mqtt.pingreq import PingReqPacket
    from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
    from amqtt.mqtt.puback import PubackPacket
    from amqtt.mqtt.publish import PublishPacket
    from amqtt.mqtt.subscribe import SubscribePacket
    from amqtt.mqtt.unsubscribe import UnsubscribePacket
    from amqtt.session import Session
except ImportError as missing:
    raise UsageError(
        f"the embedded broker needs {missing.name}: install gatedrill[embedded-broker]"
    ) from missing

logger = logging.getLogger(__name__)

_LINGER_S = 1.0
_HIGHEST_QOS = 1


@asynccontextmanager
async def embedded_broker(listener: socket.socket) -> AsyncIterator[None]:
    """Serve MQTT on a bound socket while the body runs; the socket is closed at the end."""
    for noisy in ("amqtt", "transitions"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    broker = _Broker(listener)
    await broker.start()
    try:
        yield
    finally:
        await broker.shutdown()


class _Broker(Broker):  # type: ignore[misc]
    def __init__(self, listener: socket.socket) -> None:
        # amqtt insists on an address to bind, which is not used: the socket is bound already.
        listeners = {"default": ListenerConfig(bind="127.0.0.1:0")}
        super().__init__(BrokerConfig(listeners=listeners, plugins={}))
        self._listener = listener

    async def _create_server_instance(self, listener_name: str, *_: object) -> asyncio.Server:
        accept = partial(self.stream_connected, listener_name=listener_name)
        return await asyncio.start_server(accept, sock=self._listener)

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        connected: socket.socket = writer.get_extra_info("socket")
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self._client_connected(listener_name, StreamReaderAdapter(reader), _Writer(writer))

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        session.is_anonymous = True
        return True

    async def _handle_client_session(
        self,
        reader: StreamReaderAdapter,
        writer: "_Writer",
        client_session: Session,
        handler: BrokerProtocolHandler,  # noqa: ARG002 - ours takes its place
        *listener: object,
    ) -> None:
        connection = _Connection(self)
        await super()._handle_client_session(reader, writer, client_session, connection, *listener)

    async def _delete_session(self, client_id: str) -> None:
        """Make room for a new client of this name: the old one goes, with its last will."""
        _, old = self._sessions.get(client_id, (None, None))
        if old is not None:
            await old.end()
        await super()._delete_session(client_id)

    async def _handle_disconnect(
        self,
        client_session: Session,
        handler: "_Connection",
        disconnect_waiter: asyncio.Future[Any],
    ) -> None:
        await super()._handle_disconnect(client_session, handler, disconnect_waiter)
        handler.ended.set()
        if self._get_handler(client_session) is handler:
            await super()._delete_session(client_session.client_id)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        pattern, granted = subscription
        connection = self._get_handler(session)
        if connection is None or not self._is_subscribed(session, pattern):
            return
        for retained in list(self._retained_messages.values()):
            if self._matches(retained.topic, pattern):
                qos = min(granted, retained.qos or 0, _HIGHEST_QOS)
                connection.deliver(retained.topic, retained.data, qos, retain=True)

    def _is_subscribed(self, session: Session, pattern: str) -> bool:
        return any(subscriber is session for subscriber, _ in self._subscriptions.get(pattern, ()))

    async def _broadcast_message(
        self,
        session: Session | None,  # noqa: ARG002 - the signature is amqtt's
        topic: str,
        data: bytes,
        force_qos: int | None = None,
    ) -> None:
        """Hand a message on, at once, and to each client once."""
        for client_id, granted in self._granted(topic).items():
            _, connection = self._sessions.get(client_id, (None, None))
            if connection is not None:
                qos = min(granted, force_qos or 0, _HIGHEST_QOS)
                connection.deliver(topic, data, qos, retain=False)

    def _granted(self, topic: str) -> dict[str, int]:
        granted: dict[str, int] = {}
        for pattern, subscribers in self._subscriptions.items():
            if self._matches(topic, pattern):
                for session, qos in subscribers:
                    granted[session.client_id] = max(qos, granted.get(session.client_id, 0))
        return granted

    async def take(self, session: Session, packet: PublishPacket) -> None:
        """Hand on what a client published, and keep it if it asked for that."""
        await self._broadcast_message(session, packet.topic_name, packet.data, packet.qos)
        if packet.retain_flag:
            await self.retain_message(session, packet.topic_name, packet.data, packet.qos)


class _Connection(BrokerProtocolHandler):  # type: ignore[misc]
    """One client: packet after packet is read and done with, and nothing that is sent waits.

    So all clients see all messages in one order, and a client that has been told of its
    subscription has been sent what was retained.
    """

    def __init__(self, broker: _Broker) -> None:
        super().__init__(broker.plugins_manager)
        self._broker = broker
        self.ended = asyncio.Event()
        self._goodbye: DisconnectPacket | None = None

    async def start(self) -> None:
        await super().start()
        if self._reader_stopped.is_set():  # it went before amqtt had begun to wait for that
            await self.handle_disconnect(self._goodbye)

    async def handle_disconnect(self, disconnect: DisconnectPacket | None) -> None:
        self._goodbye = disconnect or self._goodbye
        await super().handle_disconnect(disconnect)

    async def end(self) -> None:
        """Drop the client and return when its last will has been published."""
        await self.handle_connection_closed()
        await self.ended.wait()

    def deliver(self, topic: str, data: bytes, qos: int, *, retain: bool) -> None:
        """Send a message; QoS 1 needs no repetition while the one TCP connection lives."""
        packet_id = self.session.next_packet_id if qos else None
        packet = PublishPacket.build(topic, bytes(data), packet_id, False, qos, retain)  # noqa: FBT003
        self.writer.write(packet.to_bytes())

    async def _send_packet(self, packet: MQTTPacket) -> None:
        self.writer.write(packet.to_bytes())

    async def _reader_loop(self) -> None:
        self._reader_ready.set()
        try:
            while (packet := await self._next_packet()) is not None:
                await self._do(packet)
        except (TimeoutError, NoDataError):
            logger.info("client %s fell silent or broke off", self.session.client_id)
        except (AMQTTError, MQTTError, ValueError) as error:
            logger.warning("dropping client %s: %s", self.session.client_id, error)
        finally:
            self._reader_stopped.set()
            await self.handle_connection_closed()

    async def _next_packet(self) -> MQTTPacket | None:
        silence_s = 1.5 * self.session.keep_alive or None
        async with asyncio.timeout(silence_s):
            header = await MQTTFixedHeader.from_stream(self.reader)
            if header is None:
                return None
            return await packet_class(header).from_stream(self.reader, fixed_header=header)

    async def _do(self, packet: MQTTPacket) -> None:
        match packet:
            case PublishPacket():
                await self.handle_publish(packet)
            case PubackPacket():
                pass
            case SubscribePacket():
                await self.handle_subscribe(packet)
            case UnsubscribePacket():
                await self.handle_unsubscribe(packet)
            case PingReqPacket():
                await self.handle_pingreq(packet)
            case DisconnectPacket():
                await self.handle_disconnect(packet)
            case _:
                raise MQTTError(f"{type(packet).__name__} is outside the supported subset")

    async def handle_publish(self, packet: PublishPacket) -> None:
        if packet.qos > _HIGHEST_QOS:
            raise MQTTError("QoS 2 is not supported")
        await self._broker.take(self.session, packet)
        if packet.qos:
            await self._send_packet(PubackPacket.build(packet.packet_id))


class _Writer(StreamWriterAdapter):  # type: ignore[misc]
    """Never waits for the peer: a client that reads nothing must not hold up the broker."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        super().__init__(writer)
        self._transport = writer.transport

    async def close(self) -> None:
        self.is_closed = True
        self._transport.close()
        asyncio.get_running_loop().call_later(_LINGER_S, self._transport.abort)
