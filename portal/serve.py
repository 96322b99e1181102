"""Daphne, with what a deployed portal needs and Daphne alone lacks.

SIGTERM stops listening, lets HTTP requests in flight finish, closes sockets with 1012 (come back)
a few at a time, and exits 0. A client that does not read is cut before it fills our memory, one
that floods is cut with 1008, a body over the limit gets a 413. The access log has no query strings.
"""

# daphne.server must come first: it installs Twisted's asyncio reactor.
from daphne.server import Server, reactor  # isort: skip

import asyncio
import logging
import random
import signal
import time
from collections.abc import Callable
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import defer
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.logger import globalLogBeginner

from portal import limits

logger = logging.getLogger("portal.serve")
access = logging.getLogger("portal.access")

QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
GOING_AWAY = 1012  # "service restart": clients come back after a random moment
FLOODED = 1008


class Inbox(asyncio.Queue[dict[str, Any]]):
    """The application's input, which knows how many bytes wait in it."""

    waiting = 0

    def _put(self, item: dict[str, Any]) -> None:
        self.waiting += _size(item)
        super()._put(item)

    def _get(self) -> dict[str, Any]:
        item = super()._get()
        self.waiting -= _size(item)
        return item


def _size(message: dict[str, Any]) -> int:
    return len(message.get("text") or "") + len(message.get("bytes") or b"")


class Request(WebRequest):
    """An HTTP request whose body has a limit. Refused bytes are read on but not kept."""

    application_type = "http"

    refused = False
    received = 0

    def gotLength(self, length: int | None) -> None:
        self.refused = (length or 0) > limits.BODY_BYTES
        super().gotLength(0 if self.refused else length)

    def handleContentChunk(self, data: bytes) -> None:
        self.received += len(data)
        self.refused = self.refused or self.received > limits.BODY_BYTES
        if not self.refused:
            super().handleContentChunk(data)
        elif self.received > 2 * limits.BODY_BYTES:  # does not stop: no answer would reach it
            self.channel.transport.abortConnection()

    def process(self) -> Any:
        if self.refused:
            self.request_start = time.time()
            return self.basic_error(413, b"Content Too Large", "The request's body is too large.")
        return super().process()


class HTTP(HTTPFactory):
    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol


class Socket(WebSocketProtocol):
    """A WebSocket with bounds in both directions and a life that ends at a random moment."""

    # Daphne compares and hashes by identity; a subclass must say so again.
    __hash__ = WebSocketProtocol.__hash__
    muted: bool
    slow_checks = 0

    def onConnect(self, request: Any) -> Any:
        # Not all at once: sockets opened together, say after a restart, end spread over an hour.
        self.lifetime = limits.WEBSOCKET_TIMEOUT * random.uniform(0.9, 1.1)
        return super().onConnect(request)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        inbox: Inbox = self.application_queue
        if inbox.qsize() >= limits.INBOX_MESSAGES or inbox.waiting > limits.INBOX_BYTES:
            if not self.muted:
                logger.warning("A socket that floods was closed.")
                self.sendCloseFrame(code=FLOODED)
                inbox.put_nowait({"type": "websocket.disconnect", "code": FLOODED})
                self.muted = True
            return
        super().onMessage(payload, isBinary)

    def serverSend(self, content: Any, binary: bool = False) -> None:
        super().serverSend(content, binary)
        if self.unsent() > limits.SOCKET_MESSAGE_BYTES + limits.OUTBOX_BYTES:
            self.evict()

    def unsent(self) -> int:
        """Bytes that the client has not taken off us yet."""
        transport = self.transport
        if transport is None or not hasattr(transport, "_tempDataLen"):
            return 0
        return len(transport.dataBuffer) - transport.offset + transport._tempDataLen

    def evict(self) -> None:
        logger.warning("A socket that does not read was cut with %d bytes unsent.", self.unsent())
        self.transport.abortConnection()

    def check_timeouts(self) -> None:
        if self.state == self.STATE_OPEN:
            # Twice in a row: a burst that the loop has not written yet is not a slow reader.
            self.slow_checks = self.slow_checks + 1 if self.unsent() > limits.OUTBOX_BYTES else 0
            if self.slow_checks > 1:
                self.evict()
                return
            if self.duration() > self.lifetime:
                self.sendCloseFrame(code=GOING_AWAY)
        super().check_timeouts()


class Sockets(WebSocketFactory):
    protocol = Socket


