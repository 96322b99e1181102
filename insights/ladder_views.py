"""The ladder's page for operators: what each rung does now, and its breaker by hand."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from conversations.access import NobodyAtDesk, require_ladder
from conversations.escalation.errors import NotAllowed
from conversations.ladder_status import ladder_status
from conversations.services.ladder_control import LadderControlService
from insights import access
from insights.navigation import PAGES
from portal.core.errors import ServiceError

View = Callable[..., HttpResponseBase]


def ladder_view(view: View) -> View:
    """Only for those who may see the ladder: others log in, or are refused."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            require_ladder(request.user)
        except NobodyAtDesk:
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        except NotAllowed:
            raise PermissionDenied from None
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return guarded


@require_GET
@ladder_view
def ladder_page(request: HttpRequest) -> HttpResponse:
    status = ladder_status(now=timezone.now())
    for rung in status["rungs"]:
        rung["changed"] = parse_datetime(rung["changed_at"]) if rung["changed_at"] else None
    shown = {
        "pages": PAGES if access.may_see(request.user) else (),
        "here": "ladder",
        "status": status,
        "may_operate": request.user.has_perm("conversations.operate_ladder"),
    }
    return render(request, "insights/ladder.html", shown)


@require_GET
@ladder_view
def ladder_json(request: HttpRequest) -> JsonResponse:
    return JsonResponse(ladder_status(now=timezone.now()))


@require_POST
@ladder_view
def ladder_breaker(request: HttpRequest, rung: str) -> HttpResponse:
    """Hold a rung's breaker `to` open, closed or auto."""
    to = request.POST.get("to", "")
    try:
        LadderControlService().hold(actor=request.user, rung=rung, to=to, now=timezone.now())
    except NotAllowed:
        raise PermissionDenied from None
    except ServiceError as error:
        messages.error(request, error.detail)
    else:
        said = {
            "open": _("No turn is sent to %(rung)s until you change it back."),
            "closed": _("Turns are sent to %(rung)s whatever happens, until you change it back."),
            "auto": _("The breaker of %(rung)s works by itself again."),
        }
        messages.success(request, said[to] % {"rung": rung})
    return redirect("insights-ladder")
