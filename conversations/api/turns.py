"""Turns: what the assistant decided, from what, and where its milliseconds went."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import records
from conversations.api import reference
from conversations.api.base import ApiView, read_query
from conversations.api.caching import unless_known
from conversations.api.paging import PageQuery, newest_first, page
from conversations.api.shapes import Moment, TurnShape
from conversations.models import Scope, Turn

NEWEST = newest_first("accepted_at")


class TurnOfConversationQuery(PageQuery):
    state = serializers.ChoiceField(Turn.State.choices, required=False)
    decision = serializers.ChoiceField(Turn.Decision.choices, required=False)
    tier = serializers.CharField(
        required=False, max_length=20, help_text="gpu, cpu, extractive, cache, …"
    )
    reason = serializers.CharField(required=False, max_length=40)
    since = Moment(required=False, help_text="Accepted at or after.")
    until = Moment(required=False, help_text="Accepted before.")


class TurnQuery(TurnOfConversationQuery):
    conversation = serializers.UUIDField(required=False)


class TurnsView(ApiView):
    scopes = {"GET": Scope.CONVERSATIONS_READ}

    @extend_schema(**reference.list_of("turns", TurnShape, TurnQuery))
    def get(self, request: Request) -> Response:
        """List turns of all conversations, newest first."""
        query = read_query(request, TurnQuery)
        found = records.turns(request.auth.conversations, query)
        return Response(page(request, found, NEWEST, query, show))


class TurnsOfConversationView(ApiView):
    scopes = {"GET": Scope.CONVERSATIONS_READ}

    @extend_schema(**reference.list_of("turns", TurnShape, TurnOfConversationQuery, of_one=True))
    def get(self, request: Request, conversation_id: Any) -> Response:
        """List the turns of one conversation, newest first."""
        query = read_query(request, TurnOfConversationQuery)
        seen = request.auth.conversations
        records.conversation(seen, conversation_id)
        found = records.turns(seen, {**query, "conversation": conversation_id})
        return Response(page(request, found, NEWEST, query, show))


class TurnView(ApiView):
    scopes = {"GET": Scope.CONVERSATIONS_READ}

    @extend_schema(**reference.read("turns", TurnShape))
    def get(self, request: Request, turn_id: Any) -> Response:
        """Read one turn."""
        found = records.turn(request.auth.conversations, turn_id)
        return unless_known(request, show(found))


def show(turn: Turn) -> dict[str, Any]:
    return dict(TurnShape(turn).data)
