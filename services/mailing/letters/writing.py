"""One reader's letter: their own links, and what is near them."""

from markdown_it import MarkdownIt
from markupsafe import Markup
from nh3 import clean

from services.mailing import wording
from services.mailing.letters.issue import Issue
from services.mailing.links import Links, OwnLinks
from services.mailing.mails.pieces import Block, Mail, heading, item, title
from services.mailing.queries.items import Item
from shared.web import format
from shared.web.i18n import _, ngettext

TAGS = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", "h2", "h3"}
_markdown = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")


def letter_mail(issue: Issue, department: str | None, own: OwnLinks, links: Links) -> Mail:
    """The letter of a reader of that department, with the headers by which a mailbox unsubscribes them (RFC 8058)."""
    return Mail(
        issue.subject,
        tuple(blocks_of(issue, department, links)),
        _("Vous recevez cette lettre parce que vous l’avez demandée, avec un clic de confirmation."),
        links=(
            (_("Changer mes choix"), own.preferences),
            (_("Me désabonner"), own.leaving),
        ),
        preview=issue.items[0].title if issue.items else "",
        headers={
            "List-Unsubscribe": f"<{own.leaving}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": f"{issue.topic.replace(':', '-')} <{issue.topic.replace(':', '-')}.lettres.maillage>",
        },
        label=_("Démonstration, données fictives") if issue.demonstration else "",
    )


def trial_mail(issue: Issue, links: Links) -> Mail:
    """The letter as the team tries it: no reader's link is in it."""
    page = links.page("/lettres")
    return Mail(
        _("Essai\u00a0: %(subject)s", subject=issue.subject),
        tuple(blocks_of(issue, None, links)),
        _("Ceci est un essai, envoyé à la demande de l’équipe."),
        links=((_("Changer mes choix"), page), (_("Me désabonner"), page)),
        label=_("Démonstration, données fictives") if issue.demonstration else "",
    )


def blocks_of(issue: Issue, department: str | None, links: Links) -> list[Block]:
    """Everything the letter says to a reader of that department."""
    near = issue.near(department)
    shown = {one.id for one in near}
    rest = [one for one in issue.items if one.id not in shown]
    blocks = [title(issue.subject)]
    if issue.editorial.strip():
        blocks.append(Block("rich", issue.editorial, html=harmless(issue.editorial)))
    if near:
        blocks.append(heading(_("Près de chez vous\u00a0: %(place)s", place=wording.department(department))))
        blocks += [item_block(one, links) for one in near]
    sections = [
        (_("À l’agenda"), [one for one in rest if one.kind == "gathering"]),
        (_("Appels et échéances"), [one for one in rest if one.kind == "watch" and one.watch_class == "funding"]),
        (_("Nouvelles"), [one for one in rest if one.kind == "watch" and one.watch_class != "funding"]),
        (_("Ils nous ont rejoints"), [one for one in rest if one.kind == "organisation"]),
    ]
    for name, items in sections:
        if items:
            blocks.append(heading(name))
            blocks += [item_block(one, links) for one in items]
    return blocks


def item_block(one: Item, links: Links) -> Block:
    """A line of the letter."""
    address = f"{links.settings.public_url}{one.path}" if one.path.startswith("/") else one.path
    return item(one.title, address, said(one))


def said(one: Item) -> str:
    """What stands under an item's title: when, where, how many places, until when."""
    parts: list[str | None] = []
    if one.kind == "gathering" and one.starts_at and one.ends_at:
        parts.append(
            format.period(one.starts_at, one.ends_at) if one.by_hour else format.date(one.starts_at, weekday=True)
        )
        parts += [one.place if one.mode != "online" else None, wording.mode(one.mode)]
        if one.left is not None:
            parts.append(ngettext("%(n)s place libre", "%(n)s places libres", one.left))
    if one.deadline:
        parts.append(_("jusqu’au %(day)s", day=format.date(one.deadline)))
    if one.kind == "organisation" and one.departments:
        parts.append(wording.department(one.departments[0]))
    if one.demonstration:
        parts.append(_("démonstration"))
    return ", ".join(part for part in parts if part)


def harmless(markdown: str) -> Markup:
    """The team's words as HTML in which nothing runs and nothing is loaded."""
    html = clean(
        _markdown.render(markdown), tags=TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}
    )
    return Markup(html)