class PortalServer(Server):
    """Daphne's server with our protocols, our shutdown and a plain word when the port is taken."""

    def __init__(self, application: Any, *, drain: float, **options: Any) -> None:
        super().__init__(
            application,
            action_logger=log_access,
            http_timeout=limits.HTTP_TIMEOUT,
            websocket_timeout=-1,  # Socket.lifetime does it
            ping_interval=limits.PING,
            ping_timeout=limits.PING,
            websocket_max_message_size=limits.SOCKET_MESSAGE_BYTES,
            websocket_max_frame_size=limits.SOCKET_MESSAGE_BYTES,
            server_name="",
            verbosity=0,
            **options,
        )
        self.drain_seconds = drain
        self.draining = False
        self.failure = ""
        self.ports: list[Any] = []
        self.connections: dict[Any, dict[str, Any]] = {}

    def run(self) -> None:
        """Serve until a signal has been obeyed, or until it is clear that nothing can be served."""
        self.http_factory = HTTP(self)
        self.ws_factory = Sockets(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,  # the origin check is the application's
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        globalLogBeginner.beginLoggingTo(
            [lambda _event: None], redirectStandardIO=False, discardBuffer=True
        )
        loop = reactor._asyncioEventloop
        asyncio.set_event_loop(loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.drain)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.callWhenRunning(self.listen)
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        reactor.run(installSignalHandlers=False)

    def listen(self) -> None:
        waiting = [serverFromString(reactor, e).listen(self.http_factory) for e in self.endpoints]
        all_ports = defer.gatherResults(waiting, consumeErrors=True)
        all_ports.addCallbacks(self._listening, self._cannot_listen)

    def _listening(self, ports: list[Any]) -> None:
        self.ports = ports
        if self.ready_callable:
            self.ready_callable()

    def _cannot_listen(self, failure: Any) -> None:
        error = failure.value.subFailure.value
        self.failure = str(error)
        if isinstance(error, CannotListenError):
            reason = getattr(error.socketError, "strerror", error.socketError)
            self.failure = f"Cannot listen on {error.interface}:{error.port}: {reason}."
        reactor.stop()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Inbox | None:
        """As Daphne's, with an input that counts its bytes."""
        if protocol not in self.connections:
            return None
        inbox = Inbox()
        scope.setdefault("asgi", {"version": "3.0"})

        async def send(message: dict[str, Any]) -> None:
            await self.handle_reply(protocol, message)

        running = asyncio.ensure_future(self.application(scope, inbox.get, send))
        self.connections[protocol]["application_instance"] = running
        return inbox

    def drain(self) -> None:
        """Go gently; on a second signal at once."""
        if self.draining:
            reactor.stop()
            return
        self.draining = True
        deadline = time.monotonic() + self.drain_seconds
        for port in self.ports:
            port.stopListening()
        sockets = [p for p in self.connections if p.application_type == "websocket"]
        pause = min(
            1 / limits.DRAIN_SOCKETS_PER_SECOND, 0.8 * self.drain_seconds / (len(sockets) or 1)
        )
        for number, socket in enumerate(sockets):
            reactor.callLater(number * pause, self._send_away, socket)
        logger.info("Draining %d sockets.", len(sockets))
        self._stop_when_drained(deadline)

    def _send_away(self, socket: Any) -> None:
        if socket.state == socket.STATE_OPEN:
            socket.sendCloseFrame(code=GOING_AWAY)

    def _stop_when_drained(self, deadline: float) -> None:
        if not any(self._is_busy(p, d) for p, d in self.connections.items()):
            reactor.callLater(0.05, self.stop)  # the last response is on its way to the kernel
        elif time.monotonic() > deadline:
            self.stop()
        else:
            reactor.callLater(0.05, self._stop_when_drained, deadline)

    def _is_busy(self, protocol: Any, details: dict[str, Any]) -> bool:
        running = details.get("application_instance")
        open_socket = protocol.application_type == "websocket" and "disconnected" not in details
        return open_socket or (running is not None and not running.done())

    def kill_all_applications(self) -> Any:
        """Cancel what is left. Daphne's own fails while a connection has no application yet."""
        found = [details.get("application_instance") for details in self.connections.values()]
        left = [running for running in found if running is not None and not running.done()]
        for running in left:
            running.cancel()
        ended = asyncio.gather(*left, return_exceptions=True)
        return defer.Deferred.fromFuture(asyncio.ensure_future(ended)) if left else None


_ACTIONS = {"connected": "open", "disconnected": "closed", "rejected": "refused"}


def log_access(protocol: str, action: str, details: dict[str, Any]) -> None:
    """One line a request or socket: path without its query (it may hold a token), no address."""
    path = str(details["path"]).partition("?")[0]
    level = logging.DEBUG if path in QUIET_PATHS else logging.INFO
    if protocol == "http" and action == "complete":
        milliseconds = round(details["time_taken"] * 1000)
        access.log(level, "%s %s %s %dms", details["method"], path, details["status"], milliseconds)
    elif protocol == "websocket" and action in _ACTIONS:
        access.log(level, "socket %s %s", _ACTIONS[action], path)


def serve(
    application: Any,
    *,
    host: str,
    port: int,
    drain: float = limits.DRAIN,
    ready: Callable[[], None] | None = None,
) -> str:
    """Serve an ASGI application until a signal. Returns what was wrong, or "" after a drain."""
    server = PortalServer(
        application,
        drain=drain,
        endpoints=build_endpoint_description_strings(host=host, port=port),
        ready_callable=ready,
    )
    server.run()
    return server.failure
