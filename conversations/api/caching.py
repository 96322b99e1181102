"""Answers that a caller has already: ETag and 304."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from rest_framework.request import Request
from rest_framework.response import Response


def etag_of(body: Any) -> str:
    """A tag of the answer's content: the same answer has the same one, from any process."""
    words = json.dumps(body, sort_keys=True, default=str)
    return f'"{hashlib.blake2b(words.encode(), digest_size=12).hexdigest()}"'


def unless_known(
    request: Request, body: Any, *, etag: str = "", changed_at: datetime | None = None
) -> Response:
    """The body with its ETag, or 304 without one if the caller has it."""
    tag = etag or etag_of(body)
    response = Response(body, headers={"ETag": tag})
    if changed_at is not None:
        response["Last-Modified"] = http_date(changed_at.timestamp())
    known = get_conditional_response(request._request, etag=tag, response=None)
    if known is not None and known.status_code == 304:
        return Response(status=304, headers=dict(response.headers))
    return response
