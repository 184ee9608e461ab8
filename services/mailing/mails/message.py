"""From a mail to the message that leaves: both parts, the calendar, a stable Message-ID."""

from dataclasses import dataclass
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Self
from urllib.parse import urlsplit
from uuid import UUID

from services.mailing.mails.layout import as_html, as_text
from services.mailing.mails.pieces import Mail
from shared.clock import now
from shared.settings import Settings


class HeaderShapes(HeaderRegistry):
    """A header's class made once a name: Python's own registry makes it anew at each header, a quarter of our time."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        if name.lower() not in self._made:
            self._made[name.lower()] = super().__getitem__(name)
        return self._made[name.lower()]


POLICY = SMTP.clone(cte_type="7bit", max_line_length=78, header_factory=HeaderShapes())


@dataclass(frozen=True, slots=True)
class Sender:
    """Who mails come from."""

    address: str
    name: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        name, address = parseaddr(settings.mail_from)
        return cls(address, name or settings.network_name)


@dataclass(frozen=True, slots=True)
class Posting:
    """What a message's headers need beside what it says: its own id, to whom, and the story it belongs to."""

    id: UUID
    recipient: str
    correlation_id: UUID


def message_of(mail: Mail, to: Posting, settings: Settings) -> EmailMessage:
    """The message; tried again, it has the same Message-ID, by which a mailbox knows it already."""
    sender = Sender.of(settings)
    made = EmailMessage(POLICY)
    made["From"] = Address(one_line(sender.name), addr_spec=sender.address)
    made["To"] = Address(addr_spec=to.recipient)
    made["Reply-To"] = Address(one_line(settings.network_name), addr_spec=settings.team_email)
    made["Subject"] = one_line(mail.subject)
    made["Date"] = format_datetime(now())
    made["Message-ID"] = f"<{to.id}@{host_of(settings)}>"
    made["X-Correlation-Id"] = str(to.correlation_id)
    made["Auto-Submitted"] = "auto-generated"
    for name, value in mail.headers.items():
        made[name] = one_line(value)
    made.set_content(as_text(mail, settings), charset="utf-8", cte="quoted-printable")
    made.add_alternative(as_html(mail, settings), subtype="html", charset="utf-8", cte="quoted-printable")
    if mail.calendar:
        _attach_calendar(made, mail.calendar)
    return made


def _attach_calendar(message: EmailMessage, calendar: str) -> None:
    method = next((line[7:].strip() for line in calendar.splitlines() if line.startswith("METHOD:")), "REQUEST")
    message.add_attachment(calendar.encode(), maintype="text", subtype="calendar", cte="base64", filename="invite.ics")
    part = list(message.iter_attachments())[-1]
    part.set_param("method", method)
    part.set_param("charset", "utf-8")


def one_line(said: str) -> str:
    """A header holds one line, whatever was typed."""
    return " ".join(said.split())


def host_of(settings: Settings) -> str:
    """The right side of Message-IDs: the site's name."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    return host if any(letter.isalpha() for letter in host) else "maillage.example"
