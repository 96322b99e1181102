"""Django system checks: a wrong setting or time budget is found at start-up, with a way out."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from conversations.inference.remote_rungs import BadRemoteRung, parse
from portal import limits, telemetry
from portal.conf import Config
from portal.core.addresses import AddressError, networks

#: The tag of these checks, for processes that show no pages and need no others.
OF_PORTAL = "portal"

#: Each chain of budgets must rise; the flag says whether the step may also stay level.
CHAINS: tuple[tuple[tuple[str, float, bool], ...], ...] = (
    (
        ("FLUSH_MS", limits.FLUSH_MS / 1000, False),
        ("PRESENCE", limits.PRESENCE, False),
        ("HEARTBEAT", limits.HEARTBEAT, False),
        ("SILENCE", limits.SILENCE, False),
        ("REAP", limits.REAP, False),
        ("LEASE", limits.LEASE, False),
        ("STALL", limits.STALL, False),
        ("QUEUE_WAIT", limits.QUEUE_WAIT, False),
        ("DEADLINE", limits.DEADLINE, False),
        ("GRACE", limits.GRACE, False),
        ("VISIBILITY_TIMEOUT", limits.VISIBILITY_TIMEOUT, False),
        ("STREAM_TTL", limits.STREAM_TTL, False),
        ("WEBSOCKET_TIMEOUT", limits.WEBSOCKET_TIMEOUT, False),
    ),
    (
        ("WEB_STATEMENT_TIMEOUT", limits.WEB_STATEMENT_TIMEOUT, False),
        ("DRAIN", limits.DRAIN, False),
        ("HTTP_TIMEOUT", limits.HTTP_TIMEOUT, False),
    ),
    (
        ("PUBLISH_SOCKET_TIMEOUT", limits.PUBLISH_SOCKET_TIMEOUT, False),
        ("BROKER_HEALTH_CHECK", limits.BROKER_HEALTH_CHECK, False),
        ("WORKER_SOCKET_TIMEOUT", limits.WORKER_SOCKET_TIMEOUT, False),
    ),
    (
        ("MESSAGE_CHARS in bytes", limits.MESSAGE_CHARS * 4, False),
        ("FRAME_BYTES", limits.FRAME_BYTES, False),
        ("SOCKET_MESSAGE_BYTES", limits.SOCKET_MESSAGE_BYTES, False),
        ("INBOX_BYTES", limits.INBOX_BYTES, False),
    ),
)

DATABASE_SCHEMES = frozenset({"postgres", "postgresql"})
REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})
BROKER_SCHEMES = frozenset(
    {"redis", "rediss", "redis+socket", "amqp", "amqps", "pyamqp", "sentinel"}
)
SECRET_CHARS = 32
PORTS = range(1, 65_536)
ROLES = frozenset({"agent", "supervisor", "manager", "admin"})
LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


@register(OF_PORTAL)
def check_limits(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Every time budget ends before the one around it."""
    return [message for chain in CHAINS for message in broken_links(chain)]


def broken_links(chain: Sequence[tuple[str, float, bool]]) -> Iterator[CheckMessage]:
    for (name, value, level), (above, limit, _) in pairwise(chain):
        if value > limit or (value == limit and not level):
            yield Error(
                f"limits.{name} ({value:g}) must stay {'within' if level else 'below'} "
                f"limits.{above} ({limit:g}).",
                hint="See portal/limits.py for what each budget ends.",
                id="portal.E001",
            )


