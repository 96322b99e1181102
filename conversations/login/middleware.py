"""Keeps a session without the second factor that its role needs away from every page."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from conversations import access

_OPEN = ("desk-login", "desk-logout", "second-factor", "second-factor-setup", "chat")
#: What everybody may read.
_PUBLIC = ("/help/", "/healthz", "/readyz", "/metrics", "/.well-known/")


class SecondFactorRequired:
    """A session that began before the role had to have one is asked for it at its next request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.CONFIG.second_factor and self._must_stop(request):
            if request.path.startswith("/api/"):
                detail = _("This account needs a second factor. Please log in again.")
                return JsonResponse({"code": "second_factor", "detail": detail}, status=401)
            return redirect("second-factor-setup")
        return self.get_response(request)

    def _must_stop(self, request: HttpRequest) -> bool:
        if not request.user.is_authenticated or request.user.is_verified():  # type: ignore[attr-defined]
            return False
        if request.path in {reverse(name) for name in _OPEN} or request.path.startswith(_PUBLIC):
            return False
        return access.needs_second_factor(request.user)
