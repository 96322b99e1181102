"""Whose data: from what a person can name (a conversation, an identity, an address) to rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from conversations.models import Conversation, Customer, MemoryFact
from portal.core.errors import InvalidInput, NotFound


class NobodyFound(NotFound):
    """No conversation and no customer has that id, identity or e-mail address."""

    code = "nobody_found"


@dataclass(frozen=True)
class Subject:
    """One person: their conversations, oldest first, and what is known of them by name."""

    conversations: tuple[UUID, ...]
    customers: tuple[UUID, ...]


def find(*, conversations: Sequence[UUID] = (), identity: str = "", email: str = "") -> Subject:
    """Everything of the person who is named by any of these.

    A conversation leads to its identified customer and so to the customer's other conversations.
    An address is looked up with the customers, the contacts left at the desk and the remembered
    facts. Raises NobodyFound, or InvalidInput when nothing is named.
    """
    if not (conversations or identity or email):
        raise InvalidInput("Name a conversation, an identity or an e-mail address.")
    known = Q(pk__in=Conversation.objects.filter(pk__in=conversations).values("customer_id"))
    if identity:
        known |= Q(identity=identity)
    if email:
        known |= Q(email__iexact=email)
    customers = tuple(
        Customer.objects.filter(known).order_by("created_at").values_list("pk", flat=True)
    )
    theirs = Q(pk__in=list(conversations)) | Q(customer__in=customers)
    if email:
        facts = MemoryFact.objects.filter(value__iexact=email)
        theirs |= Q(contact_email__iexact=email) | Q(pk__in=facts.values("conversation_id"))
    found = Conversation.objects.filter(theirs).order_by("created_at", "pk")
    subject = Subject(tuple(found.values_list("pk", flat=True)), customers)
    if not (subject.conversations or subject.customers):
        raise NobodyFound
    return subject
