"""What the DNS says of the sender's domain: without SPF, DKIM and DMARC, letters end as spam."""

from collections.abc import AsyncIterator

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer

from services.mailing.mails.dkim import Seal
from services.mailing.mails.keys import public_part
from services.upkeep.findings import Finding, unknown, well, wrong

ABOUT = "mail-dns"
SELECTORS = (
    "default",
    "mail",
    "dkim",
    "maillage",
    "s1",
    "s2",
    "k1",
    "selector1",
    "selector2",
    "google",
    "mailo",
    "ovh",
)
"""DKIM names its key freely; these are the usual names. Another is said with MAILLAGE_DKIM_SELECTOR."""


async def mail_dns_findings(
    domain: str, selector: str, seal: Seal | None, resolver: Resolver
) -> AsyncIterator[Finding]:
    """MX, SPF, DKIM and DMARC of a domain; nothing is wrong where no resolver answers.

    `seal` is what signs here; without it the mail server does, by a key of that `selector`, or of a usual one.
    """
    try:
        servers = await _records(resolver, domain, "MX")
        spf = [one for one in await _records(resolver, domain, "TXT") if one.lower().startswith("v=spf1")]
        dmarc = [one for one in await _records(resolver, f"_dmarc.{domain}", "TXT") if one.startswith("v=DMARC1")]
        names = [seal.selector] if seal else [selector] if selector else SELECTORS
        keys = [key for name in names for key in await _keys(resolver, name, domain)]
    except DNSException as error:
        yield unknown(
            ABOUT, f"Le DNS ne répond pas ({type(error).__name__})\u00a0: SPF, DKIM et DMARC ne sont pas regardés."
        )
        return
    yield _said(bool(servers), f"MX de {domain}", "les réponses et les retours ne pourront pas arriver")
    if len(spf) > 1:
        yield wrong(ABOUT, f"{domain} a {len(spf)} enregistrements SPF, il en faut un\u00a0: réunissez-les.")
    else:
        yield _said(
            bool(spf), f"SPF de {domain}", "publiez l’enregistrement TXT que donne votre fournisseur de courrier"
        )
    yield _said(bool(dmarc), f"DMARC de {domain}", f"publiez en TXT sous _dmarc.{domain}\u00a0: v=DMARC1; p=none")
    if seal:
        yield _own_key(seal, keys)
    elif keys or selector:
        yield _said(bool(keys), f"DKIM de {domain}", f"publiez la clé sous {selector}._domainkey.{domain}")
    else:
        yield unknown(
            ABOUT, f"DKIM de {domain}\u00a0: aucune clé sous un nom usuel. Dites le vôtre, MAILLAGE_DKIM_SELECTOR."
        )


def _said(there: bool, what: str, cure: str) -> Finding:
    return well(ABOUT, f"{what}\u00a0: présent.") if there else wrong(ABOUT, f"{what}\u00a0: absent, {cure}.")


def _own_key(seal: Seal, published: list[str]) -> Finding:
    """Whether the key that signs is the one that is published."""
    what = f"DKIM de {seal.domain}"
    if public_part(seal.key) in published:
        return well(ABOUT, f"{what}\u00a0: la clé publiée est celle qui signe.")
    is_other = "la clé publiée n’est pas celle qui signe" if published else "absent"
    return wrong(
        ABOUT,
        f"{what}\u00a0: {is_other}, les courriels seront refusés ou écartés. Publiez sous {seal.record_name} ce "
        "qu’écrit maillage mail dkim.",
    )


async def _keys(resolver: Resolver, name: str, domain: str) -> list[str]:
    """The public keys that are published under a selector; a key that was taken back (`p=` alone) is none."""
    records = await _records(resolver, f"{name}._domainkey.{domain}", "TXT")
    tags = [dict(_tag(one) for one in record.split(";")) for record in records]
    return [found["p"] for found in tags if found.get("p")]


def _tag(said: str) -> tuple[str, str]:
    name, _equals, value = said.partition("=")
    return name.strip(), "".join(value.split())


async def _records(resolver: Resolver, name: str, kind: str) -> list[str]:
    """The records of a name, none where it has none; DNSException where nobody answers."""
    try:
        answer = await resolver.resolve(name, kind)
    except (NXDOMAIN, NoAnswer):
        return []
    return ["".join(part.decode() for part in one.strings) if kind == "TXT" else str(one) for one in answer]
