"""The team's sign-in link that `maillage run` prints: the same signed link as in the mail."""

from shared.clock import new_id
from shared.service import Service

PURPOSE = "sign-in"


def sign_in_url(registry: Service, email: str) -> str:
    """A link that opens the team space for an hour, once; its page has one button."""
    token = registry.signer.issue(PURPOSE, {"id": str(new_id()), "email": email, "role": "administrator"})
    return f"{registry.settings.public_url}/connexion/{token}"