@register(OF_PORTAL)
def check_settings(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The values of portal/conf.py can work."""
    return list(broken_settings(settings.CONFIG))


def broken_settings(config: Config) -> Iterator[CheckMessage]:
    """What is wrong with a Config, each with the way out."""
    yield from _broken_web(config)
    yield from _broken_urls(config)
    yield from _broken_choices(config)
    yield from _broken_security(config)
    yield from _broken_measures(config)


def _broken_measures(config: Config) -> Iterator[CheckMessage]:
    if config.metrics_port and (
        config.metrics_port not in PORTS or config.metrics_port == config.port
    ):
        yield Error(
            f"PORTAL_METRICS_PORT is {config.metrics_port}.",
            hint="Use 1 to 65535, another one than PORT; 0 for none.",
            id="portal.E040",
        )
    if config.traces and urlsplit(config.traces).scheme not in {"http", "https"}:
        yield Error(
            "PORTAL_TRACES is no address.",
            hint="Write http://collector:4318/v1/traces.",
            id="portal.E041",
        )
    elif config.traces and not telemetry.installed():
        yield Error(
            "PORTAL_TRACES is set, but OpenTelemetry is not installed.",
            hint="pip install -r requirements-telemetry.txt, or unset it.",
            id="portal.E042",
        )
    if not 0 <= config.trace_share <= 1:
        yield Error(
            f"PORTAL_TRACE_SHARE is {config.trace_share:g}.",
            hint="Use a share from 0 to 1.",
            id="portal.E043",
        )


def _broken_web(config: Config) -> Iterator[CheckMessage]:
    if "*" in config.hosts and not config.debug:
        yield Error(
            "PORTAL_HOSTS allows every host name.",
            hint="Name the hosts, such as PORTAL_HOSTS=support.example.com.",
            id="portal.E002",
        )
    if not config.hosts:
        yield Error("PORTAL_HOSTS names no host.", hint="Name one.", id="portal.E003")
    for origin in config.origins:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
            yield Error(
                f"PORTAL_ORIGINS holds {origin!r}, which is no origin.",
                hint="Write scheme and host only, such as https://shop.example.com.",
                id="portal.E004",
            )
    if config.port not in PORTS:
        yield Error(f"PORT is {config.port}.", hint="Use 1 to 65535.", id="portal.E005")
    if config.secret_key and len(config.secret_key) < SECRET_CHARS:
        yield Error(
            "PORTAL_SECRET_KEY is short enough to guess.",
            hint=f"Use {SECRET_CHARS} random characters or more, or leave it unset.",
            id="portal.E006",
        )
    if config.debug and config.host not in {"127.0.0.1", "localhost", "::1"}:
        yield checks.Warning(
            "PORTAL_DEBUG is on and HOST is open to others: error pages show source and settings.",
            hint="Unset PORTAL_DEBUG.",
            id="portal.W001",
        )


def _broken_urls(config: Config) -> Iterator[CheckMessage]:
    for name, url, schemes, code in (
        ("DATABASE_URL", config.database_url, DATABASE_SCHEMES, "portal.E007"),
        ("REDIS_URL", config.redis_url, REDIS_SCHEMES, "portal.E008"),
        ("CELERY_BROKER_URL", config.broker_url, BROKER_SCHEMES, "portal.E009"),
    ):
        scheme = urlsplit(url).scheme
        if url and scheme not in schemes:  # never the URL itself: it may hold a password
            yield Error(
                f"{name} has the scheme {scheme!r}.",
                hint=f"Use one of {', '.join(sorted(schemes))}.",
                id=code,
            )


def _broken_choices(config: Config) -> Iterator[CheckMessage]:
    for name, value, choices, code in (
        ("PORTAL_TIER", config.tier, {"auto", "gpu", "cpu", "scripted"}, "portal.E010"),
        ("PORTAL_LOG_FORMAT", config.log_format, {"human", "json"}, "portal.E011"),
        ("PORTAL_LOG_LEVEL", config.log_level, LEVELS, "portal.E012"),
    ):
        if value not in choices:
            hint = f"Use one of {', '.join(sorted(choices))}."
            yield Error(f"{name} is {value!r}.", hint=hint, id=code)
    try:
        parse(config.remote_rungs)
    except BadRemoteRung as error:
        yield Error(f"PORTAL_REMOTE_RUNGS: {error}", hint="See docs/ladder.md.", id="portal.E030")
    if config.model_threads < 0:
        yield Error(
            "PORTAL_MODEL_THREADS is negative.", hint="Use 0 for all cores.", id="portal.E013"
        )


def _broken_security(config: Config) -> Iterator[CheckMessage]:
    for name, entries in (
        ("PORTAL_TRUSTED_PROXIES", config.trusted_proxies),
        ("PORTAL_UNLIMITED_ADDRESSES", config.unlimited_addresses),
    ):
        try:
            networks(entries)
        except AddressError as error:
            yield Error(f"{name}: {error}", hint="Name addresses or networks.", id="portal.E020")
    for name, value in (
        ("PORTAL_LIMIT_FACTOR", config.limit_factor),
        ("PORTAL_KEY_HOURS", config.key_hours),
        ("PORTAL_HSTS_SECONDS", config.hsts_seconds),
    ):
        if value < 0:
            yield Error(f"{name} is negative.", hint="Use 0 or more.", id="portal.E021")
    if unknown := set(config.second_factor) - ROLES:
        yield Error(
            f"PORTAL_SECOND_FACTOR names {', '.join(sorted(unknown))}.",
            hint=f"Use some of {', '.join(sorted(ROLES))}.",
            id="portal.E022",
        )
    if any(len(secret) < SECRET_CHARS for secret in config.identity_secret):
        yield Error(
            "PORTAL_IDENTITY_SECRET is short enough to guess.",
            hint=f"Use {SECRET_CHARS} random characters or more, without commas.",
            id="portal.E024",
        )
    contact = config.security_contact
    if contact and urlsplit(contact).scheme not in {"mailto", "https", "tel"}:
        yield Error(
            f"PORTAL_SECURITY_CONTACT is {contact!r}.",
            hint="Write mailto:security@example.com or an https address.",
            id="portal.E023",
        )
