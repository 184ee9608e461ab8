"""From what was typed to a form model, and back: every error in a sentence beside its field, nothing typed lost."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from shared.clock import new_id
from shared.errors import Invalid, Refusal
from shared.web.i18n import _

Model = TypeVar("Model", bound=BaseModel)
KEY = "_key"

SENTENCES = {
    "missing": "Cette réponse est nécessaire.",
    "string_too_short": "Cette réponse est trop courte\u00a0: {min_length} caractères au moins.",
    "string_too_long": "Cette réponse est trop longue\u00a0: {max_length} caractères au plus.",
    "too_long": "Il y a trop de réponses\u00a0: {max_length} au plus.",
    "too_short": "Choisissez au moins une réponse.",
    "string_type": "Cette réponse doit être un texte.",
    "list_type": "Cette réponse doit être une liste.",
    "dict_type": "Cette réponse doit être un objet.",
    "model_type": "Cette réponse doit être un objet.",
    "model_attributes_type": "Le message doit être un objet JSON.",
    "int_type": "Cette réponse doit être un nombre entier.",
    "int_parsing": "Cette réponse doit être un nombre entier.",
    "int_from_float": "Cette réponse doit être un nombre entier.",
    "int_parsing_size": "Ce nombre est trop grand.",
    "float_parsing": "Cette réponse doit être un nombre.",
    "bool_type": "Répondez par oui ou par non.",
    "bool_parsing": "Répondez par oui ou par non.",
    "greater_than": "Ce nombre doit être plus grand que {gt}.",
    "greater_than_equal": "Ce nombre doit être au moins {ge}.",
    "less_than": "Ce nombre doit être plus petit que {lt}.",
    "less_than_equal": "Ce nombre doit être au plus {le}.",
    "literal_error": "Choisissez une réponse de la liste.",
    "enum": "Choisissez une réponse de la liste.",
    "json_invalid": "Le message n’est pas du JSON valable.",
    "uuid_parsing": "Cet identifiant n’est pas valable.",
    "string_pattern_mismatch": "Cette réponse n’a pas la forme attendue.",
}
DATES = "Écrivez une date et une heure, par exemple 2026-12-04 14:30."


def sentence_of(error: Mapping[str, Any]) -> str:
    """The reader's sentence for one pydantic error; our own errors bring theirs."""
    kind, context = error["type"], error.get("ctx") or {}
    if "sentence" in context:
        return _(str(context["sentence"]))
    if kind == "string_too_short" and context.get("min_length") == 1:
        kind = "missing"
    if kind.startswith(("datetime", "date", "time", "timezone")):
        return _(DATES)
    return _(SENTENCES.get(kind, SENTENCES["string_pattern_mismatch"])).format(**context)


def errors_by_field(error: ValidationError | list[dict[str, Any]], skip: int = 0) -> dict[str, str]:
    """Field path (`sessions-0-starts_at`) to sentence, the first of each field; `skip` leading parts are left out."""
    found: dict[str, str] = {}
    for one in error.errors() if isinstance(error, ValidationError) else error:
        path = "-".join(str(part) for part in one["loc"][skip:] if not str(part).startswith("function-"))
        found.setdefault(path, sentence_of(one))
    return found


@dataclass
class Form:
    """What a page shows in its fields: as typed, with the errors and the key that makes a repeat harmless."""

    values: dict[str, str | list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    key: str = field(default_factory=lambda: str(new_id()))
    labels: dict[str, str] = field(default_factory=dict)
    """The label of each field, in the order of the page; the fields write it as they are rendered."""

    def told(self) -> list[tuple[str, str]]:
        """The errors in the page's order, each naming its field where the sentence alone would not say which."""
        general = tuple(_(one).partition("{")[0] for one in SENTENCES.values())
        order = list(self.labels)
        found = []
        for name, error in sorted(self.errors.items(), key=lambda one: order.index(one[0]) if one[0] in order else -1):
            sentence, label = _(error), self.labels.get(name)
            if label and sentence.startswith(general):
                sentence = _("%(sentence)s («\u202f%(label)s\u202f»).", sentence=sentence.rstrip("."), label=label)
            found.append((name, sentence))
        return found

    def value(self, name: str) -> str | list[str]:
        """What was typed, or an empty word."""
        return self.values.get(name, "")

    def error(self, name: str) -> str | None:
        """The sentence beside the field; an error in an item of a list stands beside the list."""
        if name in self.errors:
            return self.errors[name]
        prefix = re.compile(re.escape(name) + r"-\d+$")
        return next((sentence for path, sentence in self.errors.items() if prefix.fullmatch(path)), None)

    def refuse(self, refusal: Refusal) -> "Form":
        """Show a refusal beside its field, or above the form where it has none."""
        self.errors = refusal.errors if isinstance(refusal, Invalid) else {refusal.field or "": refusal.sentence}
        return self

    def read(self, model: type[Model]) -> Model | None:
        """The form as its model; None where `errors` now says what is wrong."""
        try:
            return model.model_validate(nested(self.values))
        except ValidationError as error:
            self.errors = errors_by_field(error)
            return None


async def read_form(request: Request) -> Form:
    """What a browser posted; several values of a name become a list, files are ignored."""
    posted: FormData = await request.form(max_files=4, max_fields=2_000, max_part_size=1024 * 1024)
    values: dict[str, str | list[str]] = {}
    for name in posted:
        typed = [value for value in posted.getlist(name) if isinstance(value, str)]
        values[name] = typed[0] if len(typed) == 1 else typed
    key = values.pop(KEY, "")
    return Form(values, key=key) if isinstance(key, str) and 0 < len(key) <= 200 else Form(values)


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """`sessions-0-starts_at` becomes an item of the list `sessions`; an empty answer is an absent one."""
    tree: dict[str, Any] = {}
    lists: dict[str, dict[int, dict[str, Any]]] = {}
    for name, value in values.items():
        if value == "":
            continue
        match = re.fullmatch(r"([a-z_]+)-(\d{1,3})-([a-z_]+)", name)
        if match:
            lists.setdefault(match[1], {}).setdefault(int(match[2]), {})[match[3]] = value
        else:
            tree[name] = value
    for name, items in lists.items():
        tree[name] = [items[index] for index in sorted(items)]
    return tree
