"""Every refusal, and every wrong field, is a French sentence well written, with its English."""

import importlib
import inspect
import re

from shared.errors import NotYetKnown, Refusal
from shared.settings import SERVICES
from shared.web.forms import SENTENCES
from shared.web.i18n import catalogue, register_locale, typography_faults
from tests.architecture.sources import ROOT, python_files

for service in SERVICES:
    register_locale(ROOT / "services" / service / "locale")


def refusals() -> list[type[Refusal]]:
    """Every refusal that a page or the API may show."""
    for file in python_files():
        importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    found: list[type[Refusal]] = [Refusal]
    for one in found:
        found += [below for below in one.__subclasses__() if below not in found]
    on_pages = ("shared.", *(f"services.{service}." for service in SERVICES))
    return [one for one in found if one.__module__.startswith(on_pages)]


def test_every_refusal_says_its_sentence_in_both_languages() -> None:
    known = catalogue()
    for refusal in refusals():
        sentence = inspect.getdoc(refusal) or ""
        assert sentence in known, f"{refusal.__name__}: {sentence!r} has no English"
        assert typography_faults(sentence) == []


def test_every_field_error_has_its_english() -> None:
    known = catalogue()
    source = (ROOT / "shared" / "web" / "fields.py").read_text()
    ours = [eval(quoted) for quoted in re.findall(r'wrong\("[a-z_]+", (".*?")\)', source)]
    assert len(ours) > 15
    assert [sentence for sentence in [*ours, *SENTENCES.values()] if sentence not in known] == []


def test_waiting_for_a_fact_is_no_refusal() -> None:
    assert not issubclass(NotYetKnown, Refusal)
