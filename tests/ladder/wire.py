"""A small server that speaks the OpenAI protocol's streamed chat completions, well or badly."""

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from conversations.inference.remote_rungs import RemoteRung

Behaviour = Callable[["Handler"], None]


def chunk(text: str = "", **more: Any) -> bytes:
    delta = {"content": text} if text else {}
    body = {"choices": [{"index": 0, "delta": delta, "finish_reason": more.pop("finish", None)}]}
    return b"data: " + json.dumps({**body, **more}).encode() + b"\n\n"


def says(*pieces: str, delay: float = 0.0, usage: dict[str, Any] | None = None) -> Behaviour:
    """A well-behaved answer."""

    def behave(handler: "Handler") -> None:
        handler.begin()
        for piece in pieces:
            time.sleep(delay)
            handler.send(chunk(piece))
        handler.send(chunk(finish="stop"))
        if usage:
            handler.send(b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\n")
        handler.send(b"data: [DONE]\n\n")

    return behave


def cut_off(*pieces: str) -> Behaviour:
    """Says something and hangs up."""

    def behave(handler: "Handler") -> None:
        handler.begin()
        for piece in pieces:
            handler.send(chunk(piece))
        handler.connection.close()

    return behave


def hangs(*pieces: str, seconds: float = 30.0) -> Behaviour:
    """Says something and then nothing, with the line open; it even sends comments."""

    def behave(handler: "Handler") -> None:
        handler.begin()
        for piece in pieces:
            handler.send(chunk(piece))
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at and not handler.wire.closing.wait(0.05):
            handler.send(b": still there\n\n")

    return behave


def raw(*parts: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Behaviour:
    def behave(handler: "Handler") -> None:
        handler.begin(status, headers)
        for part in parts:
            handler.send(part)

    return behave


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    @property
    def wire(self) -> "Wire":
        server: Any = self.server
        return server.wire

    def begin(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "text/event-stream"}).items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, data: bytes) -> None:
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            self.wire.hung_up.set()
            raise

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.wire.requests.append(json.loads(self.rfile.read(length)))
        self.wire.keys.append(self.headers.get("Authorization", ""))
        with contextlib.suppress(OSError):
            self.wire.next()(self)

    def do_GET(self) -> None:
        self.begin(self.wire.models_status, {"Content-Type": "application/json"})
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        return


@dataclass
class Wire:
    """The server. Each request gets the next behaviour; without one, `default`."""

    url: str
    default: Behaviour
    scripted: deque[Behaviour] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    models_status: int = 200

    def next(self) -> Behaviour:
        return self.scripted.popleft() if self.scripted else self.default

    def rung(self, **changes: Any) -> RemoteRung:
        patience = {"connect_seconds": 2.0, "first_token_seconds": 2.0, "stall_seconds": 0.4}
        named = {"name": "vllm", "url": self.url, "model": "big"}
        return RemoteRung(**{**named, **patience, **changes})


@contextlib.contextmanager
def serving(default: Behaviour) -> Iterator[Wire]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wire = Wire(f"http://127.0.0.1:{server.server_port}/v1", default)
    server.wire = wire  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield wire
    finally:
        wire.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
