"""Who may see the insights: supervisors, managers and administrators. One function decides."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from conversations import roles

ROLES = (roles.SUPERVISOR, roles.MANAGER, roles.ADMIN)
APPLIERS = (roles.MANAGER, roles.ADMIN)

View = Callable[..., HttpResponseBase]


def may_see(user: Any) -> bool:
    """Whether a user may see figures and the conversations behind them."""
    if isinstance(user, AnonymousUser) or not user.is_active:
        return False
    return bool(user.is_superuser or user.groups.filter(name__in=ROLES).exists())


def may_apply(user: Any) -> bool:
    """Whether a user may change how often answers may be wrong: managers and administrators."""
    if isinstance(user, AnonymousUser) or not user.is_active:
        return False
    return bool(user.is_superuser or user.groups.filter(name__in=APPLIERS).exists())


def insights_view(view: View) -> View:
    """Only for those who may see the insights: others log in, or are refused."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        if not may_see(request.user):
            raise PermissionDenied
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return guarded
