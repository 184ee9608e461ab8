"""What Prometheus reads of the queue of mails."""

from prometheus_client import Gauge

from services.mailing.queries.outgoing import waiting_mails
from shared.service import Service

WAITING = Gauge("maillage_mails_waiting", "Mails that are due and have not left.", ("service", "kind"))
OLDEST = Gauge("maillage_mails_oldest_seconds", "For how long the oldest of them has been due.", ("service", "kind"))


async def measure_queue(service: Service) -> None:
    """How many mails wait, and for how long: service mails and letters apart."""
    async with service.db.reading() as tx:
        rows = await waiting_mails(tx)
    for row in rows:
        WAITING.labels(service.card.name, row["kind"]).set(row["n"])
        OLDEST.labels(service.card.name, row["kind"]).set(row["oldest_seconds"])
