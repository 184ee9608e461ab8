"""One filled example of every contract: tests start here, and AsyncAPI shows them."""

from datetime import UTC, date, datetime
from uuid import UUID

from shared.contracts import events, mailing, observatory, registry
from shared.contracts.base import DomainEvent, person_key

DAY = date(2026, 11, 22)
ORGANISATION = UUID("019401f0-0000-7000-8000-000000000001")
REQUEST = UUID("019401f0-0000-7000-8000-000000000002")
GROUP = UUID("019401f0-0000-7000-8000-000000000003")
MEMBERSHIP = UUID("019401f0-0000-7000-8000-000000000004")
ITEM = UUID("019401f0-0000-7000-8000-000000000005")
TOKEN = UUID("019401f0-0000-7000-8000-000000000006")
GATHERING = UUID("019401f0-0000-7000-8000-000000000007")
REGISTRATION = UUID("019401f0-0000-7000-8000-000000000008")
PERSON = UUID("019401f0-0000-7000-8000-000000000009")
SUBSCRIBER = UUID("019401f0-0000-7000-8000-00000000000a")
CAMPAIGN = UUID("019401f0-0000-7000-8000-00000000000b")
LETTER = UUID("019401f0-0000-7000-8000-00000000000c")
DASHBOARD = UUID("019401f0-0000-7000-8000-00000000000d")
ERASURE = UUID("019401f0-0000-7000-8000-00000000000e")
EMAIL = "awa.lacoste@puits-partage.example"
SITE = "https://reseau.example"

_person = {"person_key": person_key(EMAIL, "example"), "email": EMAIL, "name": "Awa Lacoste"}
_activity = {"themes": ["eau-assainissement-hygiene"], "sdgs": [6, 17], "countries": ["BF", "TG"]}
_request = {"occurred_on": DAY, "request_id": REQUEST, "college": "associations", "kind": "association"} | _activity
_request |= {"department": "24"}
_organisation = {
    "occurred_on": DAY,
    "organisation_id": ORGANISATION,
    "slug": "puits-partage-en-perigord",
    "name": "Puits & Partage en Périgord",
    "college": "associations",
    "kind": "association",
    "commune_code": "24322",
    "department": "24",
    "published_on": DAY,
} | _activity
_listing_contact = _person | {
    "request_id": REQUEST,
    "organisation_name": "Puits & Partage en Périgord",
    "department": "24",
    "follow_url": f"{SITE}/annuaire/demande/exemple",
}
_membership = {"occurred_on": DAY, "membership_id": MEMBERSHIP, "group_id": GROUP}
_item = {
    "occurred_on": DAY,
    "item_id": ITEM,
    "watch_class": "funding",
    "title": "Appel à projets eau et assainissement",
    "url": "https://bailleur.example/appel-eau",
    "deadline": date(2027, 1, 31),
    "themes": ["eau-assainissement-hygiene"],
}
_session = events.SessionState(
    starts_at=datetime(2026, 12, 4, 13, 30, tzinfo=UTC), ends_at=datetime(2026, 12, 4, 16, 0, tzinfo=UTC)
)
_gathering = {
    "occurred_on": date(2026, 12, 4),
    "gathering_id": GATHERING,
    "slug": "financer-un-projet-d-acces-a-l-eau",
    "title": "Financer un projet d’accès à l’eau",
    "kind": "training",
    "mode": "hybrid",
    "sessions": [_session],
    "capacity": 20,
    "place": "Maison des associations, Périgueux",
    "department": "24",
    "themes": ["eau-assainissement-hygiene"],
}
_registration = {
    "occurred_on": DAY,
    "registration_id": REGISTRATION,
    "gathering_id": GATHERING,
    "person_id": PERSON,
    "mode": "online",
    "department": "24",
    "country": "FR",
    "organisation_id": ORGANISATION,
}
_registrant = _person | {
    "registration_id": REGISTRATION,
    "registration_version": 1,
    "gathering_id": GATHERING,
    "gathering_title": "Financer un projet d’accès à l’eau",
    "gathering_url": f"{SITE}/agenda/financer-un-projet-d-acces-a-l-eau",
    "sessions": [_session],
    "mode": "online",
    "online_url": "https://visio.example/eau",
    "manage_url": f"{SITE}/agenda/inscription/exemple",
    "calendar": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
}
_subscription = {"occurred_on": DAY, "subscriber_id": SUBSCRIBER, "department": "24"}
_campaign = {"occurred_on": DAY, "campaign_id": CAMPAIGN, "kind": "newsletter", "recipients": 200}
_campaign |= {"subject_line": "La lettre de décembre"}

