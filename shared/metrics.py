"""What Prometheus reads. Labels are services, routes and contracts: never a subject, which may carry a person's key."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Histogram(
    "maillage_request_seconds",
    "Time to answer a request, by route template.",
    ("service", "method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
RELAYED = Counter("maillage_relayed_total", "Facts acknowledged by the stream.", ("service", "contract"))
HANDLED = Counter("maillage_handled_total", "Facts handled, by outcome.", ("service", "contract", "outcome"))
JOURNAL_WAITING = Gauge("maillage_journal_waiting", "Journal rows the stream has not acknowledged.", ("service",))
JOURNAL_OLDEST = Gauge("maillage_journal_oldest_seconds", "Age of the oldest of these rows.", ("service",))
PARKED = Gauge("maillage_parked", "Facts waiting for another attempt.", ("service",))
DEAD = Gauge("maillage_dead_letters", "Facts that wait for a person.", ("service",))
PENDING = Gauge("maillage_consumer_pending", "Facts that a consumer has not acknowledged.", ("service", "stream"))
CONSUMER_OLDEST = Gauge(
    "maillage_consumer_oldest_seconds", "Age of the oldest of them, at most.", ("service", "stream")
)
BUS_UP = Gauge("maillage_bus_up", "1 when the last round trip through the stream came back.", ("service",))
