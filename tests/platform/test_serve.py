"""The web server as a real process with a small ASGI application."""

import asyncio
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import websockets

from portal import conf, limits
from tests.live import free_port

APPLICATION = """
import asyncio, logging, sys
from portal.serve import serve
logging.basicConfig(level=logging.INFO)

async def http(scope, receive, send):
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    if scope["path"] == "/slow":
        await asyncio.sleep(1.5)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})

async def websocket(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message["text"]
        if text == "flood me":
            for _ in range(40_000):
                await send({"type": "websocket.send", "text": "x" * 10_000})
                await asyncio.sleep(0)
        if text == "sleep":
            await asyncio.sleep(60)
        await send({"type": "websocket.send", "text": str(len(text))})

async def application(scope, receive, send):
    await (http if scope["type"] == "http" else websocket)(scope, receive, send)

port, drain = int(sys.argv[1]), float(sys.argv[2])
failure = serve(application, host="127.0.0.1", port=port, drain=drain,
                ready=lambda: print("listening", flush=True))
sys.exit(failure or 0)
"""


class Web:
    def __init__(self, log: Path, *, drain: float = 10.0) -> None:
        self.port = free_port()
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, "-c", APPLICATION, str(self.port), str(drain)],
            stdout=subprocess.PIPE,
            stderr=log.open("wb"),
            cwd=conf.ROOT,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"listening\n"

    def get(self, path: str, *, body: bytes = b"") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST" if body else "GET", path, body=body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def socket(self) -> Any:
        address = f"ws://127.0.0.1:{self.port}/ws?token=s3cret"
        return websockets.connect(address, compression=None, proxy=None)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    web = Web(tmp_path / "web.log")
    yield web
    web.process.kill()
    web.process.communicate()


async def close_code(connection: Any) -> int:
    with pytest.raises(websockets.ConnectionClosed) as caught:
        while True:
            await connection.recv()
    return caught.value.rcvd.code if caught.value.rcvd else 1006


async def test_sigterm_finishes_requests_closes_sockets_with_1012_and_exits_0(web: Web) -> None:
    sockets = [await web.socket() for _ in range(20)]
    slow = asyncio.create_task(asyncio.to_thread(web.get, "/slow"))
    await asyncio.sleep(0.3)
    web.process.send_signal(signal.SIGTERM)
    assert await asyncio.gather(*(close_code(s) for s in sockets)) == [1012] * 20
    with pytest.raises(OSError):
        await asyncio.to_thread(web.get, "/")  # nobody new is let in
    assert await slow == (200, b"0")
    assert await asyncio.to_thread(web.process.wait, 10) == 0


async def test_a_handshake_in_the_last_second_does_not_break_the_shutdown(web: Web) -> None:
    await asyncio.to_thread(web.get, "/")
    connection = await web.socket()
    assert await asyncio.to_thread(web.end) == 0
    assert await close_code(connection) == 1012
    assert "Traceback" not in web.log.read_text()


async def test_the_drain_ends_in_time_although_an_application_hangs(tmp_path: Path) -> None:
    web = Web(tmp_path / "web.log", drain=1.0)
    connection = await web.socket()
    await connection.send("sleep")
    started = time.monotonic()
    assert await asyncio.to_thread(web.end) == 0
    assert time.monotonic() - started < 5
    web.process.communicate()


async def test_a_frame_of_a_megabyte_reaches_the_application_and_the_socket_lives(
    web: Web,
) -> None:
    connection = await web.socket()
    await connection.send("y" * 1_000_000)
    assert await connection.recv() == "1000000"
    await connection.send("y")
    assert await connection.recv() == "1"


def test_a_body_over_the_limit_gets_413_and_the_next_request_works(web: Web) -> None:
    assert web.get("/", body=b"z" * 1_000_000) == (200, b"1000000")
    assert web.get("/", body=b"z" * (limits.BODY_BYTES + 1))[0] == 413
    assert web.get("/") == (200, b"0")


async def test_a_client_that_does_not_read_is_cut_before_it_fills_the_memory(web: Web) -> None:
    before = psutil.Process(web.process.pid).memory_info().rss
    connection = await web.socket()
    connection.transport.pause_reading()
    await connection.send("flood me")
    deadline = time.monotonic() + 15
    while "does not read" not in web.log.read_text():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    grown = psutil.Process(web.process.pid).memory_info().rss - before
    assert grown < 64 * 1024 * 1024
    connection.transport.abort()


async def test_a_client_that_floods_a_busy_application_is_closed_with_1008(web: Web) -> None:
    connection = await web.socket()
    await connection.send("sleep")
    code = asyncio.create_task(close_code(connection))
    try:
        for _ in range(limits.INBOX_MESSAGES + 10):
            await connection.send("again")
            await asyncio.sleep(0)
    except websockets.ConnectionClosed:
        pass
    assert await code == 1008


async def test_the_token_of_a_socket_is_not_logged(web: Web) -> None:
    connection = await web.socket()
    await connection.close()
    await asyncio.to_thread(web.get, "/help/?q=private")
    web.end()
    log = web.log.read_text()
    assert "socket open /ws" in log
    assert "GET /help/ 200" in log
    assert "s3cret" not in log
    assert "private" not in log


def test_a_taken_port_is_said_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = subprocess.run(
            [sys.executable, "-c", APPLICATION, str(port), "1"],
            capture_output=True,
            text=True,
            check=False,
            cwd=conf.ROOT,
            timeout=20,
        )
    assert result.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}: " in result.stderr
    assert "Traceback" not in result.stderr
