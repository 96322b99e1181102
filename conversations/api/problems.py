"""Errors of the REST interface as problem details (RFC 9457), whatever went wrong."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404
from django.urls import reverse
from rest_framework import exceptions, status
from rest_framework.response import Response

from portal.core.errors import InvalidInput, NotFound, ServiceError, Unavailable, UnexpectedError

log = logging.getLogger("portal.api")

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The request cannot be used",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "No such format",
    409: "In conflict with what is there",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Send JSON",
    422: "Key used for another request",
    429: "Slow down",
    500: "Our fault",
    503: "Not reachable right now",
}
STATUS_OF = {
    "not_logged_in": 401,
    "bad_token": 401,
    "not_allowed": 403,
    "not_found": 404,
    "bad_method": 405,
    "already_there": 409,
    "changed_meanwhile": 412,
    "idempotency_key_reused": 422,
    "slow_down": 429,
    "unexpected": 500,
    "failed": 500,
    "unavailable": 503,
}
_CODES: dict[type[exceptions.APIException], str] = {
    exceptions.ParseError: "not_json",
    exceptions.NotAuthenticated: "not_logged_in",
    exceptions.AuthenticationFailed: "bad_token",
    exceptions.PermissionDenied: "not_allowed",
    exceptions.MethodNotAllowed: "bad_method",
    exceptions.NotAcceptable: "bad_accept",
    exceptions.UnsupportedMediaType: "bad_media_type",
}


def problem(
    code: str, detail: str, code_of_status: int, errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """The body of an error; `type` is the place in the reference that explains it."""
    body: dict[str, Any] = {
        "type": f"{reverse('api-docs')}#errors",
        "title": TITLES.get(code_of_status, "Error"),
        "status": code_of_status,
        "code": code,
        "detail": detail,
    }
    return body | ({"errors": errors} if errors else {})


def of_service_error(exc: ServiceError) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers of an anticipated failure."""
    fallback = 400 if isinstance(exc, InvalidInput) else 409
    number = STATUS_OF.get(exc.code, fallback)
    headers = {}
    if number == status.HTTP_401_UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="portal"'
    if (seconds := exc.fields.get("retry_after")) is not None:
        headers["Retry-After"] = str(seconds)
    elif number == status.HTTP_503_SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "5"
    return number, problem(exc.code, exc.detail, number), headers


def answer(exc: Exception) -> Response:
    """The response for any exception. What was not anticipated is logged here, once."""
    if isinstance(exc, exceptions.APIException):
        return _of_rest_framework(exc)
    if isinstance(exc, Http404):
        exc = NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
        return _of_rest_framework(exc)
    elif isinstance(exc, DatabaseError):
        log.error("The database failed a request: %s", type(exc).__name__)
        exc = Unavailable()
    elif not isinstance(exc, ServiceError):
        log.error("A request failed", exc_info=exc)
        exc = UnexpectedError()
    assert isinstance(exc, ServiceError)
    number, body, headers = of_service_error(exc)
    return Response(body, status=number, headers=headers, content_type=MEDIA_TYPE)


def _of_rest_framework(exc: exceptions.APIException) -> Response:
    headers = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if isinstance(exc, exceptions.ValidationError):
        errors = list(_flatten(exc.detail))
        detail = " ".join(f"{item['field']}: {item['detail']}" for item in errors[:3])
        body = problem("invalid", detail, 400, errors)
    else:
        code = next((code for kind, code in _CODES.items() if isinstance(exc, kind)), "refused")
        body = problem(code, str(exc.detail), exc.status_code)
    return Response(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)


def _flatten(detail: Any, field: str = "") -> Any:
    """Each complaint with the field that it is about, however deep."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _flatten(inner, ".".join(part for part in (field, own) if part))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _flatten(inner, field)
    else:
        yield {"field": field or "body", "detail": str(detail)}
