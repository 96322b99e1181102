"""Believes the headers of trusted proxies and drops those of everybody else, for all protocols.

Behind it, `scope["client"]` is the client and `scope["scheme"]` what the client speaks; no code
reads a forwarded header by itself.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from portal.core.addresses import Network, client_address, is_in

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]

#: What proxies write about clients. None of it reaches the application.
FORWARDED = frozenset({
    b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host",
    b"x-forwarded-port", b"x-forwarded-prefix", b"x-real-ip", b"x-forwarded-ssl",
    b"x-client-ip", b"true-client-ip", b"cf-connecting-ip",
})  # fmt: skip
_SECURE = {"http": "https", "websocket": "wss"}


class TrustedProxies:
    def __init__(self, application: Application, trusted: Sequence[Network]) -> None:
        self.application, self.trusted = application, trusted

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] in _SECURE:
            scope = self.seen_from_outside(scope)
        await self.application(scope, receive, send)

    def seen_from_outside(self, scope: Scope) -> Scope:
        """The scope as the client's side of the trusted proxies would show it."""
        headers = scope.get("headers", [])
        peer = (scope.get("client") or ("", 0))[0]
        changed = {**scope, "headers": [item for item in headers if not _is_forwarded(item[0])]}
        if is_in(peer, self.trusted):
            chain = _values(headers, b"x-forwarded-for")
            changed["client"] = [client_address(peer, chain, self.trusted), 0]
            # The proxy next to us writes last; what stands before it anybody may have written.
            if _values(headers, b"x-forwarded-proto")[-1:] in (["https"], ["wss"]):
                changed["scheme"] = _SECURE[scope["type"]]
        return changed


def _is_forwarded(name: bytes) -> bool:
    """Also in the spellings that some servers take for the same (X_Forwarded_For)."""
    return name.lower().replace(b"_", b"-") in FORWARDED


def _values(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[str]:
    """A list header's entries, over all its lines, in order."""
    joined = ",".join(value.decode("latin-1") for key, value in headers if key.lower() == name)
    return [entry for part in joined.split(",") if (entry := part.strip())]
