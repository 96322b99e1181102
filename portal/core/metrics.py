"""Prometheus metrics of one process. Labels are closed sets, never ids or text.

What belongs to the whole installation (turns that wait, workers that live) is read at the scrape
by portal/gauges.py. docs/observability.md lists both; a test compares.
"""

from prometheus_client import Counter, Gauge, Histogram

_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5, 10, 30, 60)

OPERATION_SECONDS = Histogram(
    "portal_operation_seconds",
    "Duration of service operations",
    ("service", "operation", "outcome"),
    buckets=_LATENCY,
)
#: Seconds that a customer or a turn waits for something: up to the deadline.
_WAIT = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120)
FIRST_TOKEN_SECONDS = Histogram(
    "portal_first_token_seconds",
    "From a message's acceptance to the first answer text in the stream",
    ("tier",),
    buckets=_LATENCY,
)
TURNS = Counter("portal_turns_total", "Turns that ended", ("decision", "tier", "outcome"))
MESSAGES = Counter("portal_messages_total", "Messages accepted", ("author",))
SOCKETS = Gauge("portal_sockets", "Open customer sockets", multiprocess_mode="livesum")
DESKS = Gauge("portal_desks", "Open desk sockets", multiprocess_mode="livesum")
FRAMES = Counter("portal_frames_total", "Frames sent to clients", ("type",))
REFUSED = Counter("portal_refused_frames_total", "Client frames answered with an error", ("code",))
BREAKER = Gauge(
    "portal_breaker_open",
    "1 while a rung's circuit breaker lets no turn through",
    ("rung",),
    multiprocess_mode="livemax",
)
ADMISSIONS = Counter(
    "portal_admissions_total", "What the ladder did with turns, by rung and reason", ("rung", "did")
)

# A turn's way, as the workers see it
TURN_SECONDS = Histogram(
    "portal_turn_seconds",
    "From a worker's claim of a turn to its committed reply",
    ("tier",),
    buckets=_WAIT,
)
QUEUE_WAIT_SECONDS = Histogram(
    "portal_queue_wait_seconds",
    "From a message's acceptance to the claim of its turn by a worker",
    ("tier",),
    buckets=_WAIT,
)
TURNS_SWEPT = Counter("portal_turns_swept_total", "Wake-ups that the sweeper had to repeat")
TURNS_FENCED = Counter("portal_turns_fenced_total", "Turns that their worker lost to another")
WAKE_UPS = Counter(
    "portal_wake_ups_total", "Tasks handed to the broker", ("queue", "outcome")
)  # outcome: sent, failed
STREAM_APPENDS = Counter(
    "portal_stream_appends_total", "Pieces of answers on their way to customers", ("outcome",)
)
CACHE_LOOKUPS = Counter(
    "portal_answer_cache_lookups_total", "Searches for an answer given before", ("result",)
)
SLA_BREACHES = Counter("portal_sla_breaches_total", "Missed promises to customers", ("clock",))
