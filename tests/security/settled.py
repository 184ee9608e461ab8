"""One of each thing in the four services, made through their doors, with a canary in every field that takes one."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from services.embedded import House
from services.observatory.commands import record_figure
from services.observatory.forms import RecordFigure
from services.registry.commands import record_group
from services.registry.forms import RecordGroup
from shared.clock import now
from tests.conftest import Mailbox, eventually
from tests.security import canary

READER = "lectrice@puits.example"
COMER = "awa@puits.example"
CONTACT = "contact@puits.example"
MEMBER = "membre@puits.example"


@dataclass
class Settled:
    """What an address needs to lead somewhere."""

    words: dict[str, str] = field(default_factory=dict)
    """The value of each path parameter, by service and name."""
    links: dict[str, str] = field(default_factory=dict)
    """The signed word of each page that mails lead to, by its route."""


class Maker:
    """Somebody who fills everything."""

    def __init__(self, house: House, anybody: httpx.AsyncClient, staff: httpx.AsyncClient, mailbox: Mailbox) -> None:
        self.house, self.anybody, self.staff, self.mailbox = house, anybody, staff, mailbox
        self.made = Settled()

    async def post(self, who: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
        answer = await who.post(path, json=body)
        assert answer.status_code < 300, f"{path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    async def link(self, address: str, part: str) -> str:
        """The signed word of a link that a mail carries."""

        async def look() -> str | None:
            words = [word for one in await self.mailbox.to(address) for word in str(one["text"]).split()]
            return next((urlsplit(word).path.rsplit("/", 1)[1] for word in words if part in word), None)

        return await eventually(look, 20)

    async def registry(self) -> None:
        api, words = "/api/registry/v1", self.made.words
        published = await self.post(self.anybody, f"{api}/listing-requests", **asked("publiée"))
        done = await self.post(self.staff, f"{api}/listing-requests/{published['id']}/publication")
        words |= {"registry slug": done["slug"], "registry organisation_id": done["organisation_id"]}
        waiting = await self.post(self.anybody, f"{api}/listing-requests", **asked("en attente"))
        await self.post(self.staff, f"{api}/listing-requests/{waiting['id']}/information", message=canary.text("quoi"))
        words["registry request_id"] = waiting["id"]
        self.made.links["/annuaire/demande/{token}"] = await self.link(CONTACT, "/demande/")
        self.made.links["/annuaire/confirmation/{token}"] = await self.link(CONTACT, "/confirmation/")
        item = await self.post(
            self.staff,
            f"{api}/watch-items",
            watch_class="funding",
            title=canary.line("appel"),
            url="https://appels.example/eau?a=1&b='onclick=",
            summary=canary.text("appel"),
        )
        words["registry item_id"] = item["id"]
        async with self.house.services["registry"].db.transaction() as tx:
            group = {"name": canary.line("groupe"), "slug": "togo", "kind": "country_group", "note": canary.text()}
            await record_group(RecordGroup.model_validate(group | {"source": canary.line(), "countries": ["TG"]}), tx)
        words["registry group"] = "togo"
        erasure = await self.post(self.staff, f"{api}/erasures", email="partie@puits.example")
        words["registry erasure_id"] = erasure["id"]
        joined = {"name": canary.line("membre"), "email": MEMBER}
        await self.post(self.anybody, f"{api}/groups/togo/memberships", **joined)
        self.made.links["/annuaire/adhesion/{token}"] = await self.link(MEMBER, "/adhesion/")
        typed = asked("brouillon") | {"_step": "1"}
        draft = await self.anybody.post("/annuaire/referencement", data=typed)
        words["registry draft"] = urlsplit(draft.headers["location"]).path.rsplit("/", 1)[1]

    async def events(self) -> None:
        api, words = "/api/events/v1/gatherings", self.made.words
        draft = await self.post(self.staff, api, **gathering("brouillon"))
        words |= {"events gathering_id": draft["id"], "events code": "eau-assainissement-hygiene"}
        open_ = await self.post(self.staff, api, **gathering("ouvert"))
        await self.post(self.staff, f"{api}/{open_['id']}/publication")
        made = await self.post(self.staff, api, **gathering("publié"))
        await self.post(self.staff, f"{api}/{made['id']}/publication")
        words |= {"events slug": open_["slug"], "events open": open_["id"], "events published": made["id"]}
        person = {"name": canary.line("Awa"), "email": COMER, "organisation": canary.line("structure")}
        await self.post(self.anybody, f"{api}/{made['id']}/registrations", **person)
        self.made.links["/agenda/inscription/{token}"] = await self.link(COMER, "/agenda/inscription/")
        moved = {"place": canary.line("ailleurs"), "reason": canary.text("pourquoi")}
        await self.post(self.staff, f"{api}/{made['id']}/relocation", **moved)
        rows = (await self.staff.get(f"{api}/{made['id']}/registrations")).json()["items"]
        words["events registration_id"] = rows[0]["id"]

    async def mailing(self) -> None:
        api, words = "/api/mailing/v1", self.made.words
        await self.post(self.anybody, f"{api}/subscriptions", email=READER, topics=["newsletter"])
        confirmation = await self.link(READER, "/lettres/confirmation/")
        self.made.links["/lettres/confirmation/{token}"] = confirmation
        confirmed = await self.anybody.post(f"/lettres/confirmation/{confirmation}")
        self.made.links["/lettres/preferences/{token}"] = urlsplit(confirmed.headers["location"]).path.rsplit("/", 1)[1]
        db = self.house.services["mailing"].db

        async def known() -> bool:
            async with db.reading() as tx:
                return bool(await tx.fetchval("SELECT count(*) > 0 FROM known_watch_item"))

        await eventually(known, 20)
        letter = await self.post(self.staff, f"{api}/campaigns")
        typed = {"subject": canary.line("lettre"), "editorial": canary.text("éditorial")}
        written = await self.staff.post(f"/lettres/equipe/{letter['id']}", data=typed)
        assert written.status_code == 303, written.text
        await self.post(self.staff, f"{api}/campaigns/{letter['id']}/approval")
        sent = await self.mailbox.first(READER, "HYPERLINK", 20)
        self.made.links["/lettres/desinscription/{token}"] = sent["headers"]["List-Unsubscribe"].rsplit("/", 1)[1][:-1]
        targeted = {"kind": "targeted", "subject": canary.line("ciblée"), "text": canary.text(), "topic": "newsletter"}
        words["mailing sent"] = letter["id"]
        words["mailing campaign_id"] = (await self.post(self.staff, f"{api}/campaigns", **targeted))["id"]

    async def observatory(self) -> None:
        words = self.made.words
        for name in ("key", "other key"):
            made = await self.post(self.staff, "/api/observatory/v1/dashboards", partner=canary.line(name))
            words[f"observatory {name}"] = made["key"]
        words |= {"observatory dashboard_id": made["id"], "observatory indicator_id": "organisations"}
        figure = {name: canary.line(name) for name in ("label", "unit", "source", "source_lines")}
        part = {"label": canary.line(), "value": 3, "gathering_title": canary.line(), "note": canary.text()}
        figure |= {"figure_id": "rapport.participants", "indicator": "participants", "value": 7, "year": 2020}
        async with self.house.services["observatory"].db.transaction() as tx:
            await record_figure(RecordFigure.model_validate(figure | {"parts": [part]}), tx)
        words["observatory figure_id"] = "rapport.participants"


async def settle(house: House, anybody: httpx.AsyncClient, staff: httpx.AsyncClient, mailbox: Mailbox) -> Settled:
    """Fill the house."""
    maker = Maker(house, anybody, staff, mailbox)
    await maker.registry()
    await maker.events()
    await maker.mailing()
    await maker.observatory()
    return maker.made


def asked(word: str) -> dict[str, Any]:
    """A request to be listed whose every text bites."""
    return {
        "name": canary.line(word),
        "acronym": "=1+1\"'{{7*7}}",
        "college": "associations",
        "kind": "association",
        "commune_code": "24322",
        "website": "https://puits.example/'onclick='window.ran=1'",
        "description": canary.text(word),
        "themes": ["eau-assainissement-hygiene"],
        "sdgs": [6],
        "countries": ["BF"],
        "contact_name": canary.line("contact"),
        "contact_role": canary.line("présidence"),
        "contact_email": CONTACT,
        "consent_listing": "true",
        "topics": ["newsletter"],
    }


def gathering(word: str) -> dict[str, Any]:
    """A gathering whose every text bites."""
    start = (now() + dt.timedelta(days=20)).replace(minute=0, second=0, microsecond=0)
    end = start + dt.timedelta(hours=3)
    slot = {"starts_at": start.isoformat(), "ends_at": end.isoformat()}
    return {
        "title": canary.line(word),
        "kind": "training",
        "mode": "hybrid",
        "place": canary.line("lieu"),
        "online_url": "https://visio.example/'onclick='window.ran=1'",
        "description": canary.text(word),
        "sessions": [slot | {"title": canary.line("séance")}],
        "programme": [slot | {"activity": canary.line("accueil"), "speaker": canary.line("intervenante")}],
        "themes": ["eau-assainissement-hygiene"],
    }
