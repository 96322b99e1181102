"""Measures that count hand-overs: how many, how long, whether promises were kept."""

from django.utils.translation import gettext_lazy as _

from insights.measures.definition import Grain, Measure

MEASURES: tuple[Measure, ...] = (
    Measure(
        "escalations", _("hand-overs"), _("escalations that were opened"),
        _("What people are asked to do."), Grain.ESCALATION, "count", "count", "down", "TRUE",
        minimum=0,
    ),
    Measure(
        "wait_time", _("waiting time for a person"),
        _("median of first claimed − hand-over opened"), _("How long the queue takes."),
        Grain.ESCALATION, "percentile", "seconds", "down", "TRUE", value="wait_s",
    ),
    Measure(
        "wait_p95", _("waiting time for a person, 95th percentile"),
        _("95 of 100 were claimed within this time"), _("What the unlucky ones wait."),
        Grain.ESCALATION, "percentile", "seconds", "down", "TRUE", value="wait_s", quantile=0.95,
        minimum=50,
    ),
    Measure(
        "handle_time", _("handling time"), _("median of resolved − first claimed"),
        _("Clock time with a person; agents handle several at once."), Grain.ESCALATION,
        "percentile", "seconds", "down", "state = 'resolved'", value="handle_s",
    ),
    Measure(
        "sla_kept", _("promises kept"),
        _("hand-overs answered and resolved in the promised time ÷ ended hand-overs with promises"),
        _("First response, next response and resolution together."), Grain.ESCALATION, "ratio",
        "share", "up", "kept", "promised AND kept IS NOT NULL",
    ),
)  # fmt: skip
