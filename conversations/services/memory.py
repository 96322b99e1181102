"""MemoryService: keeps what a conversation should remember: pinned facts and a rolling summary.

It reads each message once: `catch_up` goes on from where it stood, so that a long conversation
costs no more a turn than a short one. Extraction is pure (dialogue/facts.py, dialogue/summary.py).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from time import monotonic
from uuid import UUID

from django.db import transaction

from conversations.dialogue import facts as rules
from conversations.dialogue.facts import Found
from conversations.dialogue.summary import extended
from conversations.models import Article, Conversation, MemoryFact, Message
from conversations.tables import MEMORY_FACTS, MESSAGES
from portal.core.service import BaseService
from portal.core.table import Table

#: Messages read in one step; the rest is read in the next one.
BATCH = 200
#: What is remembered of an identified customer's earlier conversations, and of how many.
LASTING = ("order_number", "name", "product")
EARLIER = 10
PRODUCTS_SECONDS = 60.0
_SUMMARIES = Table(Conversation, "id", "summary", "customer_id", "status")
_PLACE = {kind: place for place, kind in enumerate(rules.KINDS)}


@dataclass(frozen=True)
class Recollection:
    """What is known beside the messages: fact lines, most important first, and the summary."""

    facts: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    summary: str = ""
    waiting: bool = False  # for a person

    def stands_in(self, text: str) -> bool:
        """Whether a text has any of the customer's own facts in it."""
        plain = rules.key(text)
        return any(rules.key(value) in plain for value in self.values)


class MemoryService(BaseService):
    name = "memory"

    def __init__(self, *, across: Callable[[], bool] = lambda: False) -> None:
        """`across`: whether an identified customer's earlier conversations are remembered."""
        super().__init__()
        self.across = across

    def recollect(self, conversation_id: UUID) -> Recollection:
        """What a turn should know. Two queries, one more for an identified customer."""
        (known,) = _SUMMARIES.read("id = %s", [conversation_id])
        own = _known_values(conversation_id)
        lines = [rules.line(kind, value) for kind, value in own]
        values = [value for _, value in own]
        if known.customer_id and self.across():
            for kind, value in _lasting(known.customer_id, conversation_id):
                if not any(known == kind and rules.same(said, value) for known, said in own):
                    lines.append(f"{rules.line(kind, value)} (from an earlier conversation)")
                    values.append(value)
        waiting = known.status == Conversation.Status.WAITING
        return Recollection(tuple(lines), tuple(values), known.summary, waiting)

    def catch_up(self, conversation: Conversation) -> None:
        """Take in the messages since the last time. Needs the conversation's row lock.

        A fault in it is logged and costs the memory of these messages, never the turn.
        """
        if changed := self.take_in(conversation):
            conversation.save(update_fields=changed)

    def take_in(self, conversation: Conversation) -> tuple[str, ...]:
        """As `catch_up`, but the caller saves these fields of the conversation with its own."""
        since = conversation.summary_seq
        rows = MESSAGES.read(
            "conversation_id = %s AND seq >= %s AND author <> 'system' ORDER BY seq LIMIT %s",
            [conversation.pk, since, BATCH],
        )
        if not rows or rows[-1].seq <= since:
            return ()
        try:
            known = Facts(conversation)
            if any(found for _, found in _stated(rows, since, known)):
                with transaction.atomic():  # a fault leaves no half of it, and the rest unharmed
                    for message, found in _stated(rows, since, known):
                        for item in found:
                            known.learn(item, message)
            return self._sum_up(conversation, rows, since)
        except Exception:
            self.log.exception("the memory of %s could not be kept up", conversation.pk)
            return ()

    def _sum_up(
        self, conversation: Conversation, rows: Sequence[Message], since: int
    ) -> tuple[str, ...]:
        customer = Message.Author.CUSTOMER
        said = [(row.seq, row.text) for row in rows if row.author == customer and row.seq > since]
        conversation.summary = extended(conversation.summary, said)
        conversation.summary_seq = rows[-1].seq
        return "summary", "summary_seq"

    def forget(self, conversation: Conversation, now: datetime) -> int:
        """Forget a conversation: its facts, so that they are not read in again, and its summary.

        Needs the conversation's row lock. Returns how many facts were forgotten.
        """
        forgotten = active(conversation.pk)
        for fact in forgotten:
            erase(fact, now)
        conversation.summary, conversation.summary_seq = "", conversation.head_seq
        conversation.save(update_fields=["summary", "summary_seq"])
        return len(forgotten)


def _stated(
    rows: Sequence[Message], since: int, known: "Facts"
) -> Iterator[tuple[Message, Sequence[Found]]]:
    """The customer's messages after `since` and what each states, by the facts known till then."""
    context: list[tuple[Message | None, Message]] = [(None, rows[0]), *pairwise(rows)]
    asked = ""
    for before, message in context:
        if before is not None and before.author != Message.Author.CUSTOMER:
            asked = before.text
        if message.author == Message.Author.CUSTOMER and message.seq > since:
            kinds = known.kinds()
            yield message, rules.find(message.text, asked=asked, products=products(), known=kinds)


