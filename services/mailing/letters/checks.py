"""What is checked before a letter leaves: subject, links, unsubscribe, size."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from urllib.parse import urlsplit

from services.mailing.letters.issue import Issue
from services.mailing.letters.writing import letter_mail
from services.mailing.links import Links
from services.mailing.mails.message import Posting, message_of
from services.mailing.queries.subscribers import Subscriber
from shared.clock import new_id
from shared.web.format import number
from shared.web.i18n import _

LONGEST_SUBJECT = 78
LARGEST = 100_000
"""Some mailboxes cut a letter that is longer."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    label: str
    is_right: bool
    found: str


def checks_of(issue: Issue, links: Links, department: str | None = None) -> list[Check]:
    """The letter, written and looked at as it would leave."""
    reader = specimen(department)
    mail = letter_mail(issue, department, links.own(reader.id, reader.lang), links)
    written = message_of(mail, Posting(new_id(), "lecture@reseau.example", new_id()), links.settings)
    message = message_from_bytes(written, policy=default)
    assert isinstance(message, EmailMessage)
    html = message.get_body(("html",))
    text = message.get_body(("plain",))
    assert html is not None and text is not None
    addresses = re.findall(r'href="([^"]+)"', html.get_content())
    wrong = [one for one in addresses if urlsplit(one).scheme not in ("http", "https", "mailto")]
    leaving = mail.headers["List-Unsubscribe"].strip("<>")
    size = len(written)
    return [
        Check(
            _("Sujet"),
            0 < len(issue.subject) <= LONGEST_SUBJECT,
            _("%(n)s caractères, %(most)s au plus", n=len(issue.subject), most=LONGEST_SUBJECT),
        ),
        Check(
            _("Liens"),
            not wrong,
            _("%(n)s liens, tous complets", n=len(addresses)) if not wrong else ", ".join(wrong[:3]),
        ),
        Check(
            _("Désabonnement"),
            leaving in addresses and leaving in text.get_content(),
            _("en un clic, et par un lien visible"),
        ),
        Check(
            _("Taille"),
            size <= LARGEST,
            _("%(size)s Ko, 100 au plus", size=number(size / 1000)),
        ),
        Check(_("Version en texte seul"), bool(text.get_content().strip()), _("les mêmes mots, sans mise en page")),
    ]


def specimen(department: str | None, lang: str = "fr") -> Subscriber:
    """A reader who is nobody: their links lead nowhere."""
    return Subscriber(new_id(), 1, "subscribed", None, lang, (), department, False, "")
