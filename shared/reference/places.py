"""Communes, intercommunal bodies, departments, regions and countries."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from shared.reference.reading import fold, records, rows, typographic

_ARTICLES = ("le ", "la ", "les ", "l ")


@dataclass(frozen=True, slots=True)
class Region:
    """A French region; the network's own is a setting, "75" (Nouvelle-Aquitaine) by default."""

    code: str
    name: str
    departments: tuple[str, ...]

    def label(self, lang: str = "fr") -> str:
        """The name, the same in every language."""
        return self.name


@dataclass(frozen=True, slots=True)
class Department:
    """A French department."""

    code: str
    name: str
    region: str
    region_name: str
    seat: str
    population: int

    def label(self, lang: str = "fr") -> str:
        """The name, the same in every language."""
        return self.name


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune by its INSEE code; the position's precision is `commune`, `code_postal` or `epci`."""

    code: str
    name: str
    department: str
    postal_codes: tuple[str, ...]
    epci_siren: str
    epci_name: str
    siren: str
    population: int
    latitude: float
    longitude: float
    precision: str

    def label(self, lang: str = "fr") -> str:
        """The name, the same in every language."""
        return self.name


@dataclass(frozen=True, slots=True)
class Epci:
    """An intercommunal body with its own tax, by SIREN."""

    siren: str
    name: str
    kind: str
    population: int
    departments: tuple[str, ...]

    def label(self, lang: str = "fr") -> str:
        """The name, the same in every language."""
        return self.name


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory by its ISO 3166 alpha-2 code, with a point where a map may write."""

    iso2: str
    iso3: str
    name: str
    name_en: str
    continent: str
    subregion: str
    groups: tuple[str, ...]
    latitude: float | None
    longitude: float | None

    @property
    def code(self) -> str:
        return self.iso2

    def label(self, lang: str = "fr") -> str:
        """The name in French, or in English when asked."""
        return self.name_en if lang == "en" else self.name


@cache
def _regions() -> Mapping[str, Region]:
    return MappingProxyType(
        {r["code"]: Region(r["code"], typographic(r["nom"]), tuple(r["departements"])) for r in records("regions.json")}
    )


@cache
def _departments() -> Mapping[str, Department]:
    found = (
        Department(
            code=d["code"],
            name=typographic(d["nom"]),
            region=d["region"],
            region_name=typographic(d["region_nom"]),
            seat=d["chef_lieu"],
            population=d["population"],
        )
        for d in records("departements.json")
    )
    return MappingProxyType({department.code: department for department in found})


@cache
def _communes() -> Mapping[str, Commune]:
    found = (
        Commune(
            code=row["code_insee"],
            name=typographic(row["nom"]),
            department=row["departement"],
            postal_codes=tuple(row["codes_postaux"].split("|")),
            epci_siren=row["epci_siren"],
            epci_name=typographic(row["epci_nom"]),
            siren=row["siren"],
            population=int(row["population"]),
            latitude=float(row["lat"]),
            longitude=float(row["lon"]),
            precision=row["precision"],
        )
        for row in rows("communes_*.csv.gz")
    )
    return MappingProxyType({commune.code: commune for commune in found})


@cache
def _by_postal_code() -> Mapping[str, tuple[Commune, ...]]:
    found: defaultdict[str, list[Commune]] = defaultdict(list)
    for commune in sorted(_communes().values(), key=lambda c: fold(c.name)):
        for postal_code in commune.postal_codes:
            found[postal_code].append(commune)
    return MappingProxyType({postal_code: tuple(communes) for postal_code, communes in found.items()})


@cache
def _by_folded_name() -> tuple[tuple[str, str, Commune], ...]:
    return tuple((folded := fold(c.name), _without_article(folded), c) for c in _communes().values())


def _without_article(folded: str) -> str:
    article = next((a for a in _ARTICLES if folded.startswith(a)), "")
    return folded[len(article) :]


@cache
def _countries() -> Mapping[str, Country]:
    found = (
        Country(
            iso2=c["iso2"],
            iso3=c["iso3"],
            name=c["nom"],
            name_en=c["nom_en"],
            continent=c["continent"],
            subregion=c["sous_region_nom"],
            groups=tuple(c["groupes"]),
            latitude=c["lat"],
            longitude=c["lon"],
        )
        for c in records("pays.json")
    )
    return MappingProxyType({country.iso2: country for country in found})


@cache
def _epcis() -> Mapping[str, Epci]:
    found = (
        Epci(e["siren"], typographic(e["nom"]), e["type"], e["population"], tuple(e["departements"]))
        for e in records("epci_nouvelle_aquitaine.json")
    )
    return MappingProxyType({epci.siren: epci for epci in found})


def region(code: str) -> Region | None:
    """The region of this INSEE code."""
    return _regions().get(code)


def regions() -> tuple[Region, ...]:
    """The 18 regions, by code."""
    return tuple(_regions().values())


def department(code: str) -> Department | None:
    """The department of this code, such as "33", "2A" or "974"."""
    return _departments().get(code)


def departments() -> tuple[Department, ...]:
    """The 101 departments, by code."""
    return tuple(_departments().values())


def departments_of_region(code: str) -> tuple[Department, ...]:
    """The departments of a region, by code; none for an unknown region."""
    return tuple(d for d in _departments().values() if d.region == code)


def commune(code: str) -> Commune | None:
    """The commune of this INSEE code, among the regions whose file is here."""
    return _communes().get(code)


def communes_of_postal_code(postal_code: str) -> tuple[Commune, ...]:
    """The communes that share a postal code, by name."""
    return _by_postal_code().get(postal_code.replace(" ", ""), ())


def communes_named(prefix: str, limit: int = 20) -> tuple[Commune, ...]:
    """At most `limit` communes whose name begins so, whatever the accents, the largest first."""
    wanted = fold(prefix)
    if not wanted:
        return ()
    found = [
        (folded, c) for folded, bare, c in _by_folded_name() if folded.startswith(wanted) or bare.startswith(wanted)
    ]
    found.sort(key=lambda pair: (pair[0] != wanted, -pair[1].population, pair[1].code))
    return tuple(c for _, c in found[:limit])


def epci(siren: str) -> Epci | None:
    """The intercommunal body of this SIREN."""
    return _epcis().get(siren)


def epcis() -> tuple[Epci, ...]:
    """The intercommunal bodies of the region, by SIREN."""
    return tuple(_epcis().values())


def country(iso2: str) -> Country | None:
    """The country of this ISO 3166 alpha-2 code, in capitals."""
    return _countries().get(iso2)


def countries(lang: str = "fr") -> tuple[Country, ...]:
    """The 250 countries and territories, in the alphabetical order of the language."""
    return tuple(sorted(_countries().values(), key=lambda c: fold(c.label(lang))))
