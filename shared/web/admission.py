"""Who may send a public form, and how often: a count a client and a sender, and a proof where there is a script.

Counts are kept in the memory of the process (docs/decisions/0020); this machine is never counted.
"""

import hashlib
import ipaddress
from dataclasses import dataclass, field
from functools import cached_property
from time import time
from typing import Self

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.requests import Request

from shared.contracts import normalise
from shared.errors import Refusal
from shared.web.forms import Form
from shared.web.proof import Proofs

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
PROOF = "altcha"


class TooMany(Refusal):
    """Trop d’envois en peu de temps. Attendez un peu, puis recommencez : ce que vous avez écrit est toujours là."""

    status = 429


class ProofWanted(Refusal):
    """Votre navigateur n’avait pas fini de préparer l’envoi. Rien n’est perdu : envoyez à nouveau."""

    status = 422


class Rates(BaseSettings):
    """How often is too often, and whom to believe about where a request comes from; empty is no limit."""

    model_config = SettingsConfigDict(env_prefix="MAILLAGE_", frozen=True, extra="ignore")

    trusted_proxies: str = "127.0.0.1, ::1"
    rate_client: str = "60/minute; 600/hour"
    rate_sender: str = "20/hour; 60/day"
    rate_without_proof: str = "30/hour"
    rate_key: str = "120/minute"

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for one in _listed(value):
            ipaddress.ip_network(one, strict=False)
        return value

    @field_validator("rate_client", "rate_sender", "rate_without_proof", "rate_key")
    @classmethod
    def _rates(cls, value: str) -> str:
        _items(value)
        return value

    @cached_property
    def trusted(self) -> tuple[Network, ...]:
        """The gateways whose `X-Forwarded-For` is believed."""
        return tuple(ipaddress.ip_network(one, strict=False) for one in _listed(self.trusted_proxies))


def _listed(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]


def _items(value: str) -> list[RateLimitItem]:
    return parse_many(value) if value.strip() else []


@dataclass
class Admission:
    """The counts of one process."""

    rates: Rates
    proofs: Proofs
    _counts: SlidingWindowCounterRateLimiter = field(
        default_factory=lambda: SlidingWindowCounterRateLimiter(MemoryStorage())
    )

    @classmethod
    def of(cls, request: Request) -> Self:
        found: Self = request.app.state.admission
        return found

    def count(self, request: Request, rate: str, *whose: str) -> None:
        """One more; TooMany, with the seconds to wait, where it was one too many."""
        for item in _items(getattr(self.rates, f"rate_{rate}")):
            if not self._counts.hit(item, rate, *whose):
                reset = self._counts.get_window_stats(item, rate, *whose).reset_time
                request.state.retry_after = max(1, round(reset - time()))
                raise TooMany()


def client_of(request: Request, trusted: tuple[Network, ...]) -> Address | None:
    """Where a request comes from: the last address that no gateway of ours added; None where nobody can tell."""
    peer = _address(request.client.host) if request.client else None
    said = [one for line in request.headers.getlist("x-forwarded-for") for one in line.split(",")]
    while peer is not None and said and any(peer in one for one in trusted):
        before = _address(said.pop())
        if before is None:
            return peer
        peer = before
    return peer


def _address(said: str) -> Address | None:
    try:
        found = ipaddress.ip_address(said.strip().strip("[]"))
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def _counted_as(client: Address | None) -> str:
    """An IPv6 home holds a whole /64: it is counted as one."""
    if isinstance(client, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((client, 64), strict=False))
    return str(client)


def admit(request: Request, form: Form, sender: str = "") -> None:
    """Count a form before it acts. Raises TooMany, or ProofWanted where a script brought a proof that does not hold."""
    admission = Admission.of(request)
    proof = form.values.pop(PROOF, "")
    if proof and not (isinstance(proof, str) and admission.proofs.holds(proof, request.url.path, form)):
        raise ProofWanted()
    client = client_of(request, admission.rates.trusted)
    if client is not None and client.is_loopback:
        return
    admission.count(request, "client", _counted_as(client))
    if not proof and sender:
        admission.count(request, "without_proof", _counted_as(client))
    if sender:
        admission.count(request, "sender", normalise(sender))


def admit_key(request: Request, key: str) -> None:
    """Count a look at a partner's pages, under a digest: whatever is asked for is as short. Raises TooMany."""
    admission = Admission.of(request)
    client = client_of(request, admission.rates.trusted)
    if client is None or not client.is_loopback:
        admission.count(request, "key", hashlib.sha256(key.encode()).hexdigest())
