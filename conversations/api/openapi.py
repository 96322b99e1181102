"""The OpenAPI document: made from the views, with what no view can say of itself."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from conversations.api.problems import MEDIA_TYPE, TITLES
from portal import limits

DESK = "/api/v1/desk/"
#: The addresses that are no operations: the document itself and what nothing is known of.
_NOT_DESCRIBED = ("/api/v1/schema/",)
EVENTS = "/api/v1/conversations/{conversation_id}/events/"
_VERBS = {"get": "get", "post": "create", "patch": "change"}


class Operations(AutoSchema):
    """A view's first docstring line is the summary; the rest is the description."""

    def get_operation_id(self) -> str:
        words = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self.view).__name__.removesuffix("View"))
        return f"{words.lower()}_{_VERBS[self.method.lower()]}"

    def get_serializer_name(self, serializer: Any, direction: str) -> str:
        name: str = super().get_serializer_name(serializer, direction)
        return re.sub(r"(Shape|Input)$", "", name)

    def get_extensions(self) -> dict[str, str]:
        """The scope that a token needs."""
        scope = self.view.scopes.get(self.method)
        return {"x-scope": str(scope)} if scope else {}

    def get_summary(self) -> str:
        return self._words()[0]

    def get_description(self) -> str:
        return self._words()[1]

    def _words(self) -> tuple[str, str]:
        method = getattr(self.view, self.method.lower())
        text = " ".join((method.__doc__ or "").split())
        first, _stop, rest = text.partition(". ")
        return first.rstrip("."), rest


def only_the_interface(endpoints: Iterable[Any], **_: Any) -> list[Any]:
    """Leaves out what is the desk page's own (docs/desk.md) and what is no operation."""
    return [
        found
        for found in endpoints
        if found[0].startswith("/api/v1/") and not found[0].startswith((DESK, *_NOT_DESCRIBED))
    ]


def completed(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Adds the event stream, whose view is none of REST framework's, and who may come in how."""
    result["components"]["securitySchemes"] = _SCHEMES
    result["paths"][EVENTS] = {"get": _EVENTS_OPERATION}
    result["paths"] = dict(sorted(result["paths"].items()))
    return result


@cache
def document() -> dict[str, Any]:
    """The whole document. It changes with the code only."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


_SCHEMES = {
    "apiToken": {
        "type": "http", "scheme": "bearer",
        "description": "A program's token, with its scopes.",
    },
    "conversationKey": {
        "type": "http", "scheme": "bearer",
        "description": "The `token` of a new conversation; it opens that one only.",
    },
    "session": {
        "type": "apiKey", "in": "cookie", "name": "sessionid",
        "description": "Somebody who is logged in at the desk; writes need X-CSRFToken too.",
    },
}  # fmt: skip


def _problem(number: int) -> dict[str, Any]:
    return {
        "description": TITLES[number],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


_EXAMPLE = (
    "retry: 1000\n\n"
    "id: 1\nevent: message.accepted\n"
    'data: {"type":"message.accepted","seq":1,"message":{…}}\n\n'
    "id: 1.5f0c….8\nevent: reply.delta\n"
    'data: {"type":"reply.delta","message":"5f0c…","offset":0,"text":"You can "}\n\n'
)
_EVENT = {
    "type": "object",
    "description": "One event; its data is a frame as JSON.",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
    "required": ["id", "event", "data"],
}
_EVENTS_OPERATION: dict[str, Any] = {
    "operationId": "conversations_events",
    "summary": "Follow a conversation by Server-Sent Events",
    "description": "The frames of docs/websocket.md: durable ones by seq, and the reply in "
    "progress in pieces. Come back with the last id as Last-Event-ID and nothing is lost or "
    "comes twice. A stream ends by itself after 50 seconds; EventSource comes back alone.",
    "tags": ["messages"],
    "x-scope": "conversations:read",
    "security": [{"apiToken": []}, {"conversationKey": []}, {"session": []}],
    "parameters": [
        {"in": "path", "name": "conversation_id", "required": True,
         "schema": {"type": "string", "format": "uuid"}},
        {"in": "header", "name": "Last-Event-ID", "schema": {"type": "string"},
         "description": "The id of the last event that was received."},
        {"in": "query", "name": "last_event_id", "schema": {"type": "string"},
         "description": "The same, for a client that cannot set the header."},
        {"in": "query", "name": "token", "schema": {"type": "string"},
         "description": "The conversation's key, for a browser's EventSource."},
        {"in": "query", "name": "wait",
         "schema": {"type": "integer", "minimum": 0, "maximum": int(limits.EVENTS_STREAM)},
         "description": "Seconds that the stream stays open; 0: what there is now."},
    ],
    "responses": {
        "200": {
            "description": "Events",
            "content": {"text/event-stream": {"schema": _EVENT, "example": _EXAMPLE}},
        },
        **{str(number): _problem(number) for number in (400, 401, 403, 404, 429, 503)},
    },
}  # fmt: skip
