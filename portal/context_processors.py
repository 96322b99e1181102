"""What every template may show."""

from django.conf import settings
from django.http import HttpRequest


def brand(_request: HttpRequest) -> dict[str, str]:
    return {"company": settings.CONFIG.company}
