"""The dashboards of the desk and of what the portal stands on."""

from panels import WINDOW, Panel, Rows, quantile, rate, stat

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
