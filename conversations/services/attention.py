"""What waits for somebody, for the admin's front page. A few counts, each over an index."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.models import Article, Escalation, ReviewItem


@dataclass(frozen=True)
class Waiting:
    """A number with where it leads to."""

    count: int
    name: str
    address: str


def attention(user: Any) -> list[Waiting]:
    """The numbers that this person may see, none of them estimated."""
    found = []
    if user.has_perm("conversations.view_reviewitem"):
        due = Q(snoozed_until=None) | Q(snoozed_until__lte=timezone.now())
        waiting = ReviewItem.objects.filter(due, state=ReviewItem.State.OPEN)
        urgent = waiting.filter(priority__gte=ReviewItem.URGENCY[ReviewItem.Why.COMPLAINT])
        queue = reverse("admin:conversations_reviewitem_changelist")
        found.append(Waiting(waiting.count(), _("turns to review"), queue))
        found.append(Waiting(urgent.count(), _("complaints and flags to review"), queue))
    if user.has_perm("conversations.view_article"):
        drafts = Article.objects.filter(status=Article.Status.DRAFT).count()
        address = reverse("admin:conversations_article_changelist")
        found.append(Waiting(drafts, _("article drafts"), f"{address}?status__exact=draft"))
    if user.has_perm("conversations.work_desk"):
        customers = Escalation.objects.waiting().count()
        found.append(Waiting(customers, _("customers wait at the desk"), reverse("desk")))
    return found
