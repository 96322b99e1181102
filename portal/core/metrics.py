"""Prometheus metrics. Defined once here; labels are closed sets, never ids or text."""

from prometheus_client import Counter, Gauge, Histogram

_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 5, 10, 30, 60)

OPERATION_SECONDS = Histogram(
    "portal_operation_seconds",
    "Duration of service operations",
    ("service", "operation", "outcome"),
    buckets=_LATENCY,
)
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
