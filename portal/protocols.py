"""One HTTP request and one WebSocket of the web server, each with its bounds."""

import asyncio
import logging
import random
import time
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from portal import limits

logger = logging.getLogger("portal.serve")

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
