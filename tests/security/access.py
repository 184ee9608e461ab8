"""Who may call what: every route of every service, listed by hand. A route that is not here fails the matrix."""

from collections.abc import Iterator
from enum import Enum

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


class Access(Enum):
    """Whom a route is for."""

    ANYBODY = "anybody"
    TEAM = "staff and administrators"
    ADMINISTRATOR = "administrators"
    LINK = "whoever holds the signed link of a mail"
    KEY = "whoever holds the partner's key"


_LISTED = {
    Access.ANYBODY: """
        GET /static/{path:path}
        GET /{service}/health/live
        GET /{service}/health/ready
        GET /{service}/metrics
        GET /{service}/proof
        GET /api/{service}/openapi.json
        GET /api/{service}/asyncapi.json
        POST /api/registry/v1/listing-requests
        GET /api/registry/v1/organisations
        GET /api/registry/v1/organisations/{slug}
        GET /api/registry/v1/groups
        POST /api/registry/v1/groups/{slug}/memberships
        GET /api/registry/v1/watch-items
        GET /
        GET /mentions-legales
        GET /donnees-personnelles
        POST /donnees-personnelles
        GET /accessibilite
        GET /donnees-ouvertes
        GET /connexion
        POST /connexion
        POST /deconnexion
        GET /annuaire
        GET /annuaire/{slug}
        GET /annuaire/export.csv
        GET /annuaire/groupes
        GET /annuaire/groupes/{slug}
        POST /annuaire/groupes/{slug}
        GET /annuaire/referencement
        POST /annuaire/referencement
        GET /annuaire/demande
        POST /annuaire/demande
        GET /api/events/v1/gatherings
        GET /api/events/v1/gatherings/{gathering_id}
        POST /api/events/v1/gatherings/{gathering_id}/registrations
        GET /agenda
        GET /agenda.ics
        GET /agenda/{slug}
        GET /agenda/{slug}.ics
        GET /agenda/groupe/{slug}.ics
        GET /agenda/theme/{code}.ics
        GET /agenda/{slug}/inscription
        POST /agenda/{slug}/inscription
        POST /api/mailing/v1/subscriptions
        GET /lettres
        POST /lettres
        GET /lettres/demande
        GET /lettres/archives/{campaign_id}
        GET /api/observatory/v1/indicators
        GET /api/observatory/v1/indicators/{indicator_id}
        GET /api/observatory/v1/indicators/{indicator_id}/facts
        GET /api/observatory/v1/figures
        GET /api/observatory/v1/figures/{figure_id}
        GET /observatoire
        GET /observatoire/flux
        GET /observatoire/{indicator_id}
        GET /observatoire/chiffres/{figure_id}
    """,
    Access.TEAM: """
        GET /api/registry/v1/listing-requests
        GET /api/registry/v1/listing-requests/{request_id}
        POST /api/registry/v1/listing-requests/{request_id}/publication
        POST /api/registry/v1/listing-requests/{request_id}/refusal
        POST /api/registry/v1/listing-requests/{request_id}/information
        POST /api/registry/v1/watch-items
        POST /api/registry/v1/watch-items/{item_id}/withdrawal
        GET /annuaire/equipe
        GET /annuaire/equipe/comptes
        GET /annuaire/equipe/structures
        POST /annuaire/equipe/structures/{organisation_id}/archive
        GET /annuaire/equipe/demandes/{request_id}
        POST /annuaire/equipe/demandes/{request_id}/examen
        POST /annuaire/equipe/demandes/{request_id}/publication
        POST /annuaire/equipe/demandes/{request_id}/refus
        POST /annuaire/equipe/demandes/{request_id}/precision
        GET /annuaire/equipe/veille
        POST /annuaire/equipe/veille
        POST /annuaire/equipe/veille/{item_id}/retrait
        POST /api/events/v1/gatherings
        PUT /api/events/v1/gatherings/{gathering_id}
        POST /api/events/v1/gatherings/{gathering_id}/publication
        POST /api/events/v1/gatherings/{gathering_id}/relocation
        POST /api/events/v1/gatherings/{gathering_id}/cancellation
        POST /api/events/v1/gatherings/{gathering_id}/declared-counts
        GET /api/events/v1/gatherings/{gathering_id}/registrations
        POST /api/events/v1/registrations/{registration_id}/cancellation
        GET /agenda/equipe
        GET /agenda/equipe/nouveau
        POST /agenda/equipe/nouveau
        GET /agenda/equipe/{gathering_id}
        POST /agenda/equipe/{gathering_id}
        POST /agenda/equipe/{gathering_id}/publication
        POST /agenda/equipe/{gathering_id}/suppression
        GET /agenda/equipe/{gathering_id}/deplacement
        POST /agenda/equipe/{gathering_id}/deplacement
        GET /agenda/equipe/{gathering_id}/annulation
        POST /agenda/equipe/{gathering_id}/annulation
        GET /agenda/equipe/{gathering_id}/effectif
        POST /agenda/equipe/{gathering_id}/effectif
        POST /agenda/equipe/{gathering_id}/inscriptions/{registration_id}/annulation
        GET /api/mailing/v1/subscribers
        GET /api/mailing/v1/campaigns
        POST /api/mailing/v1/campaigns
        GET /api/mailing/v1/campaigns/{campaign_id}
        POST /api/mailing/v1/campaigns/{campaign_id}/approval
        GET /api/mailing/v1/campaigns/{campaign_id}/letters
        GET /lettres/equipe
        POST /lettres/equipe
        GET /lettres/equipe/ciblee
        POST /lettres/equipe/ciblee
        GET /lettres/equipe/{campaign_id}
        POST /lettres/equipe/{campaign_id}
        GET /lettres/equipe/{campaign_id}/apercu
        GET /lettres/equipe/{campaign_id}/avancement
        POST /lettres/equipe/{campaign_id}/element
        POST /lettres/equipe/{campaign_id}/essai
        POST /lettres/equipe/{campaign_id}/approbation
        POST /lettres/equipe/{campaign_id}/rappel
        POST /lettres/equipe/{campaign_id}/suppression
        GET /api/observatory/v1/dashboards
        POST /api/observatory/v1/dashboards
        POST /api/observatory/v1/dashboards/{dashboard_id}/revocation
        POST /api/registry/v1/erasures
        GET /api/registry/v1/erasures/{erasure_id}
        GET /annuaire/equipe/effacements
        POST /annuaire/equipe/effacements
        POST /annuaire/equipe/effacements/confirmation
        GET /annuaire/equipe/effacements/{erasure_id}
        GET /api/{service}/v1/bus
        GET /api/{service}/v1/bus/dead-letters
        GET /api/{service}/v1/bus/dead-letters/{event_id}
        POST /api/{service}/v1/bus/dead-letters/retries
        POST /api/{service}/v1/bus/dead-letters/drops
        POST /api/{service}/v1/bus/dead-letters/{event_id}/correction
        GET /api/{service}/v1/bus/stories/{correlation_id}
        GET /api/mailing/v1/bus/stories/{correlation_id}/mails
        GET /api/{service}/v1/bus/handled
        GET /observatoire/equipe/bus
        GET /observatoire/equipe/bus/histoire
        GET /observatoire/equipe/bus/lettres/{service}/{event_id}
        POST /observatoire/equipe/bus/lettres/{service}/{event_id}
        POST /observatoire/equipe/bus/lettres
        POST /observatoire/equipe/bus/confirmation
        GET /observatoire/equipe
        POST /observatoire/equipe/tableaux
        GET /observatoire/equipe/tableaux/nouveau/{token}
        POST /observatoire/equipe/tableaux/{dashboard_id}/fermeture
    """,
    Access.ADMINISTRATOR: """
        POST /annuaire/equipe/comptes
        POST /annuaire/equipe/comptes/retrait
    """,
    Access.LINK: """
        GET /connexion/{token}
        POST /connexion/{token}
        GET /annuaire/referencement/{draft}
        POST /annuaire/referencement/{draft}
        GET /annuaire/demande/{token}
        POST /annuaire/demande/{token}
        GET /annuaire/confirmation/{token}
        POST /annuaire/confirmation/{token}
        GET /annuaire/adhesion/{token}
        GET /donnees-personnelles/effacement/{token}
        POST /donnees-personnelles/effacement/{token}
        GET /donnees-personnelles/recu/{token}
        POST /annuaire/adhesion/{token}
        GET /agenda/inscription/{token}
        POST /agenda/inscription/{token}
        GET /agenda/inscription/{token}/calendrier.ics
        GET /lettres/confirmation/{token}
        POST /lettres/confirmation/{token}
        GET /lettres/preferences/{token}
        POST /lettres/preferences/{token}
        POST /lettres/preferences/{token}/fin
        POST /lettres/preferences/{token}/retour
        GET /lettres/desinscription/{token}
        POST /lettres/desinscription/{token}
    """,
    Access.KEY: """
        GET /observatoire/partenaire/{key}
        GET /observatoire/partenaire/{key}/flux
        GET /observatoire/partenaire/{key}/{indicator_id}
    """,
}
ACCESS = {route.strip(): access for access, listed in _LISTED.items() for route in listed.strip().splitlines()}


def routes_of(service: str, app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every (method, path) that an application answers, its routers opened; HEAD says what GET says."""
    for route in iter_route_contexts(app.routes):
        for method in sorted(route.methods or ["*"]):
            if method != "HEAD":
                yield method, route.path
    described = app.openapi()["paths"]
    known = {route.path for route in iter_route_contexts(app.routes)}
    assert set(described) <= known, f"{service}: its OpenAPI describes what it does not answer"


def access_of(service: str, method: str, path: str) -> Access | None:
    """Whom this route is for, as listed; None where nobody said."""
    return ACCESS.get(f"{method} {path}") or ACCESS.get(f"{method} {path}".replace(f"/{service}/", "/{service}/", 1))
