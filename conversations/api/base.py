"""What every view of the REST interface has: callers, scopes, limits, problems, idempotency."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import front_door
from conversations.api import problems
from conversations.api.callers import (
    REALM,
    Caller,
    CustomerAuthentication,
    StaffAuthentication,
    TokenAuthentication,
)
from conversations.api.permissions import ByScope
from conversations.front_door import SlowDown
from conversations.services import idempotency
from portal import limits
from portal.core.errors import InvalidInput
from portal.core.limiter import Rule, Verdict, headers

Act = Callable[[], tuple[int, Any]]


class ApiView(APIView):
    """Subclasses name `scopes`; `customers` are the methods open to a conversation's customer."""

    authentication_classes: tuple[Any, ...] = (TokenAuthentication, StaffAuthentication)
    permission_classes: tuple[Any, ...] = (ByScope,)
    scopes: ClassVar[Mapping[str, str]] = {}
    customers: ClassVar[Collection[str]] = ()
    counted: tuple[Rule, Verdict] | None = None

    def perform_authentication(self, request: Request) -> None:
        """Find out who calls, then count the call, then (elsewhere) look at the scope."""
        super().perform_authentication(request)
        caller: Caller | None = request.auth
        if caller is None:
            return
        rule = front_door.rule("api", limits.API_CALLS)
        self.counted = rule, front_door.limiter().take((rule, caller.key))
        if not self.counted[1].allowed:
            raise SlowDown(self.counted[1].retry_after)

    def handle_exception(self, exc: Exception) -> Response:
        response = problems.answer(exc)
        if response.status_code == 401:
            response["WWW-Authenticate"] = REALM
        response.exception = True
        return response

    def finalize_response(
        self, request: Any, response: Any, *args: Any, **kwargs: Any
    ) -> Any:  # DRF's own type
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.counted is not None and self.counted[0].count > 0:
            for name, value in headers(*self.counted).items():
                response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ("Authorization", "Cookie"))
        return response

    def once(self, request: Request, act: Act, *, conversation: UUID | None = None) -> Response:
        """Do a write, once for each `Idempotency-Key` of this caller."""
        key = request.headers.get("Idempotency-Key")
        caller: Caller | None = request.auth
        if key is None or caller is None:
            status, body = act()
            return Response(body, status=status)
        wanted = asked_under(request, caller, key, conversation)
        found = idempotency.once(wanted, timezone.now(), act)
        replayed = {"Idempotent-Replayed": "true"} if found.replayed else {}
        return Response(found.body, status=found.status, headers=replayed)


class ConversationApiView(ApiView):
    """For addresses of one conversation: its customer's key is understood as well."""

    authentication_classes = (TokenAuthentication, CustomerAuthentication, StaffAuthentication)


def asked_under(
    request: Request, caller: Caller, key: str, conversation: UUID | None
) -> idempotency.Request:
    return idempotency.Request(
        caller=caller.key,
        key=key,
        method=str(request.method),
        path=request.path,
        body=request.data,
        conversation=conversation,
    )


class UnknownParameter(InvalidInput):
    """This parameter is not known here; a misspelt filter would answer another question."""

    code = "unknown_parameter"


def read_query(request: Request, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The checked query parameters. Raises UnknownParameter or ValidationError."""
    given = request.query_params
    unknown = sorted(set(given) - set(kind().fields))
    if unknown:
        known = ", ".join(kind().fields) or "none"
        raise UnknownParameter(f"Unknown: {', '.join(unknown)[:200]}. Known here: {known}.")
    return checked(kind, given.dict())


def checked(kind: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    serializer = kind(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def address_of(request: HttpRequest | Request) -> str:
    """The client's address; trusted proxies were looked through before (portal/proxies.py)."""
    return str(request.META.get("REMOTE_ADDR", ""))


def server_secret() -> str:
    return settings.SECRET_KEY
