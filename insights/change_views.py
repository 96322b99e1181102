"""What is changed from the pages: the live limit of wrong answers, and the brief by e-mail."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations.services.error_limit import ErrorLimitService
from insights.access import insights_view, may_apply
from insights.briefing import BriefingService
from portal.core.errors import ServiceError


@insights_view
@require_POST
def apply_limit(request: HttpRequest) -> HttpResponse:
    """Apply `wrong` (in a hundred), or take the newest change back with `undo`."""
    if not may_apply(request.user):
        raise PermissionDenied
    seen = request.POST.get("seen", "")
    if seen and not seen.isdecimal():
        raise BadRequest
    service, now = ErrorLimitService(), timezone.now()
    try:
        if "undo" in request.POST:
            service.undo(actor=request.user, seen=int(seen or 0), now=now)
        else:
            service.set(
                actor=request.user, max_error=_share(request.POST.get("wrong", "")),
                seen=int(seen) if seen else None, now=now,
            )  # fmt: skip
    except ServiceError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, _("Done. Every worker follows within seconds."))
    period = request.POST.get("period", "")
    query = f"?{urlencode({'period': period})}" if period else ""
    return HttpResponseRedirect(f"{reverse('insights-automation')}{query}#slider")


@insights_view
@require_POST
def brief_by_mail(request: HttpRequest) -> HttpResponse:
    """Send me the brief each morning, or no longer."""
    service = BriefingService()
    try:
        if request.POST.get("want") == "1":
            service.subscribe(request.user, now=timezone.now())
            messages.success(request, _("You get the next morning's brief by e-mail."))
        else:
            service.unsubscribe(request.user)
            messages.success(request, _("No more briefs by e-mail."))
    except ServiceError as error:
        messages.error(request, error.detail)
    return HttpResponseRedirect(reverse("insights-brief"))


def _share(text: str) -> float:
    try:
        return float(text) / 100
    except ValueError as error:
        raise BadRequest from error
