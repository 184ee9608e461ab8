"""A proof of work without a third party (altcha's format): asked here, found by `static/proof.js`, for one form."""

import hashlib
import hmac
import struct
from datetime import timedelta
from typing import Any

import altcha

from shared.clock import now
from shared.web.forms import Form

ALGORITHM = "PBKDF2/SHA-256"
COST, PREFIX = 2_000, "00"
"""256 tries of half a millisecond on average: a tenth of a second while somebody types, a machine's time a form."""
LIFE = timedelta(hours=1)
LONGEST = 4_000


class Proofs:
    """The challenges of one service, and those already used in this process."""

    def __init__(self, secret: str, service: str) -> None:
        self._secret = hmac.new(secret.encode(), f"maillage.proof.{service}".encode(), hashlib.sha256).digest()
        self._used: dict[str, tuple[float, bytes]] = {}

    def challenge(self) -> dict[str, Any]:
        """A new challenge, signed, good for an hour."""
        made = altcha.create_challenge(
            ALGORITHM, COST, key_prefix=PREFIX, expires_at=now() + LIFE, hmac_secret=self._secret
        )
        found: dict[str, Any] = made.to_dict()
        return found

    def holds(self, payload: str, path: str, form: Form) -> bool:
        """Whether a challenge of ours was solved in time, and for no form but this one, which may be repeated."""
        if len(payload) > LONGEST:
            return False
        try:
            if not altcha.verify_solution(payload, self._secret).verified:
                return False
            signature = str(altcha.Payload.from_base64(payload).challenge.signature)
        except (ValueError, TypeError, AttributeError, KeyError, struct.error, OverflowError):
            return False
        moment = now().timestamp()
        while self._used and next(iter(self._used.values()))[0] < moment:
            del self._used[next(iter(self._used))]
        words = f"{path}\n{form.key}\n{sorted(form.values.items())}"
        digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()
        until = moment + LIFE.total_seconds()
        return self._used.setdefault(signature, (until, digest))[1] == digest
