import dataclasses
import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.checks import run_checks

from portal import checks
from portal.conf import Config
from tests.live import ROOT


def ids(**values: Any) -> list[str | None]:
    config = dataclasses.replace(Config(), **values)
    found = list(checks.broken_settings(config))
    assert all(message.hint for message in found)
    return [message.id for message in found]


def test_the_defaults_and_the_shipped_limits_pass_every_check() -> None:
    assert [message for message in run_checks() if str(message.id).startswith("portal.")] == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"hosts": ("*",)}, "portal.E002"),
        ({"hosts": ()}, "portal.E003"),
        ({"origins": ("shop.example",)}, "portal.E004"),
        ({"origins": ("https://shop.example/path",)}, "portal.E004"),
        ({"port": 0}, "portal.E005"),
        ({"port": 70_000}, "portal.E005"),
        ({"secret_key": "short"}, "portal.E006"),
        ({"database_url": "mysql://x/y"}, "portal.E007"),
        ({"redis_url": "http://x"}, "portal.E008"),
        ({"broker_url": "sqs://x"}, "portal.E009"),
        ({"tier": "tpu"}, "portal.E010"),
        ({"log_format": "xml"}, "portal.E011"),
        ({"log_level": "LOUD"}, "portal.E012"),
        ({"model_threads": -1}, "portal.E013"),
        ({"metrics_port": 8000}, "portal.E040"),
        ({"traces": "collector:4318"}, "portal.E041"),
        ({"trace_share": 2.0}, "portal.E043"),
        ({"debug": True, "host": "0.0.0.0"}, "portal.W001"),
    ],
)
def test_a_value_that_would_hurt_is_found_by_its_check(
    values: dict[str, Any], expected: str
) -> None:
    assert ids(**values) == [expected]


@pytest.mark.parametrize("command", [("worker", "default"), ("beat",)])
def test_a_process_without_pages_is_refused_a_wrong_setting_as_well(
    command: tuple[str, ...],
) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *command],
        env={**os.environ, "PORT": "8000", "PORTAL_METRICS_PORT": "8000"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode != 0 and "portal.E040" in done.stderr


def test_every_host_is_allowed_while_debugging() -> None:
    assert ids(hosts=("*",), debug=True) == []


def test_a_url_with_a_password_is_not_repeated_by_its_check() -> None:
    config = dataclasses.replace(Config(), database_url="mysql://user:hunter2@db/x")
    assert "hunter2" not in str(list(checks.broken_settings(config)))


def test_a_budget_that_outlives_the_one_around_it_is_found() -> None:
    found = list(checks.broken_links([("LEASE", 200, False), ("DEADLINE", 120, False)]))
    assert [message.id for message in found] == ["portal.E001"]
    assert list(checks.broken_links([("LEASE", 30, True), ("QUEUE_WAIT", 30, False)])) == []
    assert len(list(checks.broken_links([("A", 30, False), ("B", 30, False)]))) == 1
