"""What we write as bytes, Python's own parser reads back: headers, both parts, the calendar."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mailing.mails.addresses import deliverable
from services.mailing.mails.message import Posting, message_of
from services.mailing.mails.pieces import Mail, text, title
from shared.clock import new_id
from shared.settings import Settings

SETTINGS = Settings(
    public_url="https://reseau.example", network_name="Réseau, « Sud »", mail_from="lettre@reseau.example"
)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=200)


def read_back(mail: Mail, recipient: str = "camille@puits.example", message_id: UUID | None = None) -> EmailMessage:
    written = message_of(mail, Posting(message_id or new_id(), recipient, new_id()), SETTINGS)
    assert all(len(line) <= 998 for line in written.split(b"\r\n"))
    assert b"\n" not in written.replace(b"\r\n", b"") and b"\r" not in written.replace(b"\r\n", b"")
    found = message_from_bytes(written, policy=SMTP)
    assert isinstance(found, EmailMessage)
    assert not [part.defects for part in found.walk() if part.defects]
    return found


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content())


@given(subject=WORDS, said=WORDS)
def test_any_words_come_back_as_they_were(subject: str, said: str) -> None:
    found = read_back(Mail(subject, (title("Bonjour"), text(said)), "Parce que."))
    assert found["Subject"].split() == subject.split()
    assert "".join(said.split()) in "".join(body(found, "plain").split())


def test_every_header_is_there_once_with_its_value() -> None:
    message_id = new_id()
    headers = {"List-Unsubscribe": f"<https://reseau.example/lettres/{'x' * 300}>", "List-Id": "calls <calls.lettres>"}
    found = read_back(Mail("Été : 3 places", (text("Oui."),), "Parce que.", headers=headers), message_id=message_id)
    assert found["From"].addresses[0].addr_spec == "lettre@reseau.example"
    assert found["From"].addresses[0].display_name == SETTINGS.network_name
    assert found["To"] == "camille@puits.example" and found["Message-ID"] == f"<{message_id}@reseau.example>"
    assert {name: found[name] for name in headers} == headers
    assert all(len(found.get_all(name)) == 1 for name in found.keys())  # noqa: SIM118 - a message iterates otherwise


def test_a_header_typed_by_somebody_adds_no_other() -> None:
    found = read_back(Mail("Bonjour\r\nBcc: autre@piege.example\r\n\r\nsuite", (text("Oui."),), "Parce que."))
    assert found["Bcc"] is None and found["Subject"] == "Bonjour Bcc: autre@piege.example suite"
    assert "piege" not in body(found, "plain")


def test_a_subject_keeps_the_spaces_of_french() -> None:
    found = read_back(Mail("Inscription\u00a0:  «\u202fPuits\u202f»\n", (text("Oui."),), "Parce que."))
    assert found["Subject"] == "Inscription\u00a0: «\u202fPuits\u202f»"


def test_the_calendar_is_attached_with_its_method() -> None:
    calendar = "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nSUMMARY:Réunion annulée\r\nEND:VCALENDAR\r\n"
    found = read_back(Mail("Annulé", (text("Oui."),), "Parce que.", calendar=calendar))
    (part,) = found.iter_attachments()
    assert part.get_content_type() == "text/calendar" and part["Content-Type"].params["method"] == "CANCEL"
    assert part.get_filename() == "invite.ics"
    assert part.get_payload(decode=True) == calendar.encode()
    assert "Oui." in body(found, "plain") and "Oui." in body(found, "html")


def test_an_accented_domain_is_written_in_its_ascii_form() -> None:
    assert deliverable("accueil@forêt.example") == "accueil@xn--fort-ipa.example"


@pytest.mark.parametrize("address", ["é@puits.example", "a b@puits.example", "a@puits.example\r\nBcc: b@x.example"])
def test_an_address_no_header_can_hold_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="header"):
        deliverable(address)
