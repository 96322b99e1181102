"""The desk's side of the copilot: rings a worker and waits for what it leaves in Redis."""

import json
import logging
from typing import Any
from uuid import UUID, uuid4

import redis
from django.conf import settings
from django.contrib.auth import get_user_model
from kombu.exceptions import OperationalError

from conversations import dispatch
from conversations.access import Agent, visible_conversation
from conversations.escalation.copilot import RESULT_TTL, STYLES, NotFaithful, asked_key, result_key
from conversations.escalation.errors import NoModel
from conversations.escalation.speech import cleaned
from conversations.models import Article, Message
from conversations.retrieval.drafts import ArticleDraft
from conversations.services.knowledge import KnowledgeService
from portal.celery import app
from portal.core.errors import InvalidInput, NotFound, Unavailable
from portal.core.events import emit
from portal.core.service import BaseService

WAIT = 25
#: Its own pool: a blocking read must not hold up the streams.
_client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=WAIT + 5)


class AskingService(BaseService):
    name = "asking"

    def suggest(self, *, agent: Agent, conversation_id: UUID, request: UUID) -> None:
        """Have a reply suggested; it comes in the stream of `request`. Raises Unavailable."""
        visible_conversation(agent, conversation_id)
        with self.operation("suggest"):
            self._send(dispatch.SUGGEST, request=request, conversation_id=conversation_id)

    def result(self, request: UUID) -> dict[str, Any] | None:
        """What the worker left, or None: it was stopped, or it is gone."""
        raw: Any = _client.lindex(result_key(request), 0)
        return None if raw is None else dict(json.loads(raw))

    def rewrite(self, *, agent: Agent, conversation_id: UUID, text: str, style: str) -> str:
        """The agent's text in another style. Raises NoModel where no model is live."""
        if style not in STYLES:
            raise InvalidInput
        text = cleaned(text)
        visible_conversation(agent, conversation_id)
        with self.operation("rewrite"):
            if not dispatch.rungs.live():
                raise NoModel
            request = uuid4()
            asked = json.dumps({"text": text, "style": style})
            _client.setex(asked_key(request), RESULT_TTL, asked)
            self._send(dispatch.REWRITE, request=request, conversation_id=conversation_id)
            left: Any = _client.blpop([result_key(request)], timeout=WAIT)
            if left is None:
                raise NoModel
            result = json.loads(left[1])
            if result.get("code") == NotFaithful.code:
                raise NotFaithful
            if "text" not in result:
                raise NoModel
            return str(result["text"])

    def _send(self, task: str, *, request: UUID, conversation_id: UUID) -> None:
        body = {"request": str(request), "conversation_id": str(conversation_id)}
        try:
            app.send_task(
                task, kwargs=body, queue=dispatch.queue_for([]), retry=False, ignore_result=True
            )
        except (OperationalError, OSError) as exc:
            emit("doorbell.failed", level=logging.WARNING, error=type(exc).__name__)
            raise Unavailable from exc


class ArticleFromAnswerService(BaseService):
    name = "article_from_answer"

    def make(
        self,
        *,
        agent: Agent,
        conversation_id: UUID,
        title: str,
        text: str = "",
        message_id: UUID | None = None,
    ) -> int:
        """A draft article of an agent's answer; nobody but the editors sees it. Returns its id."""
        title = cleaned(title, 300)
        visible_conversation(agent, conversation_id)
        with self.operation("make"):
            if message_id is not None:
                said = Message.objects.filter(
                    pk=message_id, conversation_id=conversation_id, author=Message.Author.AGENT
                )
                text = said.values_list("text", flat=True).first() or ""
                if not text:
                    raise NotFound
            asked = (
                Message.objects.filter(
                    conversation_id=conversation_id, author=Message.Author.CUSTOMER
                )
                .order_by("seq")
                .values_list("text", flat=True)
                .first()
            )
            external_id = f"desk-{conversation_id}-{uuid4().hex[:8]}"
            question = " ".join((asked or "").split())[:300]
            KnowledgeService().save_article(
                draft=ArticleDraft(
                    external_id=external_id,
                    title=title,
                    body=cleaned(text),
                    asked_as=(question,) if question else (),
                ),
                author=get_user_model().objects.get(pk=agent.id),
                status=Article.Status.DRAFT,
            )
            return Article.objects.values_list("pk", flat=True).get(external_id=external_id)
