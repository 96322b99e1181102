"""`/.well-known/security.txt` (RFC 9116): where to report a weakness, if the operator says."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

VALID = timedelta(days=180)


@require_safe
def security_txt(_request: HttpRequest) -> HttpResponse:
    contact = settings.CONFIG.security_contact
    if not contact:
        raise Http404
    expires = (timezone.now() + VALID).strftime("%Y-%m-%dT00:00:00Z")
    body = f"Contact: {contact}\nExpires: {expires}\n"
    return HttpResponse(body, content_type="text/plain; charset=utf-8")
