"""How a rule makes what waits already more urgent."""

from datetime import datetime

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest

from conversations.escalation.audit import record
from conversations.escalation.rules import Rule
from conversations.models import Escalation


def raise_by(rule: Rule, escalation: Escalation, now: datetime) -> None:
    """Make an open escalation as urgent as a rule says. What says nothing new changes nothing."""
    changes = Q(priority__lt=rule.priority)
    if rule.supervisor:
        changes |= Q(supervisor=False)
    changed = (
        Escalation.objects.open()
        .filter(changes, pk=escalation.pk)
        .update(
            priority=Greatest(F("priority"), Value(rule.priority)),
            supervisor=rule.supervisor or F("supervisor"),
            rule_id=Coalesce("rule_id", Value(rule.id)),
        )
    )
    if changed:
        record(
            action="escalation.prioritised", now=now, escalation=escalation, rule=rule.id,
            before=escalation.priority, after=max(escalation.priority, rule.priority),
        )  # fmt: skip
