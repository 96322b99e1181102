"""SurveyService: what the customer says after a person resolved. "No" opens it again."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from conversations import dispatch
from conversations.escalation.audit import record
from conversations.escalation.desk import EscalationDeskService
from conversations.models import Conversation, Escalation, ResolutionSurvey
from conversations.services.events import lock
from portal.core.errors import NotFound
from portal.core.service import BaseService

COMMENT_CHARS = 2_000


class SurveyService(BaseService):
    name = "survey"

    def __init__(self, desk: EscalationDeskService | None = None) -> None:
        super().__init__()
        self.desk = desk or EscalationDeskService()

    def answer(self, *, conversation_id: UUID, solved: str, now: datetime) -> None:
        """Was it solved? The last word counts; "no" gives it back to the people at once."""
        with self.operation("answer"), transaction.atomic():
            conversation = lock(conversation_id)
            survey = _last(conversation)
            survey.solved, survey.answered_at = solved, now
            survey.save(update_fields=["solved", "answered_at"])
            record(
                action="survey.answered", now=now, escalation=survey.escalation, solved=solved
            )  # fmt: skip
            if solved == ResolutionSurvey.Solved.NO:
                self.desk.reopen(
                    conversation=conversation,
                    former=survey.escalation,
                    now=now,
                    reason=Escalation.Reason.NOT_SOLVED,
                )
            transaction.on_commit(lambda: dispatch.ring_doorbell(conversation_id))

    def rate(self, *, conversation_id: UUID, score: int, comment: str, now: datetime) -> None:
        """How was it, from 1 to 5; the last word counts."""
        with self.operation("rate"), transaction.atomic():
            survey = _last(lock(conversation_id))
            survey.score, survey.answered_at = score, now
            survey.comment = comment[:COMMENT_CHARS] or survey.comment
            survey.save(update_fields=["score", "comment", "answered_at"])
            record(action="survey.answered", now=now, escalation=survey.escalation, score=score)


def _last(conversation: Conversation) -> ResolutionSurvey:
    """The newest survey. Raises NotFound where no person has resolved yet."""
    survey = (
        ResolutionSurvey.objects.filter(conversation=conversation)
        .select_related("escalation__team")
        .order_by("-asked_at")
        .first()
    )
    if survey is None:
        raise NotFound
    return survey
