"""A second database on the tests' server, and commands that are run on it."""

import os
import subprocess
import sys
from typing import Any

from django.db import connection

from tests.live import ROOT

TARGET = f"portal_restored_{os.getpid()}"


def parameters(name: str) -> dict[str, Any]:
    taken = connection.get_connection_params()
    wanted = ("host", "port", "user", "password")
    return {"dbname": name, **{key: taken[key] for key in wanted if taken.get(key)}}


def manage(*arguments: str, env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=env, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
