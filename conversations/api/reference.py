"""How each kind of operation is described in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    inline_serializer,
)
from rest_framework import serializers

from conversations.api.problems import MEDIA_TYPE, TITLES
from conversations.api.shapes import ProblemShape

Shape = type[serializers.Serializer[Any]]
Security = list[dict[str, list[str]]]
JSON = "application/json"

_RATE = tuple(
    OpenApiParameter(
        name, OpenApiTypes.INT, OpenApiParameter.HEADER, response=True, description=text
    )
    for name, text in (
        ("RateLimit-Limit", "Calls at once."),
        ("RateLimit-Remaining", "Calls left now."),
        ("RateLimit-Reset", "Seconds until all of them are free again."),
    )
)
_RETRY = OpenApiParameter(
    "Retry-After",
    OpenApiTypes.INT,
    OpenApiParameter.HEADER,
    response=[429, 503],
    description="Seconds to wait.",
)
_ETAG = OpenApiParameter(
    "ETag", OpenApiTypes.STR, OpenApiParameter.HEADER, response=[200],
    description="Send it back as If-None-Match: 304 says that nothing changed.",
)  # fmt: skip
_IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="An ETag."
)
_IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag that you read: refused with 412 if somebody changed it since.",
)
_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Your name of this write, such as a UUID: sent again within 24 hours it gives "
    "the same answer and does nothing.",
)
_PROGRAMS: Security = [{"apiToken": []}, {"session": []}]
_CUSTOMER: Security = [{"apiToken": []}, {"conversationKey": []}, {"session": []}]


_WRITERS: Security = [{"apiToken": []}, {"conversationKey": []}]

_PAGES: dict[str, Any] = {}


def problems(*numbers: int) -> dict[Any, Any]:
    """The answers that are problems, by status."""
    return {
        (number, MEDIA_TYPE): OpenApiResponse(ProblemShape, description=TITLES[number])
        for number in sorted(numbers)
    }


def paged(shape: Shape) -> Any:
    """A page of entries as JSON; one component however many lists use it."""
    name = shape.__name__.removesuffix("Shape") + "Page"
    fields = {
        "results": shape(many=True),
        "next": serializers.CharField(
            allow_null=True, help_text="The address of the next page; null: this is the last one."
        ),
    }
    if name not in _PAGES:
        _PAGES[name] = inline_serializer(name, fields)
    return _PAGES[name]


def list_of(
    tag: str, shape: Shape, query: Shape, *, customers: bool = False, of_one: bool = False
) -> dict[str, Any]:
    """A list with filters and a cursor; `of_one`: below one thing, which may not be there."""
    missing = (404,) if of_one or customers else ()
    return {
        "tags": [tag],
        "parameters": [query, *_RATE, _RETRY],
        "responses": {(200, JSON): paged(shape), **problems(400, 401, 403, *missing, 406, 429)},
        "auth": _CUSTOMER if customers else _PROGRAMS,
    }


def read(
    tag: str, shape: Shape, *, customers: bool = False, missing: bool = True
) -> dict[str, Any]:
    """One thing."""
    known = {304: OpenApiResponse(description="You have it already")} if missing else {}
    numbers = (401, 403, 406, 429, *((404,) if missing else (400,)))
    conditional = (_IF_NONE_MATCH, _ETAG) if missing else ()
    return {
        "tags": [tag],
        "parameters": [*conditional, *_RATE, _RETRY],
        "responses": {(200, JSON): shape, **known, **problems(*numbers)},
        "auth": _CUSTOMER if customers else _PROGRAMS,
    }


def write(
    tag: str,
    given: Shape,
    answers: Mapping[int, Shape],
    *,
    customers: bool = False,
    open_to_all: bool = False,
    conflict: bool = False,
    if_match: bool = False,
    missing: bool = False,
    example: dict[str, Any] | None = None,
    answer_example: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Something that changes the record."""
    auth = _WRITERS if customers else _PROGRAMS
    if open_to_all:
        auth = [{"apiToken": []}, {}]
    numbers = [400, 401, 403, 406, 413, 415, 422, 429]
    numbers += [404] if customers or missing else []
    numbers += [409] if conflict else []
    numbers += [412] if if_match else []
    examples = []
    if example:
        examples.append(OpenApiExample("A request", value=example, request_only=True))
    if answer_example:
        examples.append(OpenApiExample("The answer", value=answer_example, response_only=True))
    return {
        "tags": [tag],
        "request": {JSON: given},
        "parameters": [_KEY, *((_IF_MATCH,) if if_match else ()), *_RATE, _RETRY],
        "responses": {
            **{(number, JSON): shape for number, shape in answers.items()},
            **problems(*numbers),
        },
        "auth": auth,
        "examples": examples,
    }


def figure(tag: str, shape: Shape, query: Shape) -> dict[str, Any]:
    """Something reckoned from parameters."""
    return {
        "tags": [tag],
        "parameters": [query, *_RATE, _RETRY],
        "responses": {(200, JSON): shape, **problems(400, 401, 403, 406, 429)},
        "auth": _PROGRAMS,
    }


def ask(tag: str, given: Shape, shape: Shape, *, example: dict[str, Any]) -> dict[str, Any]:
    """A question with a body, which changes nothing."""
    return {
        "tags": [tag],
        "request": {JSON: given},
        "parameters": [*_RATE, _RETRY],
        "responses": {(200, JSON): shape, **problems(400, 401, 403, 406, 413, 415, 429)},
        "auth": _PROGRAMS,
        "examples": [OpenApiExample("A question", value=example, request_only=True)],
    }
