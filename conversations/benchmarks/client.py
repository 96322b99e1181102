"""A customer made of code: one conversation over a real socket, with a record of all it received.

It keeps the protocol's promises to the letter, so that a lost, doubled or reordered frame shows.
"""

import asyncio
import json
import time
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State


class PortalUnreachable(Exception):
    """The portal does not answer there. Start it with `make run`, or name it with --url."""


@dataclass
class Exchange:
    """One question and what came back. Milliseconds count from the sending."""

    client_id: str
    sent_at: float
    first_frame_ms: float | None = None
    accepted_ms: float | None = None
    accepted_seq: int = 0
    first_token_ms: float | None = None
    done_ms: float | None = None
    tier: str = ""
    decision: str = ""
    timings: dict[str, float] = field(default_factory=dict)


@dataclass
class Tally:
    """What went wrong in one conversation."""

    duplicated: int = 0
    out_of_order: int = 0
    mismatched: int = 0
    errors: list[str] = field(default_factory=list)


def create_conversation(base: str) -> dict[str, Any]:
    """POST a conversation. Raises PortalUnreachable."""
    request = urllib.request.Request(
        f"{base}/api/v1/conversations/",
        data=b"{}",
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            created: dict[str, Any] = json.load(response)
            return created
    except OSError as exc:
        raise PortalUnreachable(f"{PortalUnreachable.__doc__} ({exc})") from exc


def socket_address(base: str, path: str) -> str:
    """The address of a socket path on the host of an http(s) address."""
    parts = urllib.parse.urlsplit(base)
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}{path}"


class Customer:
    """One conversation. `ask` sends a question and waits for its reply."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.exchanges: list[Exchange] = []
        self.tally = Tally()
        self.text = ""
        self.head = 0
        self.reloads = 0
        self._before_reload = ""
        self._socket: ClientConnection | None = None
        self._address = ""
        self._seen: set[int] = set()

    @property
    def alive(self) -> bool:
        """Whether the socket is open, as far as this side knows."""
        return self._socket is not None and self._socket.state is State.OPEN

    async def open(self) -> None:
        created = await asyncio.to_thread(create_conversation, self.base)
        self._address = socket_address(self.base, created["socket"])
        await self._connect()

    async def _connect(self) -> None:
        self._socket = await connect(self._address, max_size=None, open_timeout=30)

    async def reload(self) -> None:
        """Do as a browser does: drop the socket and all that was shown, come back, ask for all.

        What was shown before must come again, to the character; the tally counts where it does not.
        """
        self.reloads += 1
        self._before_reload = self.text
        await self.close()
        self.text, self.head = "", 0
        self._seen.clear()
        await self._connect()
        await self.send({"type": "resume", "after": 0})

    async def send(self, frame: dict[str, Any]) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(frame))

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def ask(self, text: str, *, timeout: float, reload_at: int | None = None) -> Exchange:
        """Send a question; returns its exchange, with done_ms None when no reply came in time.

        With `reload_at` the page is reloaded after so many frames of this exchange.
        """
        exchange = Exchange(str(uuid.uuid4()), time.perf_counter())
        self.exchanges.append(exchange)
        self.text = self._before_reload = ""
        await self.send({"type": "message.send", "client_id": exchange.client_id, "text": text})
        frames = 0
        try:
            async with asyncio.timeout(timeout):
                while exchange.done_ms is None:
                    await self.step(exchange)
                    frames += 1
                    if frames == reload_at and exchange.done_ms is None:
                        await self.reload()
        except (TimeoutError, ConnectionClosed) as exc:
            self.tally.errors.append(type(exc).__name__)
        return exchange

    async def step(self, exchange: Exchange) -> None:
        """Take one frame from the socket into the record."""
        assert self._socket is not None
        self.receive(json.loads(await self._socket.recv()), exchange)

    def receive(self, frame: dict[str, Any], exchange: Exchange) -> None:
        elapsed = (time.perf_counter() - exchange.sent_at) * 1000
        if exchange.first_frame_ms is None:
            exchange.first_frame_ms = elapsed
        if "seq" in frame:
            self._count(frame["seq"])
        match frame["type"]:
            case "message.accepted" if frame.get("client_id") == exchange.client_id:
                exchange.accepted_ms = exchange.accepted_ms or elapsed
                exchange.accepted_seq = frame["seq"]
            case "reply.delta":
                self._append(frame, exchange, elapsed)
            case "reply.done":
                self._finish(frame["message"], exchange, elapsed)
            case "error":
                self.tally.errors.append(frame["code"])

    def _count(self, seq: int) -> None:
        if seq in self._seen:
            self.tally.duplicated += 1
        elif seq != self.head + 1:
            self.tally.out_of_order += 1
        self._seen.add(seq)
        self.head = max(self.head, seq)

    def _append(self, frame: dict[str, Any], exchange: Exchange, elapsed: float) -> None:
        offset, piece = frame["offset"], frame["text"]
        if offset > len(self.text):
            self.tally.mismatched += 1
        fresh = piece[max(0, len(self.text) - offset) :]
        self.text += fresh
        if fresh.strip() and exchange.first_token_ms is None:
            exchange.first_token_ms = elapsed

    def _finish(self, message: dict[str, Any], exchange: Exchange, elapsed: float) -> None:
        if message["seq"] != self._expected_reply(exchange):
            return  # a reply of before, replayed after a reload
        exchange.done_ms = elapsed
        exchange.tier = message.get("tier") or "none"
        exchange.decision = message.get("decision") or ""
        exchange.timings = message.get("timings") or {}
        if exchange.first_token_ms is None and message["text"].strip():
            exchange.first_token_ms = elapsed
        shown = (self.text, self._before_reload)
        if not all(message["text"].startswith(text) for text in shown):
            self.tally.mismatched += 1

    def _expected_reply(self, exchange: Exchange) -> int:
        """The reply to an exchange is the first one after its message."""
        return exchange.accepted_seq + 1 if exchange.accepted_seq else -1
