"""What a portal that others can reach must have. Without it, it does not start."""

from collections.abc import Iterator
from typing import Protocol

SECRET_CHARS = 50
SECRET_KINDS = 5
#: What examples and generators write: known to everybody.
KNOWN_SECRETS = ("django-insecure", "changeme", "change-me", "secret", "example", "password")
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class Exposed(Protocol):
    """The settings that decide it; portal.conf.Config has them."""

    @property
    def debug(self) -> bool: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def hosts(self) -> tuple[str, ...]: ...
    @property
    def origins(self) -> tuple[str, ...]: ...
    @property
    def trusted_proxies(self) -> tuple[str, ...]: ...


def problems(config: Exposed) -> Iterator[str]:
    """Why a portal with these settings must not be shown to others, each with the way out."""
    if config.debug:
        yield "PORTAL_DEBUG is on: error pages would show source and settings. Unset it."
    yield from _of_secret(config.secret_key)
    yield from _of_hosts(config.hosts)
    for origin in config.origins:
        if not origin.startswith("https://"):
            yield f"PORTAL_ORIGINS holds {origin!r}: name origins with https:// only."
    if not config.trusted_proxies:
        yield (
            "PORTAL_TRUSTED_PROXIES is empty: HTTPS ends at a proxy, and only its word about the "
            "client counts. Name its addresses, such as 10.0.0.0/8."
        )
    elif any(entry.endswith("/0") for entry in config.trusted_proxies):
        yield "PORTAL_TRUSTED_PROXIES trusts everybody. Name the addresses of the proxy."


def _of_secret(secret: str) -> Iterator[str]:
    way = "Give 50 random characters or more, such as `openssl rand -base64 48` prints."
    if not secret:
        yield f"PORTAL_SECRET_KEY is unset. {way}"
    elif len(secret) < SECRET_CHARS or len(set(secret)) < SECRET_KINDS:
        yield f"PORTAL_SECRET_KEY is short enough to guess. {way}"
    elif secret.lower().startswith(KNOWN_SECRETS):
        yield f"PORTAL_SECRET_KEY is one from an example. {way}"


def _of_hosts(hosts: tuple[str, ...]) -> Iterator[str]:
    if any("*" in host or host.startswith(".") for host in hosts):
        yield "PORTAL_HOSTS is open: name each host, such as support.example.com."
    if not set(hosts) - LOCAL_HOSTS:
        yield "PORTAL_HOSTS names this machine only: name the host that customers use."
