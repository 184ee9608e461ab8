"""Whatever an OpenAPI document allows and what it does not: requests made up from it, and the faults of the answers."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NUL = "a\x00b"
Send = Callable[[Any], Any]
"""Sends a case of schemathesis and gives its answer."""


@dataclass
class Judge:
    """What was sent to one service, and every fault of what came back."""

    known: Mapping[str, str] = field(default_factory=dict)
    """Parts of addresses that name something real: half of the requests use them."""
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def fuzz(self, schema: Any, send: Send, examples: int, number: int) -> None:
        """Made-up requests for each operation; every answer is held against the document."""
        for found in schema.get_all_operations():
            operation = found.ok()

            @seed(number)
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.explicit, Phase.generate],
            )
            @given(case=operation.as_strategy(), real=st.booleans())
            def one(case: Any, real: bool) -> None:
                if real and case.path_parameters:
                    case.path_parameters |= {
                        name: self.known[name] for name in case.path_parameters if name in self.known
                    }
                self._ask(case, send)

            one()

    def _ask(self, case: Any, send: Send) -> None:
        answer = send(case)
        self.statuses[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            told = "; ".join(f"{one.title}: {one.message}" for one in failures.exceptions)
            self.faults.append(f"{case.method} {case.path}: {answer.status_code}: {told[:300]}")

    def send_nul(self, schema: Any, send: Send) -> int:
        """Every text of every body with a NUL in it: each is refused beside its field; how many texts."""
        texts, document = 0, schema.raw_schema
        for operation in (found.ok() for found in schema.get_all_operations()):
            said = document["paths"][operation.path][operation.method]
            body, paths = nul_body(_body_of(said), document)
            if not paths:
                continue
            names = [one["name"] for one in said.get("parameters", ()) if one["in"] == "path"]
            case = operation.Case(
                path_parameters={name: self.known.get(name, str(UUID(int=14))) for name in names},
                body=body,
                media_type="application/json",
            )
            answer = send(case)
            texts += len(paths)
            self.statuses[answer.status_code] += 1
            refused = {one["field"] for one in answer.json().get("errors", ())} if answer.status_code == 422 else set()
            missed = [
                path
                for path in paths
                if not any((path + "-").startswith(one + "-") or one.startswith(path + "-") for one in refused)
            ]
            if missed:
                self.faults.append(f"{case.method} {case.path}: {answer.status_code}: NUL passes in {missed}")
        return texts


def _body_of(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    return dict(content.get("application/json", {}).get("schema", {}))


def nul_body(shape: Mapping[str, Any], document: Mapping[str, Any], path: str = "") -> tuple[Any, list[str]]:
    """A body of this shape whose every text holds a NUL, and where; other answers are left out."""
    if "$ref" in shape:
        return nul_body(document["components"]["schemas"][shape["$ref"].rsplit("/", 1)[1]], document, path)
    for inner in (*shape.get("anyOf", ()), *shape.get("allOf", ())):
        value, paths = nul_body(inner, document, path)
        if paths:
            return value, paths
    if shape.get("type") == "object":
        parts = {
            name: nul_body(inner, document, f"{path}-{name}".lstrip("-"))
            for name, inner in shape.get("properties", {}).items()
        }
        body = {name: value for name, (value, paths) in parts.items() if paths}
        return body, [one for _, paths in parts.values() for one in paths]
    if shape.get("type") == "array":
        value, paths = nul_body(shape.get("items", {}), document, f"{path}-0")
        return ([value], [path]) if paths else (None, [])
    if shape.get("type") == "string" and not {"enum", "const"} & shape.keys():
        return NUL, [path]
    return None, []


def unbounded(document: Any, place: str = "") -> Iterator[str]:
    """Every number that may be asked without a least and a most."""
    if isinstance(document, dict):
        if document.get("type") in ("integer", "number") and not _is_bounded(document):
            yield place
        for name, inner in document.items():
            if name not in ("responses", "Problem"):
                yield from unbounded(inner, f"{place}/{name}")
    elif isinstance(document, list):
        for index, inner in enumerate(document):
            yield from unbounded(inner, f"{place}/{index}")


def _is_bounded(shape: Mapping[str, Any]) -> bool:
    least = {"minimum", "exclusiveMinimum"} & shape.keys()
    most = {"maximum", "exclusiveMaximum"} & shape.keys()
    return bool(least and most) or "enum" in shape or "const" in shape


def schema_at(url: str, service: str) -> Any:
    """What a running service says of itself."""
    return schemathesis.openapi.from_url(f"{url}/api/{service}/openapi.json")
