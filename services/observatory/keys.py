"""A dashboard's key: derived from a random seed and the network's secret, so that a repeated form can show it again
while neither the dashboard's row nor the kept answer holds it."""

import base64
import hashlib
import hmac
import secrets


def new_seed() -> str:
    """256 random bits, in hexadecimal."""
    return secrets.token_hex(32)


def key_from(secret: str, seed: str) -> str:
    """The key of a seed: 256 bits, URL-safe, nothing without the secret."""
    digest = hmac.new(secret.encode(), b"maillage.dashboard-key." + bytes.fromhex(seed), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
