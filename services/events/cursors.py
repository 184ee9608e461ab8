"""Where a page of a list ends, in a word that a client gives back."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

from shared.errors import Invalid


def cursor_of(moment: datetime, row_id: UUID) -> str:
    """The word for the last row shown."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {row_id}".encode()).decode().rstrip("=")


def read_cursor(word: str | None) -> tuple[datetime, UUID] | None:
    """The last row shown before; Invalid where the word is not one of ours."""
    if not word:
        return None
    try:
        moment, row_id = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode().split(" ")
        told = datetime.fromisoformat(moment)
        if told.tzinfo is None:
            raise ValueError
        return told, UUID(row_id)
    except (ValueError, binascii.Error):
        raise Invalid({"cursor": "Reprenez la liste depuis son début."}) from None