EXAMPLES: dict[type[DomainEvent], DomainEvent] = {
    type(example): example
    for example in (
        registry.ListingRequested(version=1, status="requested", **_request),
        registry.ListingReviewStarted(version=2, status="in_review", **_request),
        registry.ListingInformationAsked(version=3, status="information_asked", **_request),
        registry.ListingAccepted(version=4, status="published", organisation_id=ORGANISATION, **_request),
        registry.ListingRefused(version=4, status="refused", **_request),
        registry.OrganisationPublished(version=1, status="published", **_organisation),
        registry.OrganisationUpdated(version=2, status="published", website="https://puits.example", **_organisation),
        registry.OrganisationArchived(version=3, status="archived", **_organisation),
        registry.OrganisationRecorded(
            occurred_on=date(2020, 12, 31),
            organisation_id=ORGANISATION,
            version=1,
            status="recorded",
            slug="ps-eau",
            name="programme Solidarité-Eau (pS-Eau)",
            within_region=False,
            source="Rapport d’activité 2020 de SO Coopération",
        ),
        registry.GroupRecorded(
            occurred_on=date(2016, 11, 4),
            group_id=GROUP,
            version=1,
            slug="maroc",
            name="Groupe Pays Maroc",
            kind="country_group",
            countries=["MA"],
        ),
        registry.GroupJoined(version=1, status="joined", **_membership),
        registry.GroupLeft(version=2, status="left", **_membership),
        registry.WatchItemPublished(version=1, status="published", **_item),
        registry.WatchItemWithdrawn(version=2, status="withdrawn", **_item),
        registry.AccessRevoked(occurred_on=DAY, token_id=TOKEN),
        registry.RegistryDemonstrationRemoved(occurred_on=DAY),
        registry.ErasureRequested(
            occurred_on=DAY, erasure_id=ERASURE, person_key=_person["person_key"], receipt_event=TOKEN
        ),
        registry.RegistryPersonErased(
            occurred_on=DAY, erasure_id=ERASURE, counts={"listing_contacts": 1, "memberships": 1}
        ),
        registry.ErasureLinkAsked(
            erasure_url=f"{SITE}/donnees-personnelles/effacement/exemple", valid_days=7, **_person
        ),
        registry.ErasureReceiptIssued(
            erasure_id=ERASURE, receipt_url=f"{SITE}/donnees-personnelles/recu/exemple", **_person
        ),
        registry.ListingContactNamed(confirmation_url=f"{SITE}/annuaire/confirmation/exemple", **_listing_contact),
        registry.ListingContactConfirmed(topics=["newsletter", "group:maroc"], **_listing_contact),
        registry.ListingDecisionTold(
            decision="published", profile_url=f"{SITE}/annuaire/puits-partage-en-perigord", **_listing_contact
        ),
        registry.SignInLinkAsked(sign_in_url=f"{SITE}/connexion/exemple", valid_minutes=60, **_person),
        registry.GroupJoinAsked(
            group_slug="maroc",
            group_name="Groupe Pays Maroc",
            confirmation_url=f"{SITE}/annuaire/adhesion/exemple",
            **_person,
        ),
        registry.GroupMemberNamed(
            membership_id=MEMBERSHIP,
            group_slug="maroc",
            group_name="Groupe Pays Maroc",
            leave_url=f"{SITE}/annuaire/adhesion/exemple",
            **_person,
        ),
        events.GatheringPublished(version=1, status="published", **_gathering),
        events.GatheringRelocated(version=2, status="published", **_gathering),
        events.GatheringCancelled(version=3, status="cancelled", **_gathering),
        events.GatheringRecorded(
            occurred_on=date(2020, 6, 18),
            gathering_id=GATHERING,
            version=1,
            status="held",
            slug="crise-sanitaire-mondiale-togo",
            title="Crise sanitaire mondiale\u202f: quels impacts au Togo\u202f?",
            kind="webinar",
            mode="online",
            date_precision="day",
            declared_counts=[events.DeclaredCount(n=20, precision="about")],
            source="Rapport d’activité 2020 de SO Coopération",
        ),
        events.RegistrationConfirmed(version=1, status="confirmed", **_registration),
        events.RegistrationWaitlisted(version=1, status="waiting", **_registration),
        events.RegistrationCancelled(version=2, status="cancelled", **_registration),
        events.EventsDemonstrationRemoved(occurred_on=DAY),
        events.EventsPersonErased(occurred_on=DAY, erasure_id=ERASURE, counts={"people": 1, "registrations": 3}),
        events.RegistrantNamed(status="confirmed", **_registrant),
        events.RegistrantPromoted(**_registrant),
        events.RegistrantLeft(**_registrant),
        events.RegistrantToldOfChange(change="relocated", reason="La salle n’est plus libre.", **_registrant),
        mailing.SubscriptionConfirmed(version=1, status="subscribed", topics=["newsletter"], **_subscription),
        mailing.SubscriptionChanged(version=2, status="subscribed", topics=["newsletter", "calls"], **_subscription),
        mailing.SubscriptionEnded(version=3, status="unsubscribed", **_subscription),
        mailing.CampaignApproved(version=2, **_campaign),
        mailing.CampaignFinished(version=3, accepted=199, **_campaign),
        mailing.LetterAccepted(occurred_on=DAY, letter_id=LETTER, campaign_id=CAMPAIGN, department="24"),
        mailing.MailingDemonstrationRemoved(occurred_on=DAY),
        mailing.MailingPersonErased(occurred_on=DAY, erasure_id=ERASURE, counts={"subscriptions": 1, "mails": 4}),
        observatory.FigurePublished(
            occurred_on=date(2020, 12, 31),
            figure_id="participants-2020",
            indicator="participants",
            label="Participants aux rencontres des groupes en 2020",
            value=191,
            unit="participants",
            year=2020,
            source="Rapport d’activité 2020 de SO Coopération",
            parts=[observatory.FigurePart(label="Deux réunions non datées", value=10)],
        ),
        observatory.DashboardCreated(
            occurred_on=DAY,
            dashboard_id=DASHBOARD,
            partner="Agence de l’eau Adour-Garonne",
            departments=["24", "33"],
            themes=["eau-assainissement-hygiene"],
            expires_on=date(2027, 12, 31),
        ),
        observatory.DashboardRevoked(occurred_on=DAY, dashboard_id=DASHBOARD),
        observatory.ObservatoryPersonErased(occurred_on=DAY, erasure_id=ERASURE),
    )
}
