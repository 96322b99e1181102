"""RememberingService: an agent corrects, erases or adds what is remembered of a conversation.

Every change is an entry of the log: which fact and of what kind, never its words. What an agent set
or erased is not read in again.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from conversations.access import Agent, visible_conversation
from conversations.dialogue.facts import KINDS, VALUE_CHARS, flat, same
from conversations.escalation.audit import record
from conversations.models import Conversation, MemoryFact
from conversations.services.events import lock
from conversations.services.memory import MemoryService, erase, replace
from portal.core.errors import InvalidInput, NotFound
from portal.core.service import BaseService


class UnusableFact(InvalidInput):
    """A fact needs a known kind and one to 120 characters."""

    code = "unusable_fact"


class RememberingService(BaseService):
    name = "remembering"

    def __init__(self, memory: MemoryService | None = None) -> None:
        super().__init__()
        self.memory = memory or MemoryService()

    def correct(
        self, *, agent: Agent, conversation_id: UUID, fact_id: int, value: str, now: datetime
    ) -> MemoryFact:
        """Give a fact the right value. Raises NotFound or UnusableFact."""
        value = _checked(value)
        with self.operation("correct"), transaction.atomic():
            self._open(agent, conversation_id)
            fact = _fact(conversation_id, fact_id)
            _free(conversation_id, fact.kind, value, fact)
            replace(fact, value, MemoryFact.Origin.AGENT, None)
            self._log("corrected", agent, fact, now)
        return fact

    def add(
        self, *, agent: Agent, conversation_id: UUID, kind: str, value: str, now: datetime
    ) -> MemoryFact:
        """Pin a fact that the rules did not find. Raises NotFound or UnusableFact."""
        value = _checked(value)
        if kind not in KINDS:
            raise UnusableFact
        with self.operation("add"), transaction.atomic():
            self._open(agent, conversation_id)
            _free(conversation_id, kind, value, None)
            fact = MemoryFact.objects.create(
                conversation_id=conversation_id,
                kind=kind,
                value=value,
                origin=MemoryFact.Origin.AGENT,
            )
            self._log("added", agent, fact, now)
        return fact

    def erase(self, *, agent: Agent, conversation_id: UUID, fact_id: int, now: datetime) -> None:
        """Erase a fact's value from the record. Raises NotFound."""
        with self.operation("erase"), transaction.atomic():
            self._open(agent, conversation_id)
            fact = _fact(conversation_id, fact_id)
            erase(fact, now)
            self._log("erased", agent, fact, now)

    def forget(
        self, *, agent: Agent, conversation_id: UUID, now: datetime, everything: bool = False
    ) -> int:
        """Forget a conversation, or with `everything` all that is remembered of its customer.

        Returns how many facts were erased. Raises NotFound.
        """
        with self.operation("forget"), transaction.atomic():
            conversation = self._open(agent, conversation_id)
            chosen = [conversation]
            if everything and conversation.customer_id:
                others = Conversation.objects.filter(customer=conversation.customer_id)
                others = others.exclude(pk=conversation_id).order_by("pk")
                chosen += list(others.select_for_update(of=("self",)))
            count = sum(self.memory.forget(item, now) for item in chosen)
            record(
                action="memory.forgotten",
                now=now,
                actor=agent.id,
                conversation_id=conversation_id,
                facts=count,
                conversations=len(chosen),
            )
        return count

    def _open(self, agent: Agent, conversation_id: UUID) -> Conversation:
        visible_conversation(agent, conversation_id)
        return lock(conversation_id)

    def _log(self, what: str, agent: Agent, fact: MemoryFact, now: datetime) -> None:
        record(
            action=f"memory.{what}",
            now=now,
            actor=agent.id,
            conversation_id=fact.conversation_id,
            fact=fact.pk,
            kind=fact.kind,
        )


def _checked(value: str) -> str:
    found = " ".join(value.replace("\x00", "").split())
    if not found or len(found) > VALUE_CHARS or found.startswith("#"):
        raise UnusableFact
    return flat(found)


def _fact(conversation_id: UUID, fact_id: int) -> MemoryFact:
    fact = MemoryFact.objects.filter(
        pk=fact_id, conversation=conversation_id, erased_at__isnull=True
    ).first()
    if fact is None:
        raise NotFound
    return fact


def _free(conversation_id: UUID, kind: str, value: str, fact: MemoryFact | None) -> None:
    """Take the place of another fact that says the same."""
    rows = MemoryFact.objects.filter(conversation=conversation_id, kind=kind, erased_at=None)
    for row in rows:
        if (fact is None or row.pk != fact.pk) and same(row.value, value):
            row.delete()
