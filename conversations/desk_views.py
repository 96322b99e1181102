"""The agents' page. Its data come over REST and the desk's socket; login/ has the login."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from conversations import access, desk_strings
from conversations.escalation import staff
from conversations.escalation.canned import ViewService
from conversations.escalation.errors import NotAtDesk
from portal import limits

view_service = ViewService()


@require_safe
@never_cache
def desk(request: HttpRequest) -> HttpResponse:
    """The desk for who may work there; the login for nobody, a plain refusal for others."""
    try:
        agent = access.desk_agent(request.user)
    except access.NobodyAtDesk:
        return redirect(f"{reverse('desk-login')}?next={reverse('desk')}")
    except NotAtDesk as exc:
        return render(request, "desk/refused.html", {"detail": exc.detail}, status=403)
    config: dict[str, Any] = {
        "api": reverse("desk-me").removesuffix("me/"),
        "login": f"{reverse('desk-login')}?next={reverse('desk')}",
        "ticker": static("js/desk/ticker.js"),
        "icon": static("icon.svg"),
        "limit": limits.MESSAGE_CHARS,
        "me": agent.id,
        "supervises": agent.may("manage_others"),
        "company": settings.CONFIG.company,
        # What the page would ask for at once comes with it.
        "people": staff.colleagues(timezone.now()),
        "views": view_service.find(agent=agent),
        "strings": desk_strings.strings(),
    }
    return render(request, "desk/desk.html", {"config": config, "agent": agent})
