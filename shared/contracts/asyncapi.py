"""AsyncAPI 3.0, generated from the contracts and the cards: what a service says and what it hears."""

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from shared.contracts.base import DomainEvent

if TYPE_CHECKING:
    from shared.card import Card

REF = "#/components/schemas/{model}"


def asyncapi(card: "Card", network: str) -> dict[str, Any]:
    """The AsyncAPI document of one service."""
    shapes = [*card.publishes, *(shape for shape in card.listens if shape not in card.publishes)]
    _, definitions = models_json_schema([(shape, "validation") for shape in shapes], ref_template=REF)
    schemas = definitions.get("$defs", {})
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"Maillage: {card.name}", "version": "1"},
        "defaultContentType": "application/json",
        "channels": {shape.contract(): _channel(shape, network) for shape in shapes},
        "operations": {
            **{f"send.{shape.contract()}": _operation("send", shape) for shape in card.publishes},
            **{f"receive.{shape.contract()}": _operation("receive", shape) for shape in card.listens},
        },
        "components": {
            "schemas": schemas,
            "messages": {shape.contract(): _message(shape) for shape in shapes},
        },
    }


def _channel(shape: type[DomainEvent], network: str) -> dict[str, Any]:
    return {
        "address": shape.subject_filter(network).replace("*", "{person_key}"),
        "description": f"Stream {shape.stream}",
        "messages": {shape.event_name(): {"$ref": f"#/components/messages/{shape.contract()}"}},
    } | ({"parameters": {"person_key": {}}} if shape.subject_filter(network).endswith("*") else {})


def _operation(action: str, shape: type[DomainEvent]) -> dict[str, Any]:
    channel = shape.contract().replace("~", "~0").replace("/", "~1")
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _message(shape: type[DomainEvent]) -> dict[str, Any]:
    headers = ("ce-id", "ce-type", "ce-source", "ce-time", "ce-dataschema", "correlation-id", "causation-id")
    return {
        "name": shape.contract(),
        "title": shape.__name__,
        "summary": (shape.__doc__ or "").strip(),
        "headers": {"type": "object", "properties": {name: {"type": "string"} for name in headers}},
        "payload": {"$ref": f"#/components/schemas/{shape.__name__}"},
    }
