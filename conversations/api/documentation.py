"""The OpenAPI document, its readable page, and the answer for addresses that do not exist."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api import openapi, page_of_reference
from conversations.api.base import ApiView
from conversations.api.caching import unless_known
from portal.core.errors import NotFound


class SchemaView(ApiView):
    """Open to everybody: it says what there is, nothing of what is in it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return unless_known(request, openapi.document())


class UnknownAddressView(ApiView):
    """A problem, not a page, for a program that is lost."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("There is no such address. The reference is at /api/docs/.")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The reference as a page, made from the document."""
    context = {"reference": page_of_reference.build(openapi.document())}
    return render(request, "api/reference.html", context)
