"""The desk's reads and tools over REST. Every view has an agent whose rights were checked first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import access
from conversations.access import Agent
from conversations.escalation import details, lookup, staff
from conversations.escalation.canned import CannedService, ViewService
from conversations.escalation.queue import parse, read_queue
from portal.core.errors import InvalidInput, ServiceError

STATUS_OF = {
    "not_logged_in": status.HTTP_401_UNAUTHORIZED,
    "not_allowed": status.HTTP_403_FORBIDDEN,
    "not_holder": status.HTTP_403_FORBIDDEN,
    "not_found": status.HTTP_404_NOT_FOUND,
    "already_claimed": status.HTTP_409_CONFLICT,
    "not_open": status.HTTP_409_CONFLICT,
    "not_claimed": status.HTTP_409_CONFLICT,
    "not_online": status.HTTP_409_CONFLICT,
    "unexpected": status.HTTP_500_INTERNAL_SERVER_ERROR,
    "unavailable": status.HTTP_503_SERVICE_UNAVAILABLE,
    "no_model": status.HTTP_503_SERVICE_UNAVAILABLE,
    "not_faithful": status.HTTP_503_SERVICE_UNAVAILABLE,
}
QUERY_CHARS = 300
staff_service = staff.StaffService()
canned_service = CannedService()
view_service = ViewService()


class DeskView(APIView):
    """Refuses whoever is not at the desk before anything else; errors are `{"code", "detail"}`."""

    authentication_classes = (SessionAuthentication,)  # it checks the CSRF token of every write
    permission_classes: tuple[Any, ...] = ()
    agent: Agent
    now: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.now = timezone.now()
        self.agent = access.desk_agent(request.user)
        staff_service.heard(agent=self.agent, now=self.now)

    def handle_exception(self, exc: Exception) -> Response:
        if not isinstance(exc, ServiceError):
            return super().handle_exception(exc)
        code = STATUS_OF.get(exc.code, status.HTTP_400_BAD_REQUEST)
        return Response({"code": exc.code, "detail": exc.detail, **exc.fields}, status=code)


def words_of(request: Request) -> str:
    return " ".join(request.query_params.get("q", "").replace("\x00", "").split())[:QUERY_CHARS]


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises InvalidInput for anything else."""
    if not isinstance(request.data, dict):
        raise InvalidInput
    return request.data


def text_of(body: dict[str, Any], name: str = "text", default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise InvalidInput
    return value


class MeView(DeskView):
    class InputSerializer(serializers.Serializer[Any]):
        availability = serializers.ChoiceField(["online", "away", "offline"], required=False)
        languages = serializers.ListField(
            child=serializers.CharField(max_length=12), required=False, max_length=20
        )
        takes_automatically = serializers.BooleanField(required=False)

    def get(self, request: Request) -> Response:
        return Response(staff.me(self.agent, self.now))

    def patch(self, request: Request) -> Response:
        serializer = self.InputSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        staff_service.change(agent=self.agent, now=self.now, **serializer.validated_data)
        return Response(staff.me(self.agent, self.now))


class AgentsView(DeskView):
    def get(self, request: Request) -> Response:
        return Response(staff.colleagues(self.now))


class QueueView(DeskView):
    def get(self, request: Request) -> Response:
        return Response(read_queue(self.agent, parse(request.query_params), self.now))


class ConversationView(DeskView):
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return Response(details.read_conversation(self.agent, conversation_id, self.now))


class AuditView(DeskView):
    def get(self, request: Request, conversation_id: UUID) -> Response:
        return Response(lookup.audit_of(self.agent, conversation_id))


class KnowledgeView(DeskView):
    def get(self, request: Request) -> Response:
        return Response(lookup.knowledge(words_of(request)))


class PastView(DeskView):
    def get(self, request: Request) -> Response:
        return Response(lookup.past_answers(self.agent, words_of(request)))


class CannedRepliesView(DeskView):
    def get(self, request: Request) -> Response:
        raw = request.query_params.get("conversation", "")
        try:
            conversation_id = UUID(raw) if raw else None
        except ValueError:
            raise InvalidInput from None
        found = canned_service.find(
            agent=self.agent, words=words_of(request), conversation_id=conversation_id
        )
        return Response({"replies": found})

    def post(self, request: Request) -> Response:
        saved = canned_service.save(agent=self.agent, fields=canned_fields(request))
        return Response(saved, status=status.HTTP_201_CREATED)


class CannedReplyView(DeskView):
    def patch(self, request: Request, reply_id: int) -> Response:
        return Response(
            canned_service.save(
                agent=self.agent, fields=canned_fields(request, partial=True), reply_id=reply_id
            )
        )

    def delete(self, request: Request, reply_id: int) -> Response:
        canned_service.delete(agent=self.agent, reply_id=reply_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CannedSerializer(serializers.Serializer[Any]):
    shortcut = serializers.CharField(max_length=40)
    title = serializers.CharField(max_length=120)
    body = serializers.CharField(max_length=8_000)
    language = serializers.CharField(max_length=12, required=False, allow_blank=True)
    team = serializers.IntegerField(required=False, allow_null=True)


def canned_fields(request: Request, *, partial: bool = False) -> dict[str, Any]:
    serializer = CannedSerializer(data=request.data, partial=partial)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class ViewsView(DeskView):
    class InputSerializer(serializers.Serializer[Any]):
        name = serializers.CharField(max_length=80)
        filters = serializers.DictField()
        shared = serializers.BooleanField(default=False)

    def get(self, request: Request) -> Response:
        return Response({"views": view_service.find(agent=self.agent)})

    def post(self, request: Request) -> Response:
        serializer = self.InputSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        saved = view_service.save(agent=self.agent, **serializer.validated_data)
        return Response(saved, status=status.HTTP_201_CREATED)


class ViewView(DeskView):
    def delete(self, request: Request, view_id: int) -> Response:
        view_service.delete(agent=self.agent, view_id=view_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
