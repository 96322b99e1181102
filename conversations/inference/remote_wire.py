"""One HTTP request to an OpenAI-compatible server: its streamed events, and nothing trusted.

The certificate is verified, no redirect is followed, lines and totals are bounded, and `close` from
any thread ends a read that waits.
"""

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from conversations.inference.backend import BackendBusy, BackendUnavailable, RequestRefused
from conversations.inference.remote_rungs import RemoteRung

LINE_BYTES = 256 * 1024
STREAM_BYTES = 8 * 1024 * 1024
#: What a server may ask us to wait after a 429; a sillier value is cut.
DEFAULT_RETRY, LONGEST_RETRY = 2.0, 60.0
_BLOCK = 16 * 1024
_BUSY = frozenset({429, 503, 529})
_REFUSED = frozenset({400, 413, 422})
_KEY = frozenset({401, 403})
DONE = "[DONE]"


class Wire:
    """One request. Raises BackendUnavailable (with an operator's reason) where it fails."""

    def __init__(self, rung: RemoteRung, api_key: str = "") -> None:
        self._rung, self._key = rung, api_key
        self._socket: socket.socket | None = None
        self._closed = False

    def close(self) -> None:
        """End the request now; a read that waits comes back. As often as you like."""
        self._closed = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Past the TLS layer: the thread that reads owns that one.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def events(self, path: str, body: dict[str, Any]) -> Iterator[str]:
        """The payloads of the `data:` lines up to [DONE]. An end without it raises."""
        with self._response("POST", path, json.dumps(body).encode()) as response:
            if "text/event-stream" not in response.headers.get("Content-Type", ""):
                raise self._fault("does not stream (its answer is no event stream)")
            for line in self._lines(response):
                if line.startswith("data:"):
                    data = line[5:].strip()
                    if data == DONE:
                        return
                    yield data
        raise self._fault("ended in mid-answer")

    def check(self, path: str) -> None:
        """A GET that must be answered with 200. What it says is not read."""
        with self._response("GET", path, None):
            return

    @contextlib.contextmanager
    def _response(
        self, method: str, path: str, body: bytes | None
    ) -> Iterator[http.client.HTTPResponse]:
        connection = self._connection()
        try:
            connection.connect()
            self._socket = connection.sock
            if self._closed:
                raise self._fault("was not asked in the end")
            connection.sock.settimeout(None if method == "POST" else self._rung.connect_seconds)
            connection.request(method, self._base.path.rstrip("/") + path, body, self._headers())
            response = connection.getresponse()
            self._judge(response)
            yield response
        except ssl.SSLCertVerificationError as exc:
            raise self._fault(f"has a certificate that does not hold ({exc.verify_message})") from (
                exc
            )
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise self._fault(f"cannot be reached or broke off ({type(exc).__name__})") from exc
        finally:
            connection.close()

    @property
    def _base(self) -> Any:
        return urlsplit(self._rung.url)

    def _connection(self) -> http.client.HTTPConnection:
        host, port, seconds = self._base.hostname, self._base.port, self._rung.connect_seconds
        if self._base.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=seconds)
        try:
            context = ssl.create_default_context(cafile=self._rung.ca_file or None)
        except OSError as exc:
            raise self._fault("has a ca_file that cannot be read") from exc
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)

    def _headers(self) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            "User-Agent": "portal",
            "Connection": "close",
        }
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return headers

    def _judge(self, response: http.client.HTTPResponse) -> None:
        status = response.status
        if status == http.HTTPStatus.OK:
            return
        if status in _BUSY:
            wait = _seconds(response.headers.get("Retry-After"))
            raise BackendBusy(f"{self._rung.name} is busy (HTTP {status})", wait)
        if status in _REFUSED:
            raise RequestRefused(f"{self._rung.name} refused the request (HTTP {status})")
        if status in _KEY:
            raise self._fault(f"refuses the key (HTTP {status}); see the variable that `key` names")
        if 300 <= status < 400:
            raise self._fault(f"redirects (HTTP {status}), which is not followed; correct its url")
        raise self._fault(f"answered HTTP {status}")

    def _lines(self, response: http.client.HTTPResponse) -> Iterator[str]:
        buffer, total = b"", 0
        while block := response.read1(_BLOCK):
            total += len(block)
            *lines, buffer = (buffer + block).split(b"\n")
            if total > STREAM_BYTES or len(buffer) > LINE_BYTES:
                raise self._fault("sends more than any answer needs")
            for line in lines:
                yield line.decode("utf-8", "replace").rstrip("\r")

    def _fault(self, what: str) -> BackendUnavailable:
        return BackendUnavailable(f"The server of the rung {self._rung.name} {what}.")


def _seconds(header: str | None) -> float:
    """Retry-After in seconds; a date or nonsense gives the default."""
    try:
        return min(max(float(header or DEFAULT_RETRY), 0.0), LONGEST_RETRY)
    except ValueError:
        return DEFAULT_RETRY
