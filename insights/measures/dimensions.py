"""The dimensions: what figures can be filtered and grouped by."""

from django.utils.translation import gettext_lazy as _

from conversations.models import Escalation
from insights.measures.definition import Dimension, Grain, Text
from insights.models.facts import Outcome

ALL = frozenset(Grain)
CONVERSATION = frozenset({Grain.CONVERSATION})
TURN = frozenset({Grain.TURN})
PEOPLE = frozenset({Grain.CONVERSATION, Grain.ESCALATION})

DIMENSIONS: dict[str, Dimension] = {
    item.key: item
    for item in (
        Dimension("topic", _("topic"), ALL, "topic"),
        Dimension("language", _("language"), ALL, "language"),
        Dimension("channel", _("channel"), ALL, "channel"),
        Dimension("reason", _("hand-over reason"), PEOPLE, "reason"),
        Dimension("agent", _("agent"), PEOPLE, "agent"),
        Dimension("team", _("team"), PEOPLE, "team"),
        Dimension("outcome", _("outcome"), CONVERSATION, "outcome"),
        Dimension("tier", _("rung"), TURN, "tier"),
        Dimension("decision", _("decision"), TURN, "kind"),
        Dimension("article", _("article"), TURN, "article"),
        Dimension("theme", _("theme"), TURN, "theme"),
        Dimension("hour", _("hour of the day"), ALL),
        Dimension("weekday", _("weekday"), ALL),
        Dimension("day", _("day"), ALL),
        Dimension("week", _("week"), ALL),
        Dimension("month", _("month"), ALL),
    )
}

#: Dimensions that a period's rollup keeps apart, for each grain.
ROLLED: dict[Grain, tuple[str, ...]] = {
    grain: tuple(d.key for d in DIMENSIONS.values() if d.column and grain in d.grains)
    for grain in Grain
}

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Groups over time, drawn as a line.
SERIES = frozenset({"day", "week", "month"})

_WEEKDAY_NAMES = dict(
    zip(
        WEEKDAYS,
        (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"),
         _("Sunday")),
        strict=True,
    )
)  # fmt: skip
_LABELS: dict[str, dict[str, Text]] = {
    "weekday": dict(_WEEKDAY_NAMES),
    "reason": {str(key): label for key, label in Escalation.Reason.choices},
    "outcome": {str(key): label for key, label in Outcome.choices},
    "decision": {
        "answer": _("answered"),
        "clarify": _("asked back"),
        "escalate": _("handed over"),
        "courtesy": _("courtesy"),
    },
    "tier": {
        "gpu": _("GPU model"),
        "cpu": _("CPU model"),
        "extractive": _("quoted articles"),
        "cache": _("cache"),
    },
    "language": {
        "en": _("English"), "de": _("German"), "fr": _("French"), "es": _("Spanish"),
        "it": _("Italian"), "nl": _("Dutch"), "pl": _("Polish"), "pt": _("Portuguese"),
    },
}  # fmt: skip


def label(dimension: str, value: str) -> str:
    """What a person reads for a value of a dimension; articles and topics are named elsewhere."""
    if not value:
        return str(_("none recorded"))
    if known := _LABELS.get(dimension, {}).get(value):
        return str(known)
    if dimension == "hour":
        return f"{int(value):02d}:00"
    return value.replace("-", " ").replace("_", " ").capitalize() if dimension == "topic" else value
