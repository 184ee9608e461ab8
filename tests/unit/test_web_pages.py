"""Pages, headers, static files and forms as a browser gets them from a running application."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.web import assets, pages
from shared.web.forms import Form
from shared.web.headers import CONTENT_SECURITY_POLICY
from tests.unit.web_gallery import build

PAGES = ["directory", "barometer", "form", "form?bad=1", "profile", "team", "button", "error/404", "error/503"]


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=build())
    async with httpx.AsyncClient(transport=transport, base_url="http://gallery.example") as client:
        yield client


@pytest.mark.parametrize("page", PAGES)
async def test_no_page_holds_an_inline_style_or_script(browser: httpx.AsyncClient, page: str) -> None:
    html = (await browser.get(f"/{page}")).text
    assert not re.search(r"<[^>]+\s(style|on\w+)=", html)
    assert not re.search(r"<style|<script(?![^>]+src=)|javascript:", html)


@pytest.mark.parametrize("page", PAGES)
async def test_ids_are_unique_and_labels_point_to_them(browser: httpx.AsyncClient, page: str) -> None:
    html = (await browser.get(f"/{page}")).text
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    wanted = {one for found in re.findall(r'\s(?:for|aria-describedby)="([^"]+)"', html) for one in found.split()}
    assert wanted <= set(ids)


async def test_every_answer_carries_the_security_headers(browser: httpx.AsyncClient) -> None:
    for path in ("/directory", "/static/app.js", "/nowhere", "/error/404"):
        answer = await browser.get(path)
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY, path
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_is_shown_to_someone_signed_in_is_never_kept(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/directory")).headers["cache-control"] == "no-cache"
    answer = await browser.get("/directory", headers={"cookie": "session=x"})
    assert answer.headers["cache-control"] == "no-store"


async def test_static_files_are_kept_for_a_year_by_their_version(browser: httpx.AsyncClient) -> None:
    answer = await browser.get(assets.static("style.css"))
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" not in (await browser.get("/static/style.css?v=old")).headers["cache-control"]
    assert (await browser.get("/static/../pages.py")).status_code == 404
    again = await browser.get("/static/style.css", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_the_fonts_of_the_style_sheet_carry_their_version() -> None:
    for name, version in re.findall(r'url\("(fonts/[^?]+)\?v=(\w+)"\)', assets.assets()["style.css"].body.decode()):
        assert assets.assets()[name].version == version, name


async def test_pages_hold_in_their_budget() -> None:
    packed = assets.assets()
    assert len(packed["style.css"].packed or b"") < 6_144
    assert len(packed["app.js"].packed or b"") < 1_536


async def test_english_is_carried_by_every_link_of_ours(browser: httpx.AsyncClient) -> None:
    html = (await browser.get("/profile?lang=en")).text
    assert '<html lang="en">' in html
    links = re.findall(r'href="(/(?:annuaire|agenda|observatoire|lettres|accessibilite)[^"]*)"', html)
    assert links
    assert all("lang=en" in link for link in links)
    assert "not provided" in html


async def test_what_people_wrote_in_french_says_so_on_a_page_in_english(browser: httpx.AsyncClient) -> None:
    assert '<h3 lang="fr"><a' in (await browser.get("/directory?lang=en")).text
    assert 'lang="fr"><a' not in (await browser.get("/directory")).text


async def test_switching_language_keeps_the_page_and_its_filters(browser: httpx.AsyncClient) -> None:
    html = (await browser.get("/directory?q=eau&sdg=6")).text
    assert 'href="/directory?q=eau&amp;sdg=6&amp;lang=en"' in html


async def test_a_form_with_mistakes_says_so_in_its_title_its_summary_and_beside_each_field(
    browser: httpx.AsyncClient,
) -> None:
    answer = await browser.get("/form?bad=1")
    assert answer.status_code == 422
    assert "<title>Erreur\u00a0: Vos activités" in answer.text
    assert '<a href="#rna">Le numéro RNA' in answer.text
    assert re.search(r'<input id="rna"[^>]+aria-describedby="rna-aide rna-erreur" aria-invalid="true"', answer.text)
    assert re.search(r'<input id="sdgs" type="checkbox"', answer.text)
    assert "Nous construisons\ndes puits.</textarea>" in answer.text
    assert 'value="BF" checked' in answer.text
    assert 'name="_key" value="0192f0c1-cle"' in answer.text


async def test_what_was_typed_is_never_markup() -> None:
    form = Form({"name": '"><script>alert(1)</script>'}, {"name": "<b>"}, key='"><b>')
    module = pages.environment().get_template("macros/form.html").module
    html = "".join(str(getattr(module, one)(form, "name", "Nom")) for one in ("field", "textarea"))
    html += str(module.errors_summary(form)) + str(module.key(form))  # type: ignore[attr-defined]
    assert "<script>" not in html
    assert "<b>" not in html


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503])
async def test_every_error_has_its_page_and_says_what_to_do(browser: httpx.AsyncClient, status: int) -> None:
    answer = await browser.get(f"/error/{status}")
    assert answer.status_code == status
    assert f"Erreur {status}" in answer.text
    assert ("retry-after" in answer.headers) == (status in (429, 503))


def test_addresses_drop_what_is_empty_and_repeat_what_is_a_list() -> None:
    assert pages.url("/annuaire", q="", sdg=[4, 6], page=None) == "/annuaire?sdg=4&sdg=6"
    assert pages.url("/annuaire#carte", q="eau") == "/annuaire?q=eau#carte"
