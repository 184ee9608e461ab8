"""The limit of `letters`: a loop that only signs and sends, in a process of its own, as willing to yield as mailing is.

`python -m bench.bare_letters SMTP_URL COUNT BYTES NAME` prints the seconds it took.
"""

import asyncio
import os
import sys
import time
from urllib.parse import urlsplit

import aiosmtplib
import uvloop

from services.alone import YIELDS
from services.mailing.mails.dkim import Seal
from services.mailing.mails.keys import DkimSettings
from shared.settings import Settings

LANES = 8


async def main(smtp: str, count: int, size: int, name: str) -> float:
    """One connection a lane, one message after the other, an address put in a message that is ready."""
    sink = urlsplit(smtp)
    assert sink.hostname and sink.port
    head = "From: lettre@reseau.example\r\nSubject: La lettre\r\nTo: %s\r\n\r\n"
    ready = head + "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * (size // 72)
    waiting = iter(range(count))
    seal = Seal.of(Settings(mail_from="lettre@reseau.example"), DkimSettings())
    assert seal

    async def lane() -> None:
        async with aiosmtplib.SMTP(hostname=sink.hostname, port=sink.port, start_tls=False) as client:
            for number in waiting:
                to = f"lecteur{number}@{name}.example"
                await client.sendmail("lettre@reseau.example", [to], seal.signed((ready % to).encode()))

    started = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(LANES)))
    return time.perf_counter() - started


if __name__ == "__main__":
    os.nice(YIELDS["mailing"])
    print(uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])))
