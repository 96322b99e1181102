"""Conversations: opened by anybody, listed and read by those who may."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import front_door, records
from conversations.api import reference
from conversations.api.base import (
    ApiView,
    ConversationApiView,
    address_of,
    asked_under,
    checked,
    read_query,
    server_secret,
)
from conversations.api.caching import unless_known
from conversations.api.callers import Caller, TokenAuthentication
from conversations.api.paging import PageQuery, newest_first, page
from conversations.api.permissions import ByScopeOrOpen
from conversations.api.shapes import ConversationShape, Moment
from conversations.models import Conversation, Scope
from conversations.services import idempotency
from conversations.services.customers import CustomerService
from conversations.services.intake import IntakeService

customers = CustomerService(secrets=lambda: settings.CONFIG.identity_secret)
NEWEST = newest_first("created_at")


class NewConversationInput(serializers.Serializer[Any]):
    channel = serializers.ChoiceField(choices=["web", "widget", "api", "cli"], default="web")
    identity = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=4_000,
        help_text="Who the customer is, signed by your site (docs/memory.md); empty: anonymous.",
    )


class NewConversationShape(serializers.Serializer[Any]):
    """What a customer keeps. `token` is shown once and opens this conversation only."""

    id = serializers.UUIDField()
    token = serializers.CharField()
    socket = serializers.CharField(help_text="The WebSocket's address on this host.")


class ConversationQuery(PageQuery):
    status = serializers.ChoiceField(Conversation.Status.choices, required=False)
    holder = serializers.ChoiceField(Conversation.Holder.choices, required=False)
    channel = serializers.CharField(required=False, max_length=20)
    language = serializers.CharField(required=False, max_length=12)
    topic = serializers.CharField(
        required=False, max_length=80, help_text="Topic of one of its escalations."
    )
    since = Moment(required=False, help_text="Opened at or after.")
    until = Moment(required=False, help_text="Opened before.")


class ConversationsView(ApiView):
    """Opening one is open to everybody: it reads nothing and carries no session, so it needs no
    CSRF token."""

    permission_classes = (ByScopeOrOpen,)
    scopes = {"GET": Scope.CONVERSATIONS_READ, "POST": Scope.CONVERSATIONS_WRITE}
    open_to_all = ("POST",)

    def get_authenticators(self) -> list[Any]:
        if getattr(self, "request", None) is not None and self.request.method == "POST":
            return [TokenAuthentication()]
        return [kind() for kind in self.authentication_classes]

    @extend_schema(**reference.list_of("conversations", ConversationShape, ConversationQuery))
    def get(self, request: Request) -> Response:
        """List conversations, newest first."""
        query = read_query(request, ConversationQuery)
        found = records.conversations(request.auth.conversations, query)
        return Response(page(request, found, NEWEST, query, show))

    @extend_schema(
        **reference.write(
            "conversations",
            NewConversationInput,
            {201: NewConversationShape},
            open_to_all=True,
            example={"channel": "api"},
            answer_example={
                "id": "0198b0b2-7a54-4c50-9d35-7f3f6f1c2b11",
                "token": "Zx3…",
                "socket": "/ws/conversations/0198b0b2-7a54-4c50-9d35-7f3f6f1c2b11/?token=Zx3…",
            },
        )
    )
    def post(self, request: Request) -> Response:
        """Open a conversation. With an API token an `Idempotency-Key` is honoured."""
        wanted = checked(NewConversationInput, request.data or {})
        channel = wanted["channel"]
        front_door.check_conversation(address_of(request))
        customer = customers.identified(wanted.get("identity", ""), timezone.now())
        key, caller = request.headers.get("Idempotency-Key"), request.auth
        if key is None or caller is None:
            return _opened(*open_one(channel, customer=customer))
        return self._once(request, caller, key, channel, customer)

    def _once(
        self, request: Request, caller: Caller, key: str, channel: str, customer: UUID | None
    ) -> Response:
        """The secret is made from the key, so that it is the same again and nowhere stored."""
        wanted = asked_under(request, caller, key, None)
        token = wanted.secret(server_secret())
        found = idempotency.once(
            wanted, timezone.now(), lambda: (201, {"id": open_one(channel, token, customer)[0]})
        )
        response = _opened(found.body["id"], token)
        if found.replayed:
            response["Idempotent-Replayed"] = "true"
        return response


def open_one(channel: str, token: str = "", customer: UUID | None = None) -> tuple[str, str]:
    created = IntakeService().open_conversation(channel=channel, token=token, customer=customer)
    return str(created.id), created.token


def _opened(conversation_id: str, token: str) -> Response:
    body = {
        "id": conversation_id,
        "token": token,
        "socket": f"/ws/conversations/{conversation_id}/?token={token}",
    }
    return Response(body, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


class ConversationView(ConversationApiView):
    scopes = {"GET": Scope.CONVERSATIONS_READ}
    customers = ("GET",)

    @extend_schema(**reference.read("conversations", ConversationShape, customers=True))
    def get(self, request: Request, conversation_id: Any) -> Response:
        """Read one conversation."""
        found = records.conversation(request.auth.conversations, conversation_id)
        return unless_known(request, show(found), changed_at=found.updated_at)


def show(conversation: Conversation) -> dict[str, Any]:
    return dict(ConversationShape(conversation).data)
