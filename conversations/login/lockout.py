"""The lock of the login: who failed too often, from where, and when the next try counts.

django-axes counts failures of one user name from one address in the database. A locked name stays
open from every other address, so that nobody can lock an agent out from outside.
"""

from datetime import timedelta
from ipaddress import ip_network
from math import ceil
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.models import AccessAttempt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import ngettext

from conversations import front_door
from portal import limits
from portal.core.addresses import IPV6_PREFIX, parse


class LockoutBackend(AxesStandaloneBackend):
    """As axes', for logins by requests; code that authenticates without one is not locked."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> None:
        if request is not None:
            super().authenticate(request, username=username, password=password, **kwargs)


def address_of(request: HttpRequest) -> str | None:
    """What failures count by: the address, or the first of its /64 of IPv6."""
    address = parse(str(request.META.get("REMOTE_ADDR", "")))
    if address is None:
        return None
    if address.version == 6:
        network = ip_network((address, IPV6_PREFIX), strict=False)
        return str(network.network_address)
    return str(address)


def locked_for(request: HttpRequest, username: str) -> float:
    """Seconds until this user may try again from this address."""
    last = (
        AccessAttempt.objects.filter(username=username, ip_address=address_of(request))
        .order_by("-attempt_time")
        .first()
    )
    if last is None:
        return limits.LOGIN_PAUSE
    left = last.attempt_time + timedelta(seconds=limits.LOGIN_PAUSE) - timezone.now()
    return max(1.0, left.total_seconds())


def too_many(request: HttpRequest, seconds: float) -> HttpResponse:
    """The login page with the time of the next try. It does not say whether the user exists."""
    minutes = ceil(seconds / 60)
    message = ngettext(
        "Too many tries. Please try again in %(n)s minute, or ask an administrator.",
        "Too many tries. Please try again in %(n)s minutes, or ask an administrator.",
        minutes,
    ) % {"n": minutes}
    response = render(request, "desk/login.html", {"locked": message}, status=429)
    response.headers["Retry-After"] = str(ceil(seconds))
    response.headers["Cache-Control"] = "no-store"
    return response


def locked_out(
    request: HttpRequest, _response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """What axes answers with when the lock is shut."""
    return too_many(request, locked_for(request, str((credentials or {}).get("username", ""))))


def check_address(request: HttpRequest) -> HttpResponse | None:
    """An answer for an address that tries too many logins, whoever they are for; or None."""
    try:
        front_door.check_login(str(request.META.get("REMOTE_ADDR", "")))
    except front_door.SlowDown as exc:
        return too_many(request, exc.retry_after)
    return None
