"""Messages of one conversation: read, and written as its customer."""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import dispatch, front_door, records
from conversations.api import reference
from conversations.api.base import ConversationApiView, address_of, checked, read_query
from conversations.api.paging import Order, PageQuery, number, page
from conversations.api.shapes import AcceptedShape, MessageShape
from conversations.models import Message, Scope
from conversations.services.intake import IntakeService
from conversations.streaming import frames
from conversations.streaming.replay import message_payload
from portal import limits
from portal.core.errors import InvalidInput

OLDEST = Order("seq", False, number, number, key="seq")


class MessageInput(serializers.Serializer[Any]):
    text = serializers.CharField(
        max_length=limits.MESSAGE_CHARS, help_text="What the customer says; plain text."
    )
    client_id = serializers.UUIDField(
        required=False, help_text="The same id is the same message, however often it is sent."
    )


class BadText(InvalidInput):
    code = "bad_text"


class MessagesView(ConversationApiView):
    scopes = {"GET": Scope.CONVERSATIONS_READ, "POST": Scope.CONVERSATIONS_WRITE}
    customers = ("GET", "POST")

    @extend_schema(**reference.list_of("messages", MessageShape, PageQuery, customers=True))
    def get(self, request: Request, conversation_id: Any) -> Response:
        """List a conversation's messages, oldest first."""
        query = read_query(request, PageQuery)
        records.conversation(request.auth.conversations, conversation_id)
        found = records.messages(conversation_id)
        return Response(page(request, found, OLDEST, query, show))

    @extend_schema(
        **reference.write(
            "messages",
            MessageInput,
            {201: AcceptedShape},
            customers=True,
            example={"text": "How long do I have to return something?"},
        )
    )
    def post(self, request: Request, conversation_id: Any) -> Response:
        """Say something as the customer. The answer comes as an event (SSE or socket)."""
        given = checked(MessageInput, request.data)
        text = clean(given["text"])
        records.conversation(request.auth.conversations, conversation_id)
        front_door.check_message(conversation_id, address_of(request), len(text.encode()))
        client_id = given.get("client_id") or uuid.uuid4()

        def act() -> tuple[int, dict[str, Any]]:
            return 201, post(conversation_id, client_id, text)

        return self.once(request, act, conversation=conversation_id)


def post(conversation_id: uuid.UUID, client_id: uuid.UUID, text: str) -> dict[str, Any]:
    accepted = IntakeService().post_message(
        conversation_id=conversation_id, client_id=client_id, text=text, now=timezone.now()
    )
    transaction.on_commit(lambda: dispatch.ring_doorbell(conversation_id, accepted.turn_id))
    return {
        "message": str(accepted.message_id),
        "seq": accepted.seq,
        "client_id": str(client_id),
        "turn": str(accepted.turn_id) if accepted.turn_id else None,
        "duplicate": accepted.duplicate,
    }


def clean(text: str) -> str:
    """The words as the socket would take them. Raises BadText."""
    try:
        return frames.clean_text(text)
    except frames.FrameError as exc:
        raise BadText(exc.detail) from None


def show(message: Message) -> dict[str, Any]:
    return dict(MessageShape(message_payload(message)).data)
