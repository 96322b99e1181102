"""The desk's frames on the customer's socket: each is one service call and one passing answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from conversations.escalation.desk import EscalationDeskService
from conversations.escalation.surveys import SurveyService
from conversations.streaming import frames

DeskFrame = (
    frames.LookAtQueue | frames.LeaveContact | frames.AnswerResolution | frames.RateConversation
)

desk = EscalationDeskService()
surveys = SurveyService(desk)


def serve(conversation_id: UUID, frame: DeskFrame, now: datetime) -> dict[str, Any]:
    """Do what the frame says and return its answer. Raises ServiceError."""
    match frame:
        case frames.LookAtQueue():
            view = desk.queue_look(conversation_id=conversation_id, now=now)
            return {"type": "queue", "waiting": view is not None, **(view or {})}
        case frames.LeaveContact(email=email):
            desk.leave_contact(conversation_id=conversation_id, email=email, now=now)
            return {"type": "contact.kept"}
        case frames.AnswerResolution(solved=solved):
            surveys.answer(conversation_id=conversation_id, solved=solved, now=now)
            return {"type": "resolution.kept", "solved": solved}
        case frames.RateConversation(score=score, comment=comment):
            surveys.rate(conversation_id=conversation_id, score=score, comment=comment, now=now)
            return {"type": "conversation.rated", "score": score}
