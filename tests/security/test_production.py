"""A portal that others can reach starts safe, or not at all."""

import os
import re
import subprocess
import sys
from typing import Any

import pytest

from portal import conf, production
from portal.conf import SettingError, load

SECRET = "v8Q-2mRk7xYc0PzWt5nLbJd3hGf9sAeU1oTiVqKyMwXr6N4B"
SAFE = {
    "PORTAL_PRODUCTION": "1",
    "PORTAL_SECRET_KEY": SECRET + "x7",
    "PORTAL_HOSTS": "support.example.com",
    "PORTAL_TRUSTED_PROXIES": "10.0.0.0/8",
}


def test_a_complete_production_environment_is_accepted() -> None:
    assert load(SAFE).production


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"PORTAL_DEBUG": "1"}, "PORTAL_DEBUG"),
        ({"PORTAL_SECRET_KEY": ""}, "PORTAL_SECRET_KEY is unset"),
        ({"PORTAL_SECRET_KEY": "short"}, "short enough to guess"),
        ({"PORTAL_SECRET_KEY": "a" * 60}, "short enough to guess"),
        ({"PORTAL_SECRET_KEY": "django-insecure-" + SECRET}, "example"),
        ({"PORTAL_SECRET_KEY": "changeme" + SECRET}, "example"),
        ({"PORTAL_HOSTS": "*"}, "PORTAL_HOSTS is open"),
        ({"PORTAL_HOSTS": ".example.com"}, "PORTAL_HOSTS is open"),
        ({"PORTAL_HOSTS": "support.example.com,*"}, "PORTAL_HOSTS is open"),
        ({"PORTAL_HOSTS": ""}, "this machine only"),
        ({"PORTAL_ORIGINS": "http://shop.example"}, "https:// only"),
        ({"PORTAL_TRUSTED_PROXIES": ""}, "PORTAL_TRUSTED_PROXIES is empty"),
        ({"PORTAL_TRUSTED_PROXIES": "0.0.0.0/0"}, "trusts everybody"),
        ({"PORTAL_TRUSTED_PROXIES": "10.0.0.1,::/0"}, "trusts everybody"),
    ],
)
def test_an_unsafe_production_environment_does_not_start(
    change: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingError) as caught:
        load({**SAFE, **change})
    assert named in str(caught.value)
    assert SECRET not in str(caught.value)  # a message may end in a log


def test_the_defaults_run_on_one_machine_without_any_of_it() -> None:
    assert list(production.problems(conf.Config()))  # not fit for others
    assert not load({}).production


def manage(*arguments: str, **changes: Any) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PORTAL_HOSTS"}
    environment |= {"DJANGO_SETTINGS_MODULE": "portal.settings", **SAFE, **changes}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=conf.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_djangos_own_deployment_check_finds_nothing() -> None:
    checked = manage("check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr
    assert "no issues (0 silenced)" in checked.stdout


def test_a_command_says_in_plain_words_why_it_does_not_start() -> None:
    refused = manage("serve", PORTAL_HOSTS="*")
    assert refused.returncode == 1
    assert "PORTAL_HOSTS is open" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_production_settings_are_strict() -> None:
    names = (
        "DEBUG", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SESSION_COOKIE_NAME",
        "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY",
        "CSRF_COOKIE_HTTPONLY", "USE_X_FORWARDED_HOST", "SECURE_PROXY_SSL_HEADER",
        "WS_ALLOWED_ORIGINS",
    )  # fmt: skip
    code = f"from django.conf import settings as s; print([getattr(s, n) for n in {names!r}])"
    shown = manage("shell", "--no-imports", "-c", code)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.strip() == (
        "[False, True, 31536000, '__Host-session', True, True, True, True, False, None, "
        "['https://support.example.com']]"
    )


def test_no_secret_stands_in_the_code() -> None:
    """Passwords and keys come from the environment; the tracked Python files hold none."""
    found = subprocess.run(
        ["git", "grep", "-nIE", r"(SECRET_KEY|PASSWORD|API_KEY|TOKEN)\s*=\s*['\"][^'\"]{8,}",
         "--", "portal", "conversations", "insights", "deploy"],
        cwd=conf.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line for line in found.stdout.splitlines() if not re.search(r"\$\{|valueFrom", line)]
    assert lines == []


def test_a_probe_tells_the_public_what_is_away_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from django.conf import settings

    from portal import health

    def broken() -> health.Finding:
        raise ConnectionError("no route to db-7.internal for user portal")

    monkeypatch.setattr(health, "CHECKS", {"database": broken})
    monkeypatch.setattr(settings, "CONFIG", dataclasses.replace(settings.CONFIG, production=True))
    assert health.look()["database"] == health.Finding(ok=False, reason="ConnectionError")