class Facts:
    """The facts of one locked conversation, and what happens to them when another is stated."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        rows = MEMORY_FACTS.read("conversation_id = %s ORDER BY updated_at, id", [conversation.pk])
        self.rows = [row for row in rows if row.erased_at is None]
        self.gone = {row.value: row for row in rows if row.erased_at is not None}

    def kinds(self) -> tuple[str, ...]:
        return tuple({row.kind for row in self.rows})

    def learn(self, found: Found, message: Message) -> None:
        """Take a stated fact in: a correction takes another's place, an agent's word stands."""
        if self._is_gone(found):
            return
        if self._is_known(found):
            self._retire(found)
            return
        old = self._replaced(found)
        if old is None:
            self._add(found, message)
        elif found.corrects or old.origin != MemoryFact.Origin.AGENT:
            replace(old, found.value, _origin(found), message)
            if found.corrects:
                self.rows = [row for row in self.rows if row.pk != old.pk] + [old]

    def _is_gone(self, found: Found) -> bool:
        grave = self.gone.get(digest(self.conversation.pk, found.kind, found.value))
        if grave is None:
            return False
        if not found.corrects or grave.origin == MemoryFact.Origin.AGENT:
            return True
        grave.delete()  # the customer took it back, and now takes that back
        return False

    def _retire(self, found: Found) -> None:
        """Drop what a known value is said to stand instead of."""
        for row in [row for row in self.rows if found.instead_of and row.kind == found.kind]:
            if rules.same(row.value, found.instead_of):
                self.rows.remove(row)
                _bury(row, row.value, MemoryFact.Origin.CORRECTED)
                row.delete()

    def _is_known(self, found: Found) -> bool:
        return any(
            row.kind == found.kind and rules.same(row.value, found.value) for row in self.rows
        )

    def _replaced(self, found: Found) -> MemoryFact | None:
        same_kind = [row for row in self.rows if row.kind == found.kind]
        if found.instead_of:
            named = [row for row in same_kind if rules.same(row.value, found.instead_of)]
            if named:
                return named[-1]
        if not same_kind or not (found.corrects or found.kind in rules.SINGLE):
            return None
        return same_kind[-1]

    def _add(self, found: Found, message: Message) -> None:
        row = MemoryFact.objects.create(
            conversation=self.conversation,
            kind=found.kind,
            value=found.value,
            source=message,
            origin=_origin(found),
        )
        self.rows.append(row)
        said = MemoryFact.Origin.SAID
        own = [row for row in self.rows if row.kind == found.kind and row.origin == said]
        for row in own[: -rules.MOST_OF_A_KIND]:
            self.rows.remove(row)
            row.delete()


def active(conversation_id: UUID) -> list[MemoryFact]:
    """What is remembered now, most important kinds first, oldest of a kind first."""
    rows = MemoryFact.objects.filter(
        conversation_id=conversation_id, erased_at__isnull=True
    ).select_related("source")
    return sorted(rows, key=lambda row: (_PLACE.get(row.kind, len(_PLACE)), row.pk))


def _known_values(conversation_id: UUID) -> list[tuple[str, str]]:
    """Kind and value of what `active` gives, in its order."""
    rows = MEMORY_FACTS.read(
        "conversation_id = %s AND erased_at IS NULL ORDER BY id", [conversation_id]
    )
    found = [(row.kind, row.value) for row in rows]
    return sorted(found, key=lambda row: _PLACE.get(row[0], len(_PLACE)))


def replace(fact: MemoryFact, value: str, origin: str, source: Message | None) -> None:
    """Give a fact another value; the old one is not read in again unless the customer insists."""
    old = fact.value
    fact.value, fact.origin, fact.source = value, origin, source
    MemoryFact.objects.filter(
        conversation=fact.conversation_id,
        value=digest(fact.conversation_id, fact.kind, value),
    ).delete()
    fact.save(update_fields=["value", "origin", "source", "updated_at"])
    if origin != MemoryFact.Origin.SAID and not rules.same(old, value):
        _bury(fact, old, origin)


def erase(fact: MemoryFact, now: datetime) -> None:
    """Take a fact's value out of the record; a digest stays, so that it is not read in again."""
    grave = digest(fact.conversation_id, fact.kind, fact.value)
    MemoryFact.objects.filter(conversation=fact.conversation_id, value=grave).delete()
    fact.value, fact.erased_at = grave, now
    fact.origin, fact.source = MemoryFact.Origin.AGENT, None
    fact.save(update_fields=["value", "erased_at", "origin", "source", "updated_at"])


def digest(conversation_id: UUID, kind: str, value: str) -> str:
    """What stands for an erased value: the same for the same value, and only in this place."""
    text = f"{conversation_id}|{kind}|{rules.key(value)}"
    return "#" + hashlib.sha256(text.encode()).hexdigest()


def _bury(fact: MemoryFact, value: str, origin: str) -> None:
    MemoryFact.objects.get_or_create(
        conversation_id=fact.conversation_id,
        kind=fact.kind,
        value=digest(fact.conversation_id, fact.kind, value),
        defaults={"origin": origin, "erased_at": fact.updated_at},
    )


def _origin(found: Found) -> str:
    return MemoryFact.Origin.CORRECTED if found.corrects else MemoryFact.Origin.SAID


def _lasting(customer_id: UUID, conversation_id: UUID) -> list[tuple[str, str]]:
    """Facts of the customer's last other conversations, newest first, each value once."""
    others = (
        Conversation.objects.filter(customer_id=customer_id)
        .exclude(pk=conversation_id)
        .order_by("-created_at")
        .values("pk")[:EARLIER]
    )
    rows = MemoryFact.objects.filter(
        conversation_id__in=others, kind__in=LASTING, erased_at__isnull=True
    ).order_by("-updated_at")
    known = list(dict.fromkeys(rows.values_list("kind", "value")))[:EARLIER]
    return sorted(known, key=lambda row: _PLACE[row[0]])


_products: list[tuple[float, tuple[str, ...]]] = []


def products() -> tuple[str, ...]:
    """The products that articles are about; looked up once a minute."""
    if not _products or monotonic() - _products[0][0] > PRODUCTS_SECONDS:
        names = Article.objects.published().exclude(product="").values_list("product", flat=True)
        _products[:] = [(monotonic(), tuple(sorted(names.distinct())))]
    return _products[0][1]
