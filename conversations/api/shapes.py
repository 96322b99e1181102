"""What goes in and out of the REST interface: the one description of its JSON.

The OpenAPI document is made from these, and the answers are written by them.
"""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.models import Article, Conversation, Escalation, Message, Turn
from conversations.streaming import replay

_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(9998, 12, 30, tzinfo=UTC)


class Moment(serializers.DateTimeField):
    """A point in time; years that the database cannot hold are refused, not failed on."""

    def enforce_timezone(self, value: datetime) -> datetime:
        try:
            found: datetime = super().enforce_timezone(value)
            if not _EARLIEST <= found <= _LATEST:
                raise serializers.ValidationError("Use a year from 1971 to 9997.")
        except OverflowError:
            raise serializers.ValidationError("Use a year from 1971 to 9997.") from None
        return found


class PersonShape(serializers.Serializer[Any]):
    """Somebody at the desk, by the name that customers read."""

    id = serializers.IntegerField()
    name = serializers.SerializerMethodField()

    def get_name(self, user: Any) -> str:
        return replay.speaker_name(user)


class ConversationShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(Conversation.Status.choices)
    holder = serializers.ChoiceField(Conversation.Holder.choices)
    agent = PersonShape(allow_null=True)
    channel = serializers.CharField()
    language = serializers.CharField(help_text="Empty: not recognised yet.")
    head_seq = serializers.IntegerField(help_text="The last durable event's number.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CitationShape(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    title = serializers.CharField()
    url = serializers.CharField()


class TimingsShape(serializers.Serializer[Any]):
    """Milliseconds since the message was accepted; steps that were not reached are left out."""

    queued_ms = serializers.FloatField(required=False)
    claimed_ms = serializers.FloatField(required=False)
    retrieved_ms = serializers.FloatField(required=False)
    decided_ms = serializers.FloatField(required=False)
    first_token_ms = serializers.FloatField(required=False)
    done_ms = serializers.FloatField(required=False)


class MessageShape(serializers.Serializer[Any]):
    """One message. A reply of the assistant has `decision` and what follows it."""

    id = serializers.UUIDField()
    seq = serializers.IntegerField(help_text="Counts up in a conversation; other events count too.")
    author = serializers.ChoiceField(Message.Author.choices)
    text = serializers.CharField(help_text="Markdown for all but customers. Data: escape it.")
    created_at = serializers.CharField(help_text="A point in time (RFC 3339).")
    html = serializers.CharField(required=False, help_text="Sanitised here; safe to insert.")
    name = serializers.CharField(required=False)
    decision = serializers.ChoiceField(Turn.Decision.choices, required=False, allow_null=True)
    tier = serializers.CharField(required=False)
    model = serializers.CharField(required=False)
    timings = TimingsShape(required=False)
    stopped = serializers.BooleanField(required=False)
    stopped_by = serializers.ChoiceField(
        [("customer", "the customer"), ("agent", "an agent who took over")], required=False
    )
    choices = serializers.ListField(child=serializers.JSONField(), required=False)
    citations = CitationShape(many=True, required=False)
    rating = serializers.IntegerField(required=False, allow_null=True)


class AcceptedShape(serializers.Serializer[Any]):
    """A message that is stored, whatever happens next."""

    message = serializers.UUIDField()
    seq = serializers.IntegerField()
    client_id = serializers.UUIDField()
    turn = serializers.UUIDField(
        allow_null=True, help_text="Answers it; null while a person holds the conversation."
    )
    duplicate = serializers.BooleanField(help_text="It was stored before under this client_id.")


class CitedShape(CitationShape):
    article = serializers.IntegerField(source="article_id", allow_null=True)
    revision = serializers.IntegerField(help_text="The revision that was read.")


class TurnShape(serializers.Serializer[Any]):
    """The assistant's duty to answer: what was decided, by what, from what, and how fast."""

    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id")
    state = serializers.ChoiceField(Turn.State.choices)
    question = serializers.UUIDField(source="question_id", help_text="The message asked.")
    reply = serializers.UUIDField(source="reply_id", allow_null=True)
    decision = serializers.SerializerMethodField()
    reason = serializers.CharField()
    confidence = serializers.FloatField(allow_null=True)
    tier = serializers.CharField()
    tiers_tried = serializers.ListField(child=serializers.CharField())
    model = serializers.CharField()
    attempts = serializers.IntegerField()
    stopped = serializers.BooleanField()
    error_code = serializers.CharField()
    prompt_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    accepted_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    timings = serializers.SerializerMethodField()
    citations = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(Turn.Decision.choices, allow_null=True))
    def get_decision(self, turn: Turn) -> str | None:
        return turn.decision or None

    @extend_schema_field(TimingsShape)
    def get_timings(self, turn: Turn) -> dict[str, float]:
        return replay.timings(turn)

    @extend_schema_field(CitedShape(many=True))
    def get_citations(self, turn: Turn) -> Any:
        return CitedShape(turn.reply.citations.all() if turn.reply else [], many=True).data


class TeamShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class EscalationShape(serializers.Serializer[Any]):
    """A conversation that needs a person; times that are due count opening hours."""

    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id")
    state = serializers.ChoiceField(Escalation.State.choices)
    reason = serializers.ChoiceField(Escalation.Reason.choices)
    priority = serializers.IntegerField(help_text="5 is the most urgent.")
    topic = serializers.CharField()
    language = serializers.CharField()
    team = TeamShape(allow_null=True)
    agent = PersonShape(allow_null=True)
    supervisor = serializers.BooleanField()
    opened_at = serializers.DateTimeField()
    claimed_at = serializers.DateTimeField(allow_null=True)
    first_response_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    snoozed_until = serializers.DateTimeField(allow_null=True)
    first_response_due = serializers.DateTimeField(allow_null=True)
    next_response_due = serializers.DateTimeField(allow_null=True)
    resolution_due = serializers.DateTimeField(allow_null=True)
    breaches = serializers.ListField(child=serializers.CharField())


class ArticleShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    external_id = serializers.CharField()
    slug = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField(help_text="Markdown.")
    asked_as = serializers.ListField(child=serializers.CharField())
    section = serializers.SerializerMethodField()
    url = serializers.CharField(source="get_absolute_url")
    status = serializers.ChoiceField(Article.Status.choices)
    language = serializers.CharField()
    audience = serializers.CharField()
    product = serializers.CharField()
    revision = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_section(self, article: Article) -> str | None:
        return article.section.slug if article.section else None


class RevisionShape(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    title = serializers.CharField()
    body = serializers.CharField()
    asked_as = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()


class AgentShape(serializers.Serializer[Any]):
    """Somebody at the desk. `load` counts the conversations held now."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    availability = serializers.ChoiceField(["online", "away", "offline"])
    load = serializers.IntegerField()
    capacity = serializers.IntegerField()
    teams = serializers.ListField(child=serializers.IntegerField())
    languages = serializers.ListField(child=serializers.CharField())
    skills = serializers.ListField(child=serializers.CharField())


class ErrorShape(serializers.Serializer[Any]):
    field = serializers.CharField()
    detail = serializers.CharField()


class ProblemShape(serializers.Serializer[Any]):
    """A problem as in RFC 9457. `detail` says what to do; programs look at `code`."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = ErrorShape(many=True, required=False)
