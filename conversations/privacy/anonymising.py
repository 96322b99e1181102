"""Taking a person out of conversations and leaving rows that can be counted.

Every text that a person wrote, or that quotes one, goes; ids, times, decisions, tiers and scores
stay, so that each figure of the insights is the same before and after. Nothing here is undone.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.db import models
from django.db.models import Case, F, Func, JSONField, Q, Value, When
from django.db.models.functions import Coalesce

from conversations.dialogue.sameness import asked
from conversations.models import (
    AgentDraft,
    Article,
    ArticleRevision,
    CachedAnswer,
    Conversation,
    Customer,
    IdempotentAnswer,
    LearntPhrasing,
    MemoryFact,
    Message,
    Note,
    Passage,
    ResolutionSurvey,
    Review,
    ReviewChange,
    Turn,
)

#: What stands where words were. Not empty: an empty message would look like a fault.
ERASED = "[erased]"
#: Opens nothing: a token's hash has another form.
NO_TOKEN = "erased"  # noqa: S105
_TOKEN_HASH = r"^[0-9a-f]{64}$"  # noqa: S105
#: The only part of a decision's trace that figures are made of; it is a code, never a text.
_COUNTED = "kind"
_WORDS_OF_A_VERDICT = ("reason", "right_answer")

Counts = Counter[str]


def anonymise(conversations: Sequence[UUID], *, now: datetime) -> Counts:
    """Anonymise locked conversations, in the transaction of the caller. Returns rows by kind."""
    said = Message.objects.filter(conversation__in=conversations)
    turns = Turn.objects.filter(conversation__in=conversations)
    counts: Counts = Counter()
    counts["cached_answers"] = _forget_answers(said, turns)
    counts["articles"] = _forget_articles(said, turns)
    counts["turns_stopped"] = turns.filter(state__in=Turn.LIVE).update(
        state=Turn.State.WITHDRAWN, epoch=F("epoch") + 1, done_at=now,
        lease_owner=None, lease_until=None,
    )  # fmt: skip
    counts["turns"] = turns.update(query="", trace=counted_trace())
    counts["messages"] = said.exclude(text=ERASED).update(text=ERASED)
    counts["facts"] = MemoryFact.objects.filter(conversation__in=conversations).delete()[0]
    counts["notes"] = Note.objects.filter(conversation__in=conversations).update(text=ERASED)
    counts["drafts"] = AgentDraft.objects.filter(conversation__in=conversations).delete()[0]
    counts["surveys"] = (
        ResolutionSurvey.objects.filter(conversation__in=conversations)
        .exclude(comment="")
        .update(comment="")
    )
    counts["repeated_requests"] = IdempotentAnswer.objects.filter(
        conversation__in=conversations
    ).delete()[0]
    counts["verdicts"] = _forget_verdicts(turns)
    _forget_admin_log((Conversation, Message, Turn), conversations, said, turns)
    counts["conversations"] = Conversation.objects.filter(pk__in=conversations).update(
        contact_email="",
        summary="",
        token_hash=Case(
            When(token_hash__regex=_TOKEN_HASH, then=Value(NO_TOKEN)), default=F("token_hash")
        ),
        last_token_hash="",
        erased_at=Coalesce("erased_at", Value(now, output_field=models.DateTimeField())),
    )
    return counts


def anonymise_customers(customers: Sequence[UUID]) -> int:
    """The rows stay, so that who came back is still counted; nobody is named by them."""
    for customer in Customer.objects.filter(pk__in=customers).select_for_update().order_by("pk"):
        Customer.objects.filter(pk=customer.pk).update(
            identity=f"{NO_TOKEN}:{customer.pk}", display_name="", email=""
        )
    _forget_log_entries(Customer, [str(pk) for pk in customers])
    return len(customers)


def counted_trace() -> Case:
    """What is left of a turn's trace: what figures are made of."""
    kept: Func = Func(
        Value(_COUNTED), F(f"trace__{_COUNTED}"), function="jsonb_build_object",
        output_field=JSONField(),
    )  # fmt: skip
    return Case(
        When(trace__has_key=_COUNTED, then=kept),
        default=Value({}, output_field=JSONField()),
    )


def _forget_answers(said: models.QuerySet[Message], turns: models.QuerySet[Turn]) -> int:
    """Cached answers to what these customers asked, under whichever turn they stand now."""
    own = said.filter(author=Message.Author.CUSTOMER).values_list("text", flat=True)
    prints = {one.fingerprint for text in own if (one := asked(text)) is not None}
    entries = Q(turn__in=turns) | Q(fingerprint__in=prints)
    return CachedAnswer.objects.filter(entries).delete()[0]


def _forget_articles(said: models.QuerySet[Message], turns: models.QuerySet[Turn]) -> int:
    """Drafts made from these turns, and their questions where an article lists or learnt them."""
    reviews = Review.objects.filter(turn__in=turns, draft__status=Article.Status.DRAFT)
    gone = Article.objects.filter(pk__in=reviews.values("draft_id")).delete()[0]
    own = said.filter(author=Message.Author.CUSTOMER).values_list("text", flat=True)
    for text in {" ".join(text.split()) for text in own}:
        if not text or len(text) > Article._meta.get_field("title").max_length:  # type: ignore[operator]
            continue
        for model in (Article, ArticleRevision):
            gone += model._default_manager.filter(asked_as__contains=[text]).update(
                asked_as=Func(F("asked_as"), Value(text), function="array_remove")
            )
        gone += Passage.objects.filter(kind=Passage.Kind.ASKED_AS, plain=text).delete()[0]
        gone += LearntPhrasing.objects.filter(text=text).delete()[0]
    return gone


def _forget_verdicts(turns: models.QuerySet[Turn]) -> int:
    """A verdict counts; what the reviewer wrote beside it quotes."""
    for change in ReviewChange.objects.filter(turn__in=turns):
        for side in (change.before, change.after):
            side.update({name: "" for name in _WORDS_OF_A_VERDICT if side.get(name)})
        change.save(update_fields=["before", "after"])
    return Review.objects.filter(turn__in=turns).update(reason="", right_answer="")


def _forget_admin_log(
    kinds: tuple[type[models.Model], ...],
    conversations: Sequence[UUID],
    said: models.QuerySet[Message],
    turns: models.QuerySet[Turn],
) -> None:
    ids = (
        [str(pk) for pk in conversations],
        [str(pk) for pk in said.values_list("pk", flat=True)],
        [str(pk) for pk in turns.values_list("pk", flat=True)],
    )
    for model, keys in zip(kinds, ids, strict=True):
        _forget_log_entries(model, keys)


def _forget_log_entries(model: type[models.Model], keys: Sequence[str]) -> None:
    """The admin's own log prints what a row was called."""
    LogEntry.objects.filter(
        content_type__app_label=model._meta.app_label,
        content_type__model=model._meta.model_name,
        object_id__in=keys,
    ).update(object_repr=ERASED, change_message="")
