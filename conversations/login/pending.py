"""A login that has its password and still needs its second factor. It stands in the session."""

import time
from typing import Any

from django.contrib.auth import get_user_model, login
from django.http import HttpRequest
from django_otp import login as remember_device
from django_otp.models import Device

_KEY = "pending_login"
SECONDS = 600
TRIES = 5


def begin(request: HttpRequest, user: Any, next_url: str) -> None:
    request.session.cycle_key()
    request.session[_KEY] = {
        "user": str(user.pk),
        "backend": user.backend,
        "password": user.get_session_auth_hash(),
        "next": next_url,
        "at": time.time(),
        "tries": 0,
    }


def user_of(request: HttpRequest) -> Any | None:
    """The user whose second factor is awaited, while the password is fresh and still the same."""
    kept = request.session.get(_KEY)
    if not kept or time.time() - kept["at"] > SECONDS or kept["tries"] >= TRIES:
        return None
    user = get_user_model().objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != kept["password"]:
        return None
    return user


def failed(request: HttpRequest) -> None:
    """A wrong code; after five of them the password is asked for again."""
    kept = request.session.get(_KEY)
    if kept:
        request.session[_KEY] = {**kept, "tries": kept["tries"] + 1}


def finish(request: HttpRequest, user: Any, device: Device) -> str:
    """Log the user in, and return where they wanted to go."""
    kept = request.session.pop(_KEY)
    login(request, user, backend=kept["backend"])
    remember_device(request, device)
    return str(kept["next"])
