"""What is remembered of a conversation, corrected and erased by agents."""

from typing import Any
from uuid import UUID

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.desk import DeskView, body_of, text_of
from conversations.escalation.remembering import RememberingService
from conversations.models import MemoryFact

remembering = RememberingService()


class FactsView(DeskView):
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Pin a fact."""
        body = body_of(request)
        fact = remembering.add(
            agent=self.agent,
            conversation_id=conversation_id,
            kind=text_of(body, "kind"),
            value=text_of(body, "value"),
            now=self.now,
        )
        return Response(show(fact), status=status.HTTP_201_CREATED)

    def delete(self, request: Request, conversation_id: UUID) -> Response:
        """Forget this conversation; `?everything=1`: all that is remembered of its customer."""
        count = remembering.forget(
            agent=self.agent,
            conversation_id=conversation_id,
            now=self.now,
            everything=request.query_params.get("everything") == "1",
        )
        return Response({"erased": count})


class FactView(DeskView):
    def put(self, request: Request, conversation_id: UUID, fact_id: int) -> Response:
        """Give a fact the right value."""
        fact = remembering.correct(
            agent=self.agent,
            conversation_id=conversation_id,
            fact_id=fact_id,
            value=text_of(body_of(request), "value"),
            now=self.now,
        )
        return Response(show(fact))

    def delete(self, request: Request, conversation_id: UUID, fact_id: int) -> Response:
        """Erase a fact."""
        remembering.erase(
            agent=self.agent, conversation_id=conversation_id, fact_id=fact_id, now=self.now
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


def show(fact: MemoryFact) -> dict[str, Any]:
    return {"id": fact.pk, "kind": fact.kind, "value": fact.value, "origin": fact.origin}
