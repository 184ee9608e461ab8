"""What the DNS says of the sender's domain: without SPF, DKIM and DMARC, letters end as spam."""

from collections.abc import AsyncIterator

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer

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


async def mail_dns_findings(domain: str, selector: str, resolver: Resolver) -> AsyncIterator[Finding]:
    """MX, SPF, DKIM and DMARC of a domain; nothing is wrong where no resolver answers."""
    try:
        servers = await _records(resolver, domain, "MX")
        spf = [one for one in await _records(resolver, domain, "TXT") if one.lower().startswith("v=spf1")]
        dmarc = [one for one in await _records(resolver, f"_dmarc.{domain}", "TXT") if one.startswith("v=DMARC1")]
        keys = [name for name in ([selector] if selector else SELECTORS) if await _has_key(resolver, name, domain)]
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
    if keys or selector:
        yield _said(bool(keys), f"DKIM de {domain}", f"publiez la clé sous {selector}._domainkey.{domain}")
    else:
        yield unknown(
            ABOUT, f"DKIM de {domain}\u00a0: aucune clé sous un nom usuel. Dites le vôtre, MAILLAGE_DKIM_SELECTOR."
        )


def _said(there: bool, what: str, cure: str) -> Finding:
    return well(ABOUT, f"{what}\u00a0: présent.") if there else wrong(ABOUT, f"{what}\u00a0: absent, {cure}.")


async def _has_key(resolver: Resolver, name: str, domain: str) -> bool:
    return any("p=" in one for one in await _records(resolver, f"{name}._domainkey.{domain}", "TXT"))


async def _records(resolver: Resolver, name: str, kind: str) -> list[str]:
    """The records of a name, none where it has none; DNSException where nobody answers."""
    try:
        answer = await resolver.resolve(name, kind)
    except (NXDOMAIN, NoAnswer):
        return []
    return ["".join(part.decode() for part in one.strings) if kind == "TXT" else str(one) for one in answer]
