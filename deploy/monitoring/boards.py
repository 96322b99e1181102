"""The dashboards: how customers fare, the ladder; and what boards_services.py has."""

from boards_services import DESK, INFRASTRUCTURE
from panels import Panel, Rows, quantile, rate, share, stat

OVERVIEW: Rows = (
    (
        "Now",
        (
            stat("Customers connected", "sum(portal_sockets)"),
            stat("Turns running", "max(portal_turns_running)"),
            stat("Turns waiting", "sum(portal:turns_queued)", limit=20),
            stat("Oldest waits", "max(portal_turns_oldest_queued_seconds)", "s", limit=5),
            stat("Past their deadline", "max(portal_turns_overdue)", limit=1),
            stat("Wait for a person", 'max(portal_escalations_open{state="waiting"})'),
        ),
    ),
    (
        "What customers feel",
        (
            Panel(
                "First words",
                (
                    (quantile(0.5, "portal_first_token_seconds"), "half"),
                    (quantile(0.95, "portal_first_token_seconds"), "95 of 100"),
                    (quantile(0.99, "portal_first_token_seconds"), "99 of 100"),
                ),
                unit="s",
                limit=0.5,
                about="From the acceptance of a message to the first text of its answer.",
            ),
            Panel(
                "Late first words",
                (
                    ("portal:first_token_late:ratio5m", "5 minutes"),
                    ("portal:first_token_late:ratio1h", "an hour"),
                    ("portal:first_token_late:ratio6h", "six hours"),
                ),
                unit="percentunit",
                limit=0.05,
                about="Share over half a second; 5 in 100 are allowed.",
            ),
            Panel(
                "Wait for a worker",
                (
                    (quantile(0.5, "portal_queue_wait_seconds"), "half"),
                    (quantile(0.95, "portal_queue_wait_seconds"), "95 of 100"),
                ),
                unit="s",
            ),
        ),
    ),
    (
        "Turns",
        (
            Panel(
                "How turns end",
                ((rate("portal_turns_total", "outcome"), "{{outcome}}"),),
                unit="ops",
                stack=True,
            ),
            Panel(
                "What was decided",
                ((rate("portal_turns_total", "decision"), "{{decision}}"),),
                unit="ops",
                stack=True,
            ),
            Panel(
                "Turns that fail",
                (
                    ("portal:turns_failed:ratio5m", "5 minutes"),
                    ("portal:turns_failed:ratio6h", "six hours"),
                ),
                unit="percentunit",
                limit=0.005,
            ),
        ),
    ),
)

LADDER: Rows = (
    (
        "Demand and supply",
        (
            Panel("Demand: waiting and running", (("portal:turn_demand", "{{rung}}"),), stack=True),
            Panel("Workers ready", (("portal:model_workers_ready", "{{rung}}"),), stack=True),
            Panel(
                "Predicted first words",
                (("portal:first_token_predicted_seconds", "{{rung}}"),),
                unit="s",
                limit=0.35,
                about="Above the line the rung is passed over for a turn.",
            ),
            Panel(
                "Slots in use",
                (
                    (
                        share("portal_model_slots_used", "portal_model_slots"),
                        "{{rung}}",
                    ),
                ),
                unit="percentunit",
            ),
            Panel("Predicted wait", (("portal:predicted_wait_seconds", "{{rung}}"),), unit="s"),
            Panel("Workers that the wait asks for", (("portal:workers_for_wait", "{{rung}}"),)),
        ),
    ),
    (
        "Answers",
        (
            Panel(
                "Who wrote",
                ((rate("portal_turns_total", "tier"), "{{tier}}"),),
                unit="ops",
                stack=True,
            ),
            Panel(
                "First words, 95 of 100",
                ((quantile(0.95, "portal_first_token_seconds", "tier"), "{{tier}}"),),
                unit="s",
                limit=0.5,
            ),
            Panel(
                "Time to answer, 95 of 100",
                ((quantile(0.95, "portal_turn_seconds", "tier"), "{{tier}}"),),
                unit="s",
            ),
            Panel(
                "What the ladder did",
                ((rate("portal_admissions_total", "rung, did"), "{{rung}} {{did}}"),),
                unit="ops",
            ),
            Panel("Breakers open", (("max by (rung) (portal_breaker_open)", "{{rung}}"),)),
            Panel(
                "Answers given again",
                (
                    (
                        rate("portal_answer_cache_lookups_total", where='{result="hit"}')
                        + " / "
                        + rate("portal_answer_cache_lookups_total"),
                        "hits",
                    ),
                ),
                unit="percentunit",
            ),
        ),
    ),
    (
        "Faults",
        (
            Panel("Orphaned turns", (("max(portal_turns_orphaned)", ""),)),
            Panel("Wake-ups repeated", ((rate("portal_turns_swept_total"), ""),), unit="ops"),
            Panel("Turns lost to another worker", ((rate("portal_turns_fenced_total"), ""),)),
        ),
    ),
)

BOARDS: dict[str, tuple[str, Rows]] = {
    "portal-overview": ("Portal: overview", OVERVIEW),
    "portal-ladder": ("Portal: ladder and inference", LADDER),
    "portal-desk": ("Portal: desk", DESK),
    "portal-infrastructure": ("Portal: infrastructure", INFRASTRUCTURE),
}
