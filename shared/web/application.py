"""The FastAPI application every service starts from: errors mapped, health, metrics, contracts, static files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from shared.clock import now
from shared.contracts.asyncapi import asyncapi
from shared.settings import Settings
from shared.web import problems
from shared.web.admission import Admission, Rates
from shared.web.console.api import bus_api
from shared.web.guards import Guards
from shared.web.headers import security_headers
from shared.web.kept import PACKING, WORTH_PACKING
from shared.web.pages import mount_static, register_locale, register_templates
from shared.web.proof import Proofs
from shared.web.together import Together

if TYPE_CHECKING:
    from shared.service import Service

VERSION = "0.1.0"
REFUSAL = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def build_application(service: "Service", folder: Path) -> FastAPI:
    """An application without pages yet; `folder` holds the service's templates and locale."""
    name = service.card.name
    app = FastAPI(
        title=f"Maillage: {name}",
        version=VERSION,
        openapi_url=f"/api/{name}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={status: REFUSAL | {"description": said} for status, said in problems.DOCUMENTED.items()},
    )
    describe_problems(app)
    app.state.service = service
    app.state.settings = service.settings
    app.state.db = service.db
    app.state.together = Together(service.db)
    app.state.signer = service.signer
    app.state.revoked = service.revoked
    app.state.admission = Admission(Rates(), Proofs(service.settings.secret, name))
    register_templates(folder / "templates")
    register_locale(folder / "locale")
    problems.install(app)
    mount_static(app)
    app.include_router(_operations(service))
    app.include_router(bus_api(service))
    return app


def in_its_layers(app: FastAPI, name: str, settings: Settings) -> ASGIApp:
    """The application as it answers: the headers outermost, so that what the guards refuse has them too."""
    guarded = Guards(GZipMiddleware(app, WORTH_PACKING, PACKING), name, app)
    return security_headers(guarded, https=settings.public_url.startswith("https://"))


def describe_problems(app: FastAPI) -> None:
    """Say in the OpenAPI document what every refusal looks like."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        found = plain()
        found.setdefault("components", {}).setdefault("schemas", {})["Problem"] = problems.SCHEMA
        return found

    app.openapi = described  # type: ignore[method-assign]


def _operations(service: "Service") -> APIRouter:
    name = service.card.name
    router = APIRouter(include_in_schema=False)
    since = now().isoformat()

    @router.get(f"/{name}/health/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get(f"/{name}/health/ready")
    async def ready() -> JSONResponse:
        awaited = await service.not_ready()
        bus = "ok" if service.bus.healthy else "degraded"
        if awaited:
            body = {"status": "starting", "awaits": awaited, "bus": bus}
            return JSONResponse(body, status_code=503, headers={"Retry-After": "1"})
        return JSONResponse({"status": "ready", "bus": bus, "version": VERSION, "since": since})

    @router.get(f"/{name}/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @router.get(f"/{name}/proof")
    async def proof(request: Request) -> JSONResponse:
        """What the script of a public form solves before it sends it."""
        challenge = Admission.of(request).proofs.challenge()
        return JSONResponse(challenge, headers={"Cache-Control": "no-store"})

    @router.get(f"/api/{name}/asyncapi.json")
    async def said_and_heard(request: Request) -> dict[str, Any]:
        return asyncapi(service.card, service.settings.network)

    return router
