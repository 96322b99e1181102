"""What programs may know of the desk and the ladder: escalations, people, live rungs."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import dispatch, records
from conversations.api import reference
from conversations.api.base import ApiView, read_query
from conversations.api.caching import unless_known
from conversations.api.paging import PageQuery, newest_first, page
from conversations.api.shapes import AgentShape, EscalationShape, Moment, TeamShape
from conversations.escalation import staff
from conversations.models import Escalation, Scope

NEWEST = newest_first("opened_at")


class EscalationQuery(PageQuery):
    state = serializers.ChoiceField(Escalation.State.choices, required=False)
    reason = serializers.ChoiceField(Escalation.Reason.choices, required=False)
    topic = serializers.CharField(required=False, max_length=80)
    team = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    priority = serializers.IntegerField(required=False, min_value=1, max_value=5)
    conversation = serializers.UUIDField(required=False)
    since = Moment(required=False, help_text="Opened at or after.")
    until = Moment(required=False, help_text="Opened before.")


class EscalationsView(ApiView):
    scopes = {"GET": Scope.ESCALATIONS_READ}

    @extend_schema(**reference.list_of("escalations", EscalationShape, EscalationQuery))
    def get(self, request: Request) -> Response:
        """List escalations, newest first."""
        query = read_query(request, EscalationQuery)
        found = records.escalations(request.auth.escalations, query)
        return Response(page(request, found, NEWEST, query, show))


class EscalationView(ApiView):
    scopes = {"GET": Scope.ESCALATIONS_READ}

    @extend_schema(**reference.read("escalations", EscalationShape))
    def get(self, request: Request, escalation_id: Any) -> Response:
        """Read one escalation."""
        found = records.escalation(request.auth.escalations, escalation_id)
        return unless_known(request, show(found))


class PresenceShape(serializers.Serializer[Any]):
    """Everybody at the desk, and the teams."""

    agents = AgentShape(many=True)
    teams = TeamShape(many=True)


class AgentsView(ApiView):
    scopes = {"GET": Scope.AGENTS_READ}

    @extend_schema(**reference.read("agents", PresenceShape, missing=False))
    def get(self, request: Request) -> Response:
        """Who is at the desk now, and how much each of them holds."""
        read_query(request, serializers.Serializer)
        return Response(PresenceShape(staff.colleagues(timezone.now())).data)


class RungShape(serializers.Serializer[Any]):
    """A worker's own word. A rung without a live worker is not in the list."""

    tier = serializers.CharField()
    model = serializers.CharField()
    ready = serializers.BooleanField()
    reason = serializers.CharField(help_text="Why it is not ready.")


class LadderShape(serializers.Serializer[Any]):
    """`live`: rungs that can answer now, best first. Without any, articles are quoted."""

    order = serializers.ListField(child=serializers.CharField())
    live = serializers.ListField(child=serializers.CharField())
    workers = RungShape(many=True)


class LadderView(ApiView):
    scopes = {"GET": Scope.SYSTEM_READ}

    @extend_schema(**reference.read("system", LadderShape, missing=False))
    def get(self, request: Request) -> Response:
        """Which rungs of the ladder can answer now."""
        read_query(request, serializers.Serializer)
        found = {
            "order": list(dispatch.LADDER),
            "live": dispatch.rungs.live(),
            "workers": dispatch.rungs.reports(),
        }
        return Response(LadderShape(found).data)


def show(escalation: Escalation) -> dict[str, Any]:
    return dict(EscalationShape(escalation).data)
