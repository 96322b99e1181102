"""A customer who stays: reconnects, resumes, sends again, and compares all that comes twice."""

import asyncio
import json
import random
import time
import uuid
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from conversations.benchmarks.client import (
    Exchange,
    PortalUnreachable,
    Tally,
    create_conversation,
    socket_address,
)

#: A frame is awaited so long before the customer asks whether the socket still lives.
QUIET_SECONDS = 5.0
RECONNECT_SECONDS = (0.2, 1.0)
#: Error codes after which the same frame is sent again in a moment.
TRY_AGAIN = frozenset({"unavailable", "unexpected", "slow_down"})
_GONE = (WebSocketException, OSError, TimeoutError)


class StayingCustomer:
    """One conversation that survives its sockets.

    It keeps docs/websocket.md's four duties of a client. A durable frame that comes again must be
    the same; shown text must never be taken back; what differs is counted in `tally.mismatched`.
    """

    def __init__(self, base: str, dice: random.Random) -> None:
        self.base = base
        self.dice = dice
        self.tally = Tally()
        self.exchanges: list[Exchange] = []
        self.texts: dict[str, str] = {}  # client id -> question
        self.replies: dict[int, str] = {}  # seq of the reply -> its text
        self.deaf_until = 0.0
        self.head = 0
        self.reconnects = 0
        self.text = ""
        self._durable: dict[int, tuple[str, str]] = {}
        self._address = ""
        self._socket: ClientConnection | None = None
        self._exchange: Exchange | None = None
        self._pinged = False

    async def open(self, *, patience: float = 60.0) -> None:
        """Begin a conversation; tried again while the portal does not answer."""
        deadline = time.monotonic() + patience
        while not self._address:
            try:
                created = await asyncio.to_thread(create_conversation, self.base)
                self._address = socket_address(self.base, created["socket"])
            except PortalUnreachable:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    def cut(self) -> None:
        """Have the network break: no goodbye, what is on the way is lost."""
        if self._socket is not None:
            self._socket.transport.abort()

    @property
    def in_mid_answer(self) -> bool:
        return bool(self.text) and self._exchange is not None and self._exchange.done_ms is None

    async def ask(self, text: str, *, timeout: float) -> Exchange:
        """Send a question and stay until its reply is final; done_ms None: it did not come."""
        exchange = Exchange(str(uuid.uuid4()), time.perf_counter())
        self.exchanges.append(exchange)
        self.texts[exchange.client_id] = text
        self.text, self._exchange = "", exchange
        try:
            async with asyncio.timeout(timeout):
                await self._send(self._question(exchange))
                while exchange.done_ms is None:
                    await self._step(exchange)
        except TimeoutError:
            self.tally.errors.append("no reply")
        finally:
            self._exchange = None
        return exchange

    def _question(self, exchange: Exchange) -> dict[str, Any]:
        text = self.texts[exchange.client_id]
        return {"type": "message.send", "client_id": exchange.client_id, "text": text}

    async def _send(self, frame: dict[str, Any]) -> None:
        """Send on the present socket; where there is none, the reconnect sends what matters."""
        if self._socket is None:
            await self._reconnect()
            return
        try:
            await self._socket.send(json.dumps(frame))
        except _GONE:
            self._socket = None

    async def _reconnect(self) -> None:
        while self._socket is None:
            try:
                socket = await connect(self._address, max_size=None, open_timeout=5)
                await socket.send(json.dumps({"type": "resume", "after": self.head}))
                exchange = self._exchange
                if exchange is not None and exchange.accepted_ms is None:
                    await socket.send(json.dumps(self._question(exchange)))
                self._socket, self._pinged = socket, False
            except _GONE:
                await asyncio.sleep(self.dice.uniform(*RECONNECT_SECONDS))

    async def _step(self, exchange: Exchange) -> None:
        if self.deaf_until > time.monotonic():
            await asyncio.sleep(self.deaf_until - time.monotonic())
        if self._socket is None:
            self.reconnects += 1
            await self._reconnect()
        assert self._socket is not None
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                raw = await self._socket.recv()
        except TimeoutError:
            await self._look_after(self._socket)
        except _GONE:
            self._socket = None
        else:
            self._pinged = False
            await self._receive(json.loads(raw), exchange)

    async def _look_after(self, socket: ClientConnection) -> None:
        """Quiet for long: ask; quiet after that, too: this socket is dead."""
        if self._pinged:
            socket.transport.abort()
            self._socket = None
            return
        self._pinged = True
        await self._send({"type": "ping"})

    async def _receive(self, frame: dict[str, Any], exchange: Exchange) -> None:
        elapsed = (time.perf_counter() - exchange.sent_at) * 1000
        if "seq" in frame and not self._count(frame):
            return
        match frame["type"]:
            case "message.accepted" if frame.get("client_id") == exchange.client_id:
                exchange.accepted_ms = elapsed
                exchange.accepted_seq = frame["seq"]
            case "reply.delta":
                self._append(frame, exchange, elapsed)
            case "reply.done":
                self._finish(frame["message"], exchange, elapsed)
            case "error" if frame.get("code") in TRY_AGAIN:
                await asyncio.sleep(frame.get("retry_after", 0.3))
                await self._repeat(exchange)
            case "pong":
                await self._repeat(exchange)
            case "key.renewed":
                self._address = socket_address(self.base, frame["socket"])
            case "error":
                self.tally.errors.append(frame["code"])

    async def _repeat(self, exchange: Exchange) -> None:
        if exchange.accepted_ms is None:
            await self._send(self._question(exchange))

    def _count(self, frame: dict[str, Any]) -> bool:
        """Whether a durable frame is new. One that comes again must say the same."""
        seq = frame["seq"]
        said = (frame["type"], (frame.get("message") or {}).get("text", ""))
        if seq in self._durable:
            self.tally.mismatched += self._durable[seq] != said
            return False
        if seq != self.head + 1:
            self.tally.out_of_order += 1
        self._durable[seq] = said
        self.head = max(self.head, seq)
        return True

    def _append(self, frame: dict[str, Any], exchange: Exchange, elapsed: float) -> None:
        offset, piece = frame["offset"], frame["text"]
        if offset > len(self.text):
            self.tally.mismatched += 1
            return
        known = self.text[offset : offset + len(piece)]
        if not piece.startswith(known):
            self.tally.mismatched += 1
        self.text += piece[len(known) :]
        if self.text.strip() and exchange.first_token_ms is None:
            exchange.first_token_ms = elapsed

    def _finish(self, message: dict[str, Any], exchange: Exchange, elapsed: float) -> None:
        self.replies[message["seq"]] = message["text"]
        if not exchange.accepted_seq or message["seq"] <= exchange.accepted_seq:
            return
        exchange.done_ms = elapsed
        exchange.tier = message.get("tier") or "none"
        exchange.decision = message.get("decision") or ""
        exchange.timings = message.get("timings") or {}
        if exchange.first_token_ms is None:
            exchange.first_token_ms = elapsed
        if not message["text"].startswith(self.text):
            self.tally.mismatched += 1

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def audit(self) -> "Audit":
        """Read the whole conversation again from the beginning and compare."""
        await self.close()
        await self._reconnect()
        assert self._socket is not None
        await self._socket.send(json.dumps({"type": "resume", "after": 0}))
        frames: dict[int, dict[str, Any]] = {}
        repeated = 0
        with_pong = False
        await self._socket.send(json.dumps({"type": "ping"}))
        while not with_pong:
            async with asyncio.timeout(20):
                frame = json.loads(await self._socket.recv())
            if frame["type"] == "pong":
                with_pong = len(frames) >= frame["head"]
                if not with_pong:
                    await self._socket.send(json.dumps({"type": "ping"}))
            elif "seq" in frame:
                repeated += frame["seq"] in frames and frames[frame["seq"]] != frame
                frames[frame["seq"]] = frame
        await self.close()
        return _compare(self, frames, repeated)


class Audit:
    """What one conversation lost, has twice, or has in another order, at the end."""

    def __init__(self, *, lost: int, doubled: int, out_of_order: int, changed: int) -> None:
        self.lost, self.doubled = lost, doubled
        self.out_of_order, self.changed = out_of_order, changed


def _compare(customer: StayingCustomer, frames: dict[int, dict[str, Any]], repeated: int) -> Audit:
    kept = [frame["client_id"] for _, frame in sorted(frames.items()) if frame.get("client_id")]
    sent = [item.client_id for item in customer.exchanges if item.accepted_ms is not None]
    replies = [frame for frame in frames.values() if frame["type"] == "reply.done"]
    answered = sum(exchange.done_ms is not None for exchange in customer.exchanges)
    changed = sum(
        frames.get(seq, {}).get("message", {}).get("text") != text
        for seq, text in customer.replies.items()
    )
    return Audit(
        lost=len(set(sent) - set(kept)) + len(customer.exchanges) - answered,
        doubled=len(kept) - len(set(kept)) + max(0, len(replies) - len(set(kept))) + repeated,
        out_of_order=[item for item in kept if item in sent] != sent
        or sorted(frames) != list(range(1, len(frames) + 1)),
        changed=changed,
    )
