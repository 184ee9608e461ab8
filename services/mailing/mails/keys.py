"""The keys of DKIM: as settings hold them, and as the DNS publishes them."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.embedded.errors import CannotStart

RSA_BITS, LEAST_RSA_BITS = 2048, 1024
"""Of a key that is made; and the least that RFC 8301 lets anybody sign with."""

PrivateKey = RSAPrivateKey | Ed25519PrivateKey


class BadKey(CannotStart):
    """MAILLAGE_DKIM_KEY ne se lit pas : attendu, la clé privée en PEM, ou sur une ligne ce que donne « maillage mail dkim »."""  # noqa: E501


class DkimSettings(BaseSettings):
    """The key of the sender's domain, and its name in the DNS."""

    model_config = SettingsConfigDict(env_prefix="MAILLAGE_", frozen=True, extra="ignore")

    dkim_key: str = Field("", description="signs what leaves: a private key, RSA or Ed25519; empty: nothing is signed")
    dkim_selector: str = Field("", description="the name of the key in the DNS")


def read_key(told: str) -> PrivateKey:
    """A private key as PEM, or as the same without its first and last line, on one line. Raises BadKey."""
    said = told.strip().replace("\\n", "\n")
    try:
        if said.startswith("-----"):
            key = serialization.load_pem_private_key(said.encode(), None)
        else:
            key = serialization.load_der_private_key(b64decode("".join(said.split()), validate=True), None)
    except (ValueError, TypeError, NotBase64, UnsupportedAlgorithm):
        raise BadKey() from None
    if not isinstance(key, (RSAPrivateKey, Ed25519PrivateKey)):
        raise BadKey("MAILLAGE_DKIM_KEY n’est ni une clé RSA ni une clé Ed25519\u00a0: DKIM n’en connaît pas d’autre.")
    if isinstance(key, RSAPrivateKey) and key.key_size < LEAST_RSA_BITS:
        raise BadKey(f"MAILLAGE_DKIM_KEY est trop courte\u00a0: {LEAST_RSA_BITS} bits au moins, {RSA_BITS} conseillés.")
    return key


def new_key(kind: str) -> PrivateKey:
    """A key that nobody has: `rsa` (2048 bits, understood everywhere) or `ed25519`."""
    return Ed25519PrivateKey.generate() if kind == "ed25519" else generate_private_key(65537, RSA_BITS)


def on_one_line(key: PrivateKey) -> str:
    """A private key as MAILLAGE_DKIM_KEY holds it in a file of settings."""
    form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return b64encode(key.private_bytes(*form)).decode("ascii")


def public_part(key: PrivateKey) -> str:
    """The public key as the DNS holds it: RSA as SubjectPublicKeyInfo, Ed25519 as its 32 bytes (RFC 8463)."""
    if isinstance(key, RSAPrivateKey):
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    else:
        form = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return b64encode(key.public_key().public_bytes(*form)).decode("ascii")
