"""Calling a route as somebody, and what UI.md demands of every answer."""

import re

import httpx

from services.embedded import House
from shared.clock import new_id
from tests.conftest import bearer
from tests.security.settled import Settled

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types app"
)
LETTER = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'",
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
)
SET = {
    "x-content-type-options": "nosniff",
    "referrer-policy": r"same-origin|no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ".*camera=\\(\\).*",
    "cache-control": ".+",
}


def header_faults(answer: httpx.Response) -> list[str]:
    """What the headers of an answer lack; the two pages that frame a letter, and the letter, have their own policy."""
    policy = answer.headers.get("content-security-policy", "")
    letter = policy.startswith("sandbox") and policy.endswith((*LETTER, "default-src 'none'"))
    faults = [] if letter or policy in (POLICY, f"{POLICY}; frame-src 'self'") else [f"policy {policy!r}"]
    for name, wanted in SET.items():
        if not re.fullmatch(wanted, answer.headers.get(name, "")):
            faults.append(f"{name}: {answer.headers.get(name)!r}")
    return faults


def roles_of(house: House, settled: Settled) -> dict[str, dict[str, str]]:
    """The headers by which each of the matrix calls."""
    return {
        "anonymous": {},
        "other partner": {"Authorization": f"Bearer {settled.words['observatory other key']}"},
        "facilitator": {"Authorization": bearer(house, "facilitator")},
        "staff": {"Authorization": bearer(house, "staff")},
        "administrator": {"Authorization": bearer(house, "administrator")},
    }


async def call(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    """The answer of a route to an empty form; a stream is left once it has begun."""
    body = {"json": {}} if path.startswith("/api/") and method != "GET" else {}
    async with client.stream(method, path, headers=headers, **body) as answer:  # type: ignore[arg-type]
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            await answer.aread()
        return answer


def with_nothing(path: str) -> str:
    """The address of what does not exist: ids nobody has, words nobody signed."""
    return re.sub(r"\{(\w+)(:path)?\}", lambda one: "nothing" if one[2] else str(new_id()), path)


def with_something(service: str, path: str, settled: Settled) -> str:
    """The address of what the house holds."""
    link = settled.links.get(path[: path.find("{token}") + len("{token}")]) if "{token}" in path else None

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name == "token":
            assert link, f"{path}: no link was made for it"
            return link
        if found[2]:
            return "style.css"
        if name == "slug" and "group" in path:
            return settled.words["registry group"]
        if name == "campaign_id" and "archives" in path:
            return settled.words["mailing sent"]
        if name == "gathering_id" and not path.endswith("{gathering_id}"):
            return settled.words["events published"]
        if name in ("event_id", "correlation_id"):
            return str(new_id())
        return "registry" if name == "service" else settled.words[f"{service} {name}"]

    return re.sub(r"\{(\w+)(:path)?\}", value, path)
