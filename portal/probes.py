"""A port for the operator's machines only: `/healthz`, `/readyz` and `/metrics` of one process.

Open where PORTAL_METRICS_PORT names it. It takes any Host header, as probes and Prometheus send
addresses, so the ingress must not reach it. `/healthz` asks nothing outside the process: a lost
database or broker must not have everything restarted that would go on when it is back.
"""

import logging
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic

from django.core.management.base import CommandError
from prometheus_client import CONTENT_TYPE_LATEST

from portal.health import process_metrics

logger = logging.getLogger("portal.probes")

TEXT = "text/plain; charset=utf-8"


class Liveness:
    """Ready from `ready()` to `leave()`; alive unless `beat()` was heard and then not for long."""

    def __init__(self, *, patience: float = 60.0, clock: Callable[[], float] = monotonic) -> None:
        self._patience, self._clock = patience, clock
        self._is_ready = threading.Event()
        self._beat_at: float | None = None

    def ready(self) -> None:
        self._is_ready.set()

    def leave(self) -> None:
        self._is_ready.clear()

    def beat(self) -> None:
        self._beat_at = self._clock()

    @property
    def is_ready(self) -> bool:
        return self._is_ready.is_set()

    @property
    def is_alive(self) -> bool:
        return self._beat_at is None or self._clock() - self._beat_at < self._patience


def start(
    port: int,
    liveness: Liveness,
    *,
    well: Callable[[], bool] = lambda: True,
    metrics: Callable[[], bytes] = process_metrics,
) -> ThreadingHTTPServer | None:
    """Serve on all addresses from a daemon thread; port 0 serves nothing.

    `well` is asked by `/readyz` once the process is ready. Raises CommandError for a taken port.
    """
    if not port:
        return None

    class Probe(_Probe):
        state = liveness
        answers_well = staticmethod(well)
        measured = staticmethod(metrics)

    try:
        server = ThreadingHTTPServer(("", port), Probe)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on PORTAL_METRICS_PORT {port}: {error.strerror}. "
            "Processes on one machine each need a port of their own, or none (0)."
        ) from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
    logger.info("Probes and metrics are on port %d.", server.server_port)
    return server


class _Probe(BaseHTTPRequestHandler):
    state: Liveness
    answers_well: Callable[[], bool]
    measured: Callable[[], bytes]
    server_version, sys_version = "portal", ""
    timeout = 10  # seconds that a silent client may hold a thread

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/healthz":
                self._say(self.state.is_alive, "alive", "stuck")
            case "/readyz":
                self._say(self.state.is_ready and self.answers_well(), "ready", "not ready")
            case "/metrics":
                self._answer(HTTPStatus.OK, self.measured(), CONTENT_TYPE_LATEST)
            case _:
                self._answer(HTTPStatus.NOT_FOUND, b"not found\n", TEXT)

    def _say(self, well: bool, yes: str, no: str) -> None:
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        self._answer(status, f"{yes if well else no}\n".encode(), TEXT)

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """A probe every few seconds is no news."""
