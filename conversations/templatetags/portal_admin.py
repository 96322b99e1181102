"""The admin's front page: what needs attention, and the models in groups that people think in."""

from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from conversations.services.attention import attention

register = template.Library()

#: Group and its models by their names in lower case, in the order of the page.
GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("Review"), ("reviewitem", "review", "reviewchange", "reviewdraw", "cachedanswer")),
    (_("Conversations"), ("conversation", "turn", "message", "escalation", "rating", "customer",
                          "resolutionsurvey", "note")),
    (_("Knowledge"), ("article", "section", "articlerevision", "synonym", "cannedreply")),
    (_("People"), ("agentprofile", "team", "user", "group", "auditentry")),
    (_("Hours, promises, figures"), ("openinghours", "holiday", "slapolicy", "escalationrule",
                                     "assumption", "alertrule")),
)  # fmt: skip


@register.simple_tag
def grouped(app_list: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The models that this person may see, in GROUPS; what is in none comes last."""
    left = {model["object_name"].lower(): model for app in app_list for model in app["models"]}
    found = []
    for name, members in GROUPS:
        models = [left.pop(key) for key in members if key in left]
        if models:
            found.append({"name": name, "models": models})
    if left:
        found.append({"name": _("Other"), "models": list(left.values())})
    return found


@register.simple_tag(takes_context=True)
def needs_attention(context: dict[str, Any]) -> Any:
    """What waits, for who may see it."""
    return attention(context["request"].user)
