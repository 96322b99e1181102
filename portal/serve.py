"""Daphne, with what a deployed portal needs and Daphne alone lacks.

SIGTERM stops listening, lets HTTP requests in flight finish, closes sockets with 1012 (come back)
a few at a time, and exits 0. A client that does not read is cut before it fills our memory, one
that floods is cut with 1008, a body over the limit gets a 413. The access log has no query strings.
"""

# daphne.server must come first: it installs Twisted's asyncio reactor.
from daphne.server import Server, reactor  # isort: skip

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from twisted.internet import defer
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.logger import globalLogBeginner

from portal import limits
from portal.protocols import GOING_AWAY, HTTP, Inbox, Sockets

logger = logging.getLogger("portal.serve")
access = logging.getLogger("portal.access")

QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class PortalServer(Server):
    """Daphne's server with our protocols, our shutdown and a plain word when the port is taken."""

    def __init__(
        self,
        application: Any,
        *,
        drain: float,
        pulse: Callable[[bool], None] | None = None,
        on_drain: Callable[[], None] | None = None,
        **options: Any,
    ) -> None:
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
        self.pulse, self.on_drain = pulse, on_drain
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
        reactor.callWhenRunning(self.beat)
        reactor.callWhenRunning(self.listen)
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        reactor.run(installSignalHandlers=False)

    def beat(self) -> None:
        """Say that the event loop turns."""
        if self.pulse:
            self.pulse(self.draining)
            reactor.callLater(1, self.beat)

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
        if self.on_drain:
            self.on_drain()
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
    pulse: Callable[[bool], None] | None = None,
    on_drain: Callable[[], None] | None = None,
) -> str:
    """Serve an ASGI application until a signal. Returns what was wrong, or "" after a drain.

    `pulse` is called every second by the event loop, with whether it drains; `on_drain` once,
    to end responses that would go on.
    """
    server = PortalServer(
        application,
        drain=drain,
        pulse=pulse,
        on_drain=on_drain,
        endpoints=build_endpoint_description_strings(host=host, port=port),
        ready_callable=ready,
    )
    server.run()
    return server.failure
