"""The four dashboards: how customers fare, the ladder, the desk, what it all stands on."""

from panels import WINDOW, Panel, Rows, quantile


def rate(metric: str, by: str = "", where: str = "") -> str:
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{where}[{WINDOW}]))"


def share(part: str, whole: str) -> str:
    return f"max by (rung) ({part}) / clamp_min(max by (rung) ({whole}), 1)"


def stat(title: str, query: str, unit: str = "short", limit: float | None = None) -> Panel:
    return Panel(title, ((query, ""),), unit=unit, kind="stat", width=4, height=4, limit=limit)


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

DESK: Rows = (
    (
        "Now",
        (
            stat("Waiting", 'max(portal_escalations_open{state="waiting"})'),
            stat("In somebody's hands", 'max(portal_escalations_open{state="claimed"})'),
            stat("Oldest waits", "max(portal_escalations_oldest_waiting_seconds)", "s", 3600),
            stat("With a missed promise", "sum(max by (state) (portal_escalations_breached))"),
            stat("Desks open", "sum(portal_desks)"),
        ),
    ),
    (
        "Over time",
        (
            Panel(
                "Conversations that need a person",
                (("max by (state) (portal_escalations_open)", "{{state}}"),),
                stack=True,
            ),
            Panel(
                "Missed promises",
                (("sum by (clock) (increase(portal_sla_breaches_total[1h]))", "{{clock}}"),),
                about="In the hour before.",
            ),
            Panel(
                "Handed over by the assistant",
                ((rate("portal_turns_total", where='{decision="escalate"}'), "turns"),),
                unit="ops",
            ),
            Panel(
                "Sweeps and watches",
                (
                    (
                        rate(
                            "portal_operation_seconds_count",
                            "service",
                            '{service=~"sweeper|desk_watch"}',
                        ),
                        "{{service}}",
                    ),
                ),
                unit="ops",
                about="About one in five seconds each; none means that beat is gone.",
            ),
        ),
    ),
)

INFRASTRUCTURE: Rows = (
    (
        "Services",
        (
            Panel(
                "Answers within a second",
                (("min by (dependency) (portal_dependency_up)", "{{dependency}}"),),
            ),
            Panel(
                "Sessions of the database",
                (("max by (state) (portal_database_sessions)", "{{state}}"),),
                stack=True,
            ),
            Panel("Size of the database", (("max(portal_database_bytes)", ""),), unit="bytes"),
            Panel("Memory of Redis", (("max(portal_redis_memory_bytes)", ""),), unit="bytes"),
            Panel(
                "Tasks in queues", (("max by (queue) (portal_broker_queue_tasks)", "{{queue}}"),)
            ),
            Panel("Tasks in hands", (("max(portal_broker_unacknowledged_tasks)", ""),)),
        ),
    ),
    (
        "Web",
        (
            Panel("Sockets", (("portal_sockets", "{{instance}}"),), stack=True),
            Panel(
                "Frames",
                ((rate("portal_frames_total", "type"), "{{type}}"),),
                unit="ops",
                stack=True,
            ),
            Panel("Frames refused", ((rate("portal_refused_frames_total", "code"), "{{code}}"),)),
            Panel(
                "Operations, 95 of 100",
                ((quantile(0.95, "portal_operation_seconds", "service"), "{{service}}"),),
                unit="s",
            ),
            Panel(
                "Operations that fail",
                (
                    (
                        rate(
                            "portal_operation_seconds_count",
                            "service, operation",
                            '{outcome="unexpected"}',
                        ),
                        "{{service}}.{{operation}}",
                    ),
                ),
                unit="ops",
            ),
            Panel(
                "Pieces of answers",
                ((rate("portal_stream_appends_total", "outcome"), "{{outcome}}"),),
                unit="ops",
            ),
        ),
    ),
    (
        "Processes",
        (
            Panel(
                "Database connections in use",
                (("portal_database_pool_size - portal_database_pool_available", "{{instance}}"),),
            ),
            Panel("Waiting for a connection", (("portal_database_pool_waiting", "{{instance}}"),)),
            Panel("Memory", (("process_resident_memory_bytes", "{{instance}}"),), unit="bytes"),
            Panel("Processor", ((f"rate(process_cpu_seconds_total[{WINDOW}])", "{{instance}}"),)),
            Panel(
                "Free disk",
                (("portal_disk_free_bytes / portal_disk_bytes", "{{instance}}"),),
                unit="percentunit",
            ),
            Panel(
                "Wake-ups",
                ((rate("portal_wake_ups_total", "queue, outcome"), "{{queue}} {{outcome}}"),),
            ),
        ),
    ),
)

BOARDS: dict[str, tuple[str, Rows]] = {
    "portal-overview": ("Portal: overview", OVERVIEW),
    "portal-ladder": ("Portal: ladder and inference", LADDER),
    "portal-desk": ("Portal: desk", DESK),
    "portal-infrastructure": ("Portal: infrastructure", INFRASTRUCTURE),
}
