"""The ASGI application: HTTP by Django, WebSockets by Channels behind an origin check."""

import os
from typing import Any
from urllib.parse import ParseResult

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

django_application = get_asgi_application()

from django.conf import settings  # noqa: E402
from django.urls import re_path  # noqa: E402

from conversations.routing import websocket_urlpatterns  # noqa: E402
from portal.core.addresses import networks  # noqa: E402
from portal.proxies import TrustedProxies  # noqa: E402


class BrowserOriginValidator(OriginValidator):
    """Refuses pages of foreign sites. A client that is no browser sends no Origin and is let in:
    what opens a conversation is its token, never a cookie."""

    def valid_origin(self, parsed_origin: ParseResult | None) -> bool:
        return parsed_origin is None or bool(super().valid_origin(parsed_origin))


async def no_such_socket(_scope: Any, receive: Any, send: Any) -> None:
    """The handshake ends with 403; without this each unknown address would log an exception."""
    await receive()
    await send({"type": "websocket.close"})


elsewhere: Any = no_such_socket
websockets: Any = BrowserOriginValidator(
    URLRouter([*websocket_urlpatterns, re_path("", elsewhere)]), settings.WS_ALLOWED_ORIGINS
)
application = TrustedProxies(
    ProtocolTypeRouter({"http": django_application, "websocket": websockets}),
    networks(settings.CONFIG.trusted_proxies),
)
