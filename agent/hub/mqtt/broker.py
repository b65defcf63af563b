"""One connection to the broker: TLS and passwords, the Last Will, and publications that are only done once confirmed.

aiomqtt speaks the protocol. Three things of it are made stricter: a broker that hangs up instead of a welcome is
noticed at once, a publication that it refuses is an error, and its limit of what may be under way is kept.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiomqtt
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import ConnectFlags, DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import LinkClosed, OperatorError
from agent.hub.certificates import NO_CHECK_TIME
from agent.hub.mqtt.telling import MOST_ON_THE_WAY, OFFLINE, ONLINE, Message, Topics
from agent.tables.mqtt import MqttConfig

MOST_ORDER_BYTES = 16 * 1024
MOST_WAITING = 64
"""Orders that wait; what comes beyond is dropped."""
ANSWER_S = 8.0
CONNECT_S = 4.0
GOODBYE_S = 1.0
_QOS = 1
_QUIET = logging.getLogger("agent.hub.mqtt.library")
_QUIET.setLevel(logging.CRITICAL)  # what goes wrong is told once, in our words


class Refused(LinkClosed):
    """The broker does not take what is published."""


class TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails, which paho does not."""

    def do_handshake(self, block: bool = False) -> None:
        """Raises what the handshake raises."""
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class Client(aiomqtt.Client):
    """aiomqtt's, with the broker's word on each publication."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings, logger=_QUIET)
        self._client.connect_timeout = CONNECT_S
        self.pending_calls_threshold = 4 * MOST_ON_THE_WAY
        self.receive_maximum = MOST_ON_THE_WAY
        self.refusal = ""

    def abandon(self) -> None:
        """Hang up at once and without a word, whatever is under way: then the broker publishes the Last Will."""
        self._client._sock_close()  # the library's own end waits for a broker that may hear nothing
        if self._disconnected.done():
            self._disconnected.exception()

    def _on_connect(
        self,
        client: Paho,
        userdata: Any,
        flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self.receive_maximum = getattr(properties, "ReceiveMaximum", self.receive_maximum)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self,
        client: Paho,
        userdata: Any,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._unwelcome, str(reason_code))
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _unwelcome(self, reason: str) -> None:
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError(f"it hung up instead of a welcome ({reason})"))

    def _on_publish(
        self, client: Paho, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        if reason_code.is_failure:
            self.refusal = str(reason_code)
        super()._on_publish(client, userdata, mid, reason_code, properties)


class Broker:
    """A broker that has welcomed the camera."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._room = asyncio.Semaphore(min(MOST_ON_THE_WAY, client.receive_maximum))

    async def publish(self, message: Message) -> None:
        """Returns once the broker has it; what is begun first arrives first. Raises LinkClosed, Refused."""
        async with self._room:
            try:
                await self._client.publish(message.topic, message.payload, _QOS, message.retain)
            except aiomqtt.MqttError as error:
                raise LinkClosed(f"{message.topic} was not confirmed: {error}") from error
        if self._client.refusal:
            raise Refused(f"the broker refuses what is published, {message.topic} or near it: {self._client.refusal}")

    async def subscribe(self, topic: str) -> None:
        """Raises LinkClosed."""
        try:
            answers = await self._client.subscribe(topic, _QOS)
        except aiomqtt.MqttError as error:
            raise LinkClosed(f"{topic} cannot be subscribed to: {error}") from error
        for answer in answers:
            if isinstance(answer, ReasonCode) and answer.is_failure:
                raise Refused(f"the broker does not let the camera listen to {topic}: {answer}")

    async def heard(self) -> AsyncIterator[aiomqtt.Message]:
        """What comes, until the connection breaks. Raises LinkClosed then."""
        try:
            async for message in self._client.messages:
                yield message
        except aiomqtt.MqttError as error:
            raise LinkClosed(f"the connection broke: {error.__cause__ or error}") from error


@asynccontextmanager
async def connected(config: MqttConfig, topics: Topics, *, timely: bool) -> AsyncIterator[Broker]:
    """Connect and say that the camera is there; when it stops, that it is gone. Raises LinkClosed, OperatorError.

    After any other end the broker publishes the Last Will. Where the camera does not know the time (not `timely`) a
    broker whose authority is configured is believed without a look at the dates: a wrong clock locks nobody out.
    """
    context, password = await asyncio.to_thread(_credentials, config)
    if context and config.ca and not timely:
        context.verify_flags |= NO_CHECK_TIME
    client = _client(config, context, password, topics)
    await _enter(client)
    broker = Broker(client)
    try:
        await broker.publish(Message(topics.status, ONLINE, retain=True))
        yield broker
    except asyncio.CancelledError:
        await _farewell(broker, topics)
        raise
    finally:
        client.abandon()


async def _farewell(broker: Broker, topics: Topics) -> None:
    with suppress(LinkClosed, TimeoutError):
        async with asyncio.timeout(GOODBYE_S):
            await broker.publish(Message(topics.status, OFFLINE, retain=True))


async def _enter(client: Client) -> None:
    """Connect; whoever is cancelled meanwhile waits for nothing, and leaves no connection behind."""
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(entering)
    except asyncio.CancelledError:
        entering.add_done_callback(lambda done: _leave(done, client))
        raise
    except aiomqtt.MqttError as error:
        client.abandon()
        raise LinkClosed(str(error)) from error


def _leave(entering: asyncio.Future[Any], client: Client) -> None:
    if not entering.cancelled():
        entering.exception()
    client.abandon()


def _client(config: MqttConfig, context: ssl.SSLContext | None, password: str | None, topics: Topics) -> Client:
    host, port = config.address
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = MOST_ORDER_BYTES
    return Client(
        host,
        port,
        protocol=aiomqtt.ProtocolVersion.V5,
        identifier=f"{topics.beginning}-{topics.device}".replace("/", "-"),
        username=config.username,
        password=password,
        will=aiomqtt.Will(topics.status, OFFLINE, _QOS, retain=True),
        clean_start=True,
        timeout=ANSWER_S,
        keepalive=config.keepalive_s,
        max_queued_incoming_messages=MOST_WAITING,
        properties=properties,
        tls_context=context,
    )


def _credentials(config: MqttConfig) -> tuple[ssl.SSLContext | None, str | None]:
    """What proves who is who; read anew at every attempt, for certificates are renewed. Raises OperatorError."""
    password = None
    if config.password_file:
        password = _secret(config.password_file, "mqtt.password_file").strip()
    if not config.tls:
        return None, password
    try:
        context = ssl.create_default_context(cafile=config.ca)
        if config.cert and config.key:
            _private(config.key, "mqtt.key")
            context.load_cert_chain(config.cert, config.key)
    except (OSError, ValueError) as error:
        named = f"{config.ca}, {config.cert} or {config.key}"
        raise OperatorError(f"the broker's TLS cannot be set up with {named}: {error}", hint="see [mqtt]") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = TidySocket
    return context, password


def _secret(path: str, key: str) -> str:
    try:
        _private(path, key)
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{key} {path} cannot be read: {error}", hint="let the agent's user own it") from None


def _private(path: str, key: str) -> None:
    if stat.S_IMODE(Path(path).stat().st_mode) & 0o077:
        raise OperatorError(f"{key} {path} is open to others", hint=f"chmod 600 {path}")
