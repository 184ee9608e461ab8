"""Headlines that state what the figures say, and say so when they say nothing: pure, never true by chance alone."""

from collections.abc import Sequence

from services.observatory.domain import SMALL, Scope, Slice, label_of
from shared import reference
from shared.web.format import month, number
from shared.web.i18n import _, language, ngettext

TOO_FEW = _("Trop peu de données pour dégager une tendance")


def answered(lines: Sequence[Slice], n: int) -> int:
    """How many of n say something: those whose key is known."""
    return n - sum(line.value for line in lines if line.key is None)


def leaders(lines: Sequence[Slice]) -> list[Slice]:
    """The lines that share the largest value."""
    known = [line for line in lines if line.key is not None and line.value > 0]
    largest = max((line.value for line in known), default=0)
    return [line for line in known if line.value == largest]


def of_sdgs(lines: Sequence[Slice], n: int) -> str:
    """Which goal the actors aim at most."""
    first = leaders(lines)
    if answered(lines, n) < SMALL or not first:
        return _(TOO_FEW)
    if len(first) > 2:
        return _("%(n)s objectifs à égalité en tête", n=number(len(first)))
    titles = [_goal(line) for line in first]
    if len(first) == 2:
        return _("«\u202f%(one)s\u202f» et «\u202f%(other)s\u202f» à égalité", one=titles[0], other=titles[1])
    return _("«\u202f%(goal)s\u202f» en tête des objectifs visés", goal=titles[0])


def of_departments(lines: Sequence[Slice], n: int) -> str:
    """Where most of the actors are."""
    first = leaders(lines)
    situated = answered(lines, n)
    if situated < SMALL or not first:
        return _(TOO_FEW)
    names = [_department(line) for line in first]
    if len(first) > 2:
        return _("%(n)s départements à égalité en tête", n=number(len(first)))
    if len(first) == 2:
        return _("%(one)s et %(other)s à égalité en tête", one=names[0], other=names[1])
    if first[0].value * 2 > situated:
        return _("%(name)s réunit plus de la moitié des acteurs", name=names[0])
    return _(
        "%(name)s en tête, avec %(value)s acteurs sur %(n)s",
        name=names[0],
        value=number(first[0].value),
        n=number(situated),
    )


def of_months(lines: Sequence[Slice], year: int | None) -> str:
    """Which month brought most listing requests."""
    first = leaders(lines)
    total = sum(line.value for line in lines)
    if total < SMALL:
        return ngettext("%(n)s demande de référencement", "%(n)s demandes de référencement", total)
    if len(first) > 1:
        return _("%(n)s demandes, sans mois dominant", n=number(total))
    named = month(first[0].key)
    if year is not None:
        named = named.removesuffix(f" {year}")
    return _("%(month)s a reçu le plus de demandes", month=named.capitalize())


def sentence_of_sdgs(lines: Sequence[Slice], n: int) -> str:
    """How many actors stand behind the headline, in a sentence."""
    first = leaders(lines)
    known = answered(lines, n)
    if known < SMALL or not first:
        return ngettext(
            "%(n)s acteur a nommé au moins un objectif.", "%(n)s acteurs ont nommé au moins un objectif.", known
        )
    return _(
        "%(value)s acteurs sur les %(n)s qui ont nommé au moins un objectif visent l’ODD %(goal)s.",
        value=number(first[0].value),
        n=number(known),
        goal=_(" comme l’ODD ").join(str(line.key) for line in first[:2]),
    )


def sentence_of_months(lines: Sequence[Slice]) -> str:
    """The month that leads, with its share, in a sentence."""
    first = leaders(lines)
    total = sum(line.value for line in lines)
    if total < SMALL or len(first) != 1:
        return _("Demandes reçues chaque mois, au jour où elles ont été faites.")
    return _(
        "%(value)s des %(n)s demandes ont été reçues en %(month)s.",
        value=number(first[0].value),
        n=number(total),
        month=month(first[0].key),
    )


def _goal(line: Slice) -> str:
    goal = reference.sdg(int(line.key or 0))
    title = goal.label(language.get()) if goal else line.label
    return title.replace("«\u202f", "“").replace("\u202f»", "”").replace("« ", "“").replace(" »", "”")


def _department(line: Slice) -> str:
    found = reference.department(line.key or "")
    return found.name if found else line.label


def filters_said(scope: Scope) -> list[tuple[str, str]]:
    """A dashboard's limits in words, each kind with its choices."""
    lang = language.get()
    found = [
        (_("Départements"), [label_of("department", code) for code in scope.departments]),
        (_("Thèmes"), [theme.label(lang) for code in scope.themes if (theme := reference.theme(code))]),
        (_("Pays"), [label_of("country", code) for code in scope.countries]),
    ]
    return [(kind, ", ".join(chosen)) for kind, chosen in found if chosen]
