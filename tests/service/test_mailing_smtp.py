"""Our side of SMTP, heard by servers of our own: in one go where it may, replies understood, no password in clear."""

import asyncio
import ssl
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from services.mailing import wire
from services.mailing.smtp import Connection, Outcome
from shared.clock import now
from shared.settings import Settings

MESSAGE = b"Subject: essai\r\n\r\n.point\r\n..deux\r\nfin\r\n"
READER = "awa@puits.example"


@dataclass
class Scripted:
    """A server that answers each verb as told, and keeps what it hears, a packet at a time."""

    offers: tuple[str, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    packets: int = 0
    """Reads that held a command: fewer than commands where several came in one go."""
    messages: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation."""
        self.connections += 1
        writer.write(f"{self.answers.get('', '220 courrier.example')}\r\n".encode())
        with suppress(OSError, asyncio.IncompleteReadError):
            rest = b""
            while received := await reader.read(65_536):
                self.packets += 1
                rest += received
                while b"\r\n" in rest:
                    line, _end, rest = rest.partition(b"\r\n")
                    rest = await self._answer(line.decode(), rest, reader, writer)
        writer.close()

    async def _answer(
        self, line: str, rest: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        self.heard.append(line)
        verb = line.split()[0].upper()
        usual = {"EHLO": "\r\n".join(["250-courrier.example", *(f"250-{one}" for one in self.offers), "250 HELP"])}
        answer = self.answers.get(verb, usual.get(verb, {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 OK")))
        if answer == "closes":
            writer.close()
            raise OSError
        writer.write(f"{answer}\r\n".encode())
        if verb == "DATA" and answer.startswith("354"):
            while b"\r\n.\r\n" not in b"\r\n" + rest:
                rest += await reader.readuntil(b"\n")
            message, _end, rest = (b"\r\n" + rest).partition(b"\r\n.\r\n")
            self.messages.append(message[2:])
            writer.write(f"{self.answers.get('.', '250 2.0.0 taken')}\r\n".encode())
        return rest


@asynccontextmanager
async def speaking_to(server: Scripted, user: str = "", patience: float = 2) -> AsyncIterator[Connection]:
    """A connection of ours to that server."""
    listening = await asyncio.start_server(server.meet, "127.0.0.1", 0)
    url = f"smtp://{user}127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        async with Connection(Settings(smtp_url=url), patience) as connection:
            yield connection
    finally:
        listening.close()


@pytest.mark.parametrize("offers", [(), ("PIPELINING",)])
async def test_a_message_arrives_as_it_was_with_its_dots(offers: tuple[str, ...]) -> None:
    server = Scripted(offers)
    async with speaking_to(server) as connection:
        for _ in range(3):
            assert await connection.send(READER, MESSAGE) == Outcome("accepted")
    assert [one.replace(b"\r\n..", b"\r\n.") for one in server.messages] == [MESSAGE.removesuffix(b"\r\n")] * 3
    assert server.heard[1:4] == ["MAIL FROM:<lettre@so-cooperation.example>", f"RCPT TO:<{READER}>", "DATA"]
    assert server.connections == 1 and server.heard[-1] == "QUIT"


async def test_an_envelope_goes_at_once_only_where_the_server_lets_it() -> None:
    packets = {}
    for offers in ((), ("PIPELINING",)):
        server = Scripted(offers)
        async with speaking_to(server) as connection:
            await connection.send(READER, MESSAGE)
            before = server.packets
            await connection.send(READER, MESSAGE)
            packets[offers] = server.packets - before
    assert packets[()] >= 3 > packets[("PIPELINING",)], packets


@pytest.mark.parametrize("offers", [(), ("PIPELINING",)])
@pytest.mark.parametrize(
    ("verb", "answer", "outcome"),
    [
        ("MAIL", "550 5.7.1 not you", Outcome("later", "550 5.7.1")),
        ("MAIL", "452 4.3.1 full", Outcome("later", "452 4.3.1")),
        ("RCPT", "550 5.1.1 nobody", Outcome("refused", "550 5.1.1", no_such_mailbox=True)),
        ("RCPT", "550-5.1.1 nobody\r\n550 5.1.1 of that name", Outcome("refused", "550 5.1.1", no_such_mailbox=True)),
        ("RCPT", "552 5.2.2 full", Outcome("refused", "552 5.2.2")),
        ("RCPT", "451 4.7.1 greylisted", Outcome("later", "451 4.7.1")),
        ("RCPT", "421 4.3.2 closing", Outcome("outage", "421 4.3.2")),
        ("RCPT", "closes", Outcome("outage", "Gone")),
        ("DATA", "554 5.7.1 no", Outcome("refused", "554 5.7.1")),
        ("DATA", "250 what", Outcome("outage", "250")),
        (".", "554 5.6.0 spam", Outcome("refused", "554 5.6.0")),
        (".", "451 later", Outcome("later", "451")),
        ("", "554 no service", Outcome("outage", "554")),
        ("EHLO", "what is this", Outcome("outage", "Gone")),
    ],
)
async def test_each_reply_is_understood_and_the_next_mail_leaves(
    offers: tuple[str, ...], verb: str, answer: str, outcome: Outcome
) -> None:
    server = Scripted(offers, {verb: answer})
    async with speaking_to(server) as connection:
        assert await connection.send(READER, MESSAGE) == outcome
        kept = len([one for one in server.messages if one])
        del server.answers[verb]
        assert await connection.send(READER, MESSAGE) == Outcome("accepted")
    assert len([one for one in server.messages if one]) == kept + 1


async def test_a_server_that_says_nothing_after_the_message_may_have_kept_it() -> None:
    class Mute(Scripted):
        async def _answer(self, line: str, rest: bytes, reader: Any, writer: Any) -> bytes:
            if line == "DATA":
                writer.write(b"354 go on\r\n")
                await asyncio.Event().wait()
            return await super()._answer(line, rest, reader, writer)

    async with speaking_to(Mute(), patience=0.3) as connection:
        assert await connection.send(READER, MESSAGE) == Outcome("outage", "TimeoutError", perhaps_left=True)


async def test_an_address_that_would_add_a_command_is_refused() -> None:
    server = Scripted(("PIPELINING",))
    async with speaking_to(server) as connection:
        for address in ("a@x.example>\r\nRCPT TO:<b@x.example", "a b@x.example", "é@x.example"):
            assert (await connection.send(address, MESSAGE)).kind == "refused"
    assert not server.heard


async def test_a_message_of_eight_bits_is_announced() -> None:
    server = Scripted(("8BITMIME",))
    async with speaking_to(server) as connection:
        await connection.send(READER, "Subject: x\r\n\r\né\r\n".encode())
    assert server.heard[1].endswith("> BODY=8BITMIME") and server.messages == ["Subject: x\r\n\r\né".encode()]


async def test_it_signs_in_with_what_the_address_says() -> None:
    server = Scripted(("AUTH PLAIN LOGIN",), {"AUTH": "235 welcome"})
    async with speaking_to(server, "awa%40a.example:s3cret@") as connection:
        assert (await connection.send(READER, MESSAGE)).kind == "accepted"
    assert b64decode(server.heard[1].removeprefix("AUTH PLAIN ")) == b"\0awa@a.example\0s3cret"


async def test_it_signs_in_the_old_way_where_there_is_no_other() -> None:
    words = [b64encode(word).decode("ascii") for word in (b"awa", b"s3cret")]
    server = Scripted(
        ("AUTH LOGIN",), {"AUTH": "334 VXNlcg==", words[0].upper(): "334 UGFzcw==", words[1].upper(): "235"}
    )
    async with speaking_to(server, "awa:s3cret@") as connection:
        assert (await connection.send(READER, MESSAGE)).kind == "accepted"
    assert server.heard[1:4] == ["AUTH LOGIN", *words]


async def test_a_password_that_is_refused_is_an_outage_and_refuses_no_reader() -> None:
    server = Scripted(("AUTH PLAIN",), {"AUTH": "535 5.7.8 no"})
    async with speaking_to(server, "awa:s3cret@") as connection:
        assert await connection.send(READER, MESSAGE) == Outcome("outage", "535 5.7.8")
    assert not any(one.startswith("MAIL") for one in server.heard)


async def test_a_password_never_crosses_a_network_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LOOPBACK", ())
    for offers in (("AUTH PLAIN",), ("AUTH PLAIN", "STARTTLS")):
        server = Scripted(offers, {} if "STARTTLS" in offers else {"STARTTLS": "502 5.5.1 no"})
        async with speaking_to(server, "awa:s3cret@") as connection:
            assert (await connection.send(READER, MESSAGE)).kind == "outage"
        assert not any(one.startswith("AUTH") for one in server.heard)


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_starttls_is_taken_with_a_certificate_that_is_trusted_and_no_other(
    is_trusted: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = _certified(tmp_path)
    monkeypatch.setattr(wire, "LOOPBACK", ())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / ("certificate.pem" if is_trusted else "none.pem")))

    class Secret(Scripted):
        async def _answer(self, line: str, rest: bytes, reader: Any, writer: asyncio.StreamWriter) -> bytes:
            if line != "STARTTLS":
                return await super()._answer(line, rest, reader, writer)
            self.heard.append(line)
            writer.write(b"220 go\r\n")
            await writer.start_tls(context)
            return b""

    server = Secret(("STARTTLS", "AUTH PLAIN", "PIPELINING"), {"AUTH": "235 welcome"})
    async with speaking_to(server, "awa:s3cret@") as connection:
        outcome = await connection.send(READER, MESSAGE)
    assert outcome.kind == ("accepted" if is_trusted else "outage"), outcome
    verbs = [line.split()[0] for line in server.heard]
    assert verbs[:2] == ["EHLO", "STARTTLS"]
    assert verbs[2:5] == (["EHLO", "AUTH", "MAIL"] if is_trusted else [])


async def test_words_said_ahead_of_the_encryption_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LOOPBACK", ())
    server = Scripted(("STARTTLS",), {"STARTTLS": "220 go\r\n250-courrier.example\r\n250 AUTH PLAIN"})
    async with speaking_to(server) as connection:
        assert await connection.send(READER, MESSAGE) == Outcome("outage", "Gone")


def _certified(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS for 127.0.0.1, with a certificate of its own in that folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "courrier.example")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now(), now() + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "certificate.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


@pytest.mark.parametrize(
    "wrong", [{"smtp_url": "smtp://127.0.0.1:99999"}, {"mail_from": "équipe@reseau.example"}, {"mail_from": "a@b..c é"}]
)
async def test_a_setting_that_does_not_read_is_no_fault_of_the_mail(wrong: dict[str, str]) -> None:
    """Else every mail of that hour would be refused for good."""
    server = Scripted()
    async with speaking_to(server) as connection:
        connection.settings = connection.settings.model_copy(update=wrong)
        assert (await connection.send(READER, MESSAGE)).kind == "outage"
        assert (await connection.send("a b@c.example", MESSAGE)).kind == "refused"
