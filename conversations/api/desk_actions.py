"""What an agent does with one conversation: a table of actions, each one service call."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.access import Agent, visible_conversation
from conversations.api.desk import DeskView, body_of, text_of
from conversations.escalation import details
from conversations.escalation.asking import ArticleFromAnswerService, AskingService
from conversations.escalation.holding import HoldingService
from conversations.escalation.rows import Viewer, row, with_preview
from conversations.escalation.schedule import load_schedule
from conversations.escalation.speech import SpeechService
from conversations.escalation.tending import TendingService
from conversations.models import Escalation
from conversations.streaming.replay import message_payload
from portal.core.errors import InvalidInput, NotFound

Body = dict[str, Any]
Action = Callable[[Agent, UUID, Body, datetime], Escalation]
holding = HoldingService()
tending = TendingService()
speech = SpeechService()
asking = AskingService()
articles = ArticleFromAnswerService()


def claim(agent: Agent, conversation_id: UUID, _body: Body, now: datetime) -> Escalation:
    return holding.claim(agent=agent, conversation_id=conversation_id, now=now)


def release(agent: Agent, conversation_id: UUID, _body: Body, now: datetime) -> Escalation:
    return holding.release(agent=agent, conversation_id=conversation_id, now=now)


def transfer(agent: Agent, conversation_id: UUID, body: Body, now: datetime) -> Escalation:
    to_agent, to_team = number(body, "agent"), number(body, "team")
    if (to_agent is None) == (to_team is None):
        raise InvalidInput
    return holding.transfer(
        agent=agent,
        conversation_id=conversation_id,
        now=now,
        to_agent=to_agent or 0,
        to_team=to_team,
    )


def hand_back(agent: Agent, conversation_id: UUID, _body: Body, now: datetime) -> Escalation:
    return holding.hand_back(agent=agent, conversation_id=conversation_id, now=now)


def supervise(agent: Agent, conversation_id: UUID, _body: Body, now: datetime) -> Escalation:
    return tending.supervise(agent=agent, conversation_id=conversation_id, now=now)


def snooze(agent: Agent, conversation_id: UUID, body: Body, now: datetime) -> Escalation:
    try:
        until = parse_datetime(text_of(body, "until"))
    except ValueError:
        raise InvalidInput from None
    if until is None or until.tzinfo is None:
        raise InvalidInput
    return tending.snooze(agent=agent, conversation_id=conversation_id, until=until, now=now)


def unsnooze(agent: Agent, conversation_id: UUID, _body: Body, now: datetime) -> Escalation:
    return tending.unsnooze(agent=agent, conversation_id=conversation_id, now=now)


def prioritise(agent: Agent, conversation_id: UUID, body: Body, now: datetime) -> Escalation:
    priority = number(body, "priority")
    if priority is None:
        raise InvalidInput
    return tending.prioritise(
        agent=agent, conversation_id=conversation_id, priority=priority, now=now
    )


def resolve(agent: Agent, conversation_id: UUID, _body: Body, now: datetime) -> Escalation:
    return holding.resolve(agent=agent, conversation_id=conversation_id, now=now)


def reopen(agent: Agent, conversation_id: UUID, _body: Body, now: datetime) -> Escalation:
    return holding.reopen(agent=agent, conversation_id=conversation_id, now=now)


#: The last part of the address -> what it does. All answer with the row as it is then.
ACTIONS: dict[str, Action] = {
    "claim": claim,
    "release": release,
    "transfer": transfer,
    "handback": hand_back,
    "supervise": supervise,
    "snooze": snooze,
    "unsnooze": unsnooze,
    "priority": prioritise,
    "resolve": resolve,
    "reopen": reopen,
}
#: These need words for the colleague who reads on.
NEEDS_NOTE = frozenset({"transfer", "supervise"})


def number(body: Body, name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise InvalidInput
    return value


class ActionView(DeskView):
    def post(self, request: Request, conversation_id: UUID, action: str) -> Response:
        """The note and the action are one transaction: neither stands without the other."""
        if action not in ACTIONS:
            raise NotFound
        body = body_of(request)
        note = text_of(body, "note", "").strip()
        if action in NEEDS_NOTE and not note:
            raise InvalidInput
        with transaction.atomic():
            if note:
                speech.add_note(
                    agent=self.agent, conversation_id=conversation_id, text=note, now=self.now
                )
            escalation = ACTIONS[action](self.agent, conversation_id, body, self.now)
        found = with_preview(Escalation.objects.filter(pk=escalation.pk), self.agent.id).get()
        return Response(row(found, Viewer(self.agent.id, load_schedule(self.now), self.now)))


class FollowView(DeskView):
    def post(self, request: Request, conversation_id: UUID, on: bool) -> Response:
        followed = speech.follow(agent=self.agent, conversation_id=conversation_id, on=on)
        return Response({"followed": followed})


class MessagesView(DeskView):
    def get(self, request: Request, conversation_id: UUID) -> Response:
        visible_conversation(self.agent, conversation_id)
        before = request.query_params.get("before", "")
        if before and not (before.isascii() and before.isdecimal()):
            raise InvalidInput
        messages, more = details.read_messages(
            conversation_id, before=min(int(before), 2**31 - 1) if before else None
        )
        return Response({"messages": messages, "more": more})

    def post(self, request: Request, conversation_id: UUID) -> Response:
        body = body_of(request)
        message = speech.send(
            agent=self.agent,
            conversation_id=conversation_id,
            client_id=uuid_of(body, "client_id"),
            text=text_of(body),
            now=self.now,
        )
        return Response(message_payload(message), status=status.HTTP_201_CREATED)


class NotesView(DeskView):
    def post(self, request: Request, conversation_id: UUID) -> Response:
        note = speech.add_note(
            agent=self.agent,
            conversation_id=conversation_id,
            text=text_of(body_of(request)),
            now=self.now,
        )
        return Response(details.note_payload(note), status=status.HTTP_201_CREATED)


class DraftView(DeskView):
    def put(self, request: Request, conversation_id: UUID) -> Response:
        draft = speech.save_draft(
            agent=self.agent,
            conversation_id=conversation_id,
            text=text_of(body_of(request)),
            now=self.now,
        )
        return Response(details.draft_payload(draft))


class FlagView(DeskView):
    def post(self, request: Request, conversation_id: UUID) -> Response:
        speech.flag(agent=self.agent, conversation_id=conversation_id, now=self.now)
        return Response({"flagged": True})


class RewriteView(DeskView):
    def post(self, request: Request, conversation_id: UUID) -> Response:
        body = body_of(request)
        text = asking.rewrite(
            agent=self.agent,
            conversation_id=conversation_id,
            text=text_of(body),
            style=text_of(body, "style"),
        )
        return Response({"text": text})


class ArticleView(DeskView):
    def post(self, request: Request, conversation_id: UUID) -> Response:
        body = body_of(request)
        article = articles.make(
            agent=self.agent,
            conversation_id=conversation_id,
            title=text_of(body, "title"),
            text=text_of(body, "text", ""),
            message_id=uuid_of(body, "message") if body.get("message") else None,
        )
        address = reverse("admin:conversations_article_change", args=[article])
        return Response({"article": article, "admin_url": address}, status=status.HTTP_201_CREATED)


def uuid_of(body: Body, name: str) -> UUID:
    try:
        return UUID(text_of(body, name))
    except ValueError:
        raise InvalidInput from None
