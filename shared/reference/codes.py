"""The lists that classify: ODD, themes, colleges, kinds of structure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from shared.reference.reading import records


@dataclass(frozen=True, slots=True)
class Sdg:
    """One of the 17 goals (ODD), with the United Nations' colour and the ink that reads on it."""

    number: int
    code: str
    title: str
    title_en: str
    long_title: str
    colour: str
    ink: str

    def label(self, lang: str = "fr") -> str:
        """The title in French, or in English when asked."""
        return self.title_en if lang == "en" else self.title


@dataclass(frozen=True, slots=True)
class Theme:
    """A field of action of our list, with the ODD and DAC codes beside."""

    code: str
    name: str
    name_en: str
    sdgs: tuple[int, ...]
    dac: tuple[str, ...]

    def label(self, lang: str = "fr") -> str:
        """The name in French, or in English when asked."""
        return self.name_en if lang == "en" else self.name


@dataclass(frozen=True, slots=True)
class College:
    """One of the five colleges of the network's governance."""

    code: str
    name: str
    name_en: str
    short_name: str
    examples: tuple[str, ...]

    def label(self, lang: str = "fr") -> str:
        """The name in French, or in English when asked."""
        return self.name_en if lang == "en" else self.name


@dataclass(frozen=True, slots=True)
class Kind:
    """The nature of a structure, which is not its college."""

    code: str
    name: str
    name_en: str

    def label(self, lang: str = "fr") -> str:
        """The name in French, or in English when asked."""
        return self.name_en if lang == "en" else self.name


@cache
def _sdgs() -> Mapping[int, Sdg]:
    found = (
        Sdg(
            number=o["numero"],
            code=o["code"],
            title=o["titre"],
            title_en=o["titre_en"],
            long_title=o["intitule_long"],
            colour=o["couleur"],
            ink=o["texte_sur_couleur"],
        )
        for o in records("odd.json")
    )
    return MappingProxyType({sdg.number: sdg for sdg in found})


@cache
def _themes() -> Mapping[str, Theme]:
    found = (
        Theme(t["code"], t["libelle"], t["libelle_en"], tuple(t["odd"]), tuple(t["dac"]))
        for t in records("themes.json")
    )
    return MappingProxyType({theme.code: theme for theme in found})


@cache
def _colleges() -> Mapping[str, College]:
    found = (
        College(c["code"], c["libelle"], c["en"], c["libelle_court"], tuple(c["exemples_formes"]))
        for c in records("colleges.json")
    )
    return MappingProxyType({college.code: college for college in found})


@cache
def _kinds() -> Mapping[str, Kind]:
    return MappingProxyType(
        {k["code"]: Kind(k["code"], k["libelle"], k["libelle_en"]) for k in records("natures.json")}
    )


def sdg(number: int) -> Sdg | None:
    """The goal of this number, 1 to 17."""
    return _sdgs().get(number)


def sdgs() -> tuple[Sdg, ...]:
    """The 17 goals, in their order."""
    return tuple(_sdgs().values())


def theme(code: str) -> Theme | None:
    """The theme of this code."""
    return _themes().get(code)


def themes() -> tuple[Theme, ...]:
    """The 24 themes, in their order."""
    return tuple(_themes().values())


def college(code: str) -> College | None:
    """The college of this code."""
    return _colleges().get(code)


def colleges() -> tuple[College, ...]:
    """The five colleges, in their order."""
    return tuple(_colleges().values())


def kind(code: str) -> Kind | None:
    """The kind of structure of this code."""
    return _kinds().get(code)


def kinds() -> tuple[Kind, ...]:
    """The ten kinds of structure, in their order."""
    return tuple(_kinds().values())
