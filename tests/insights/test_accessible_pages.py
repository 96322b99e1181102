"""Every page of the insights in a real browser: nothing serious for axe, in light and dark, on a
desktop and on a phone; nothing wider than the screen; charts within reach of the keyboard.

PORTAL_SCREENSHOTS=FOLDER keeps a picture of each.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, sync_playwright

from conversations.retrieval.embedding import HashEmbedder
from insights.navigation import PAGES
from insights.themes.service import ThemeService
from tests.axe import ORIGIN, axe_source, serious, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db]
SPAN = "period=2026-10-18/2026-11-18"
ASKED = "/insights/ask/?q=why+did+escalations+go+up+in+October%3F"
GROUPED = "/insights/ask/?q=automation+by+topic+in+October"
REFUSED = "/insights/ask/?q=what+is+the+meaning+of+life"
SCREENS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}

#: Colours turn over in a moment; they are looked at when they have.
SETTLED = (
    "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => "
    "Promise.allSettled(document.getAnimations().map(a => a.finished)).then(() => done(1)))))"
)


@pytest.fixture
def pages(history: None, now: Any) -> dict[str, str]:
    """Every page with a history in it, by its address."""
    ThemeService(embedder=HashEmbedder).find(now=now, most=5000)
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss", password="x"))
    addresses = [f"{reverse(name)}?{SPAN}" for _key, name, _title in PAGES]
    addresses += [ASKED, GROUPED, REFUSED, f"/insights/rows/?measure=escalations&{SPAN}"]
    return {address: client.get(address).content.decode() for address in addresses}


@pytest.fixture
def browser(pages: dict[str, str], chromium: str) -> Iterator[Browser]:
    """Started after the pages were made: the database may not be asked from then on."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


def test_every_page_is_accessible_and_fits_the_screen(
    browser: Browser, pages: dict[str, str]
) -> None:
    source, found = axe_source(), []
    for screen, size in SCREENS.items():
        page = browser.new_page(viewport=size)  # type: ignore[arg-type]
        page.set_default_timeout(120_000)
        serve(page, pages)
        for address in pages:
            page.goto(ORIGIN + address)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                page.evaluate(SETTLED)
                _picture(page, address, screen, scheme)
                rules = () if (screen, scheme) == ("desktop", "light") else ("color-contrast",)
                problems = serious(page, source, rules=rules)
                found += [f"{address} {screen} {scheme}: {problem}" for problem in problems]
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wider > 0:
                found.append(f"{address} {screen}: {wider} px wider than the screen")
        page.close()
    assert not found, "\n".join(found)


def _picture(page: Page, address: str, screen: str, scheme: str) -> None:
    if folder := os.environ.get("PORTAL_SCREENSHOTS"):
        name = re.sub(r"\W+", "-", address.split("period")[0]).strip("-")
        path = Path(folder) / f"{name}-{screen}-{scheme}.png"
        page.screenshot(path=path, full_page=True, timeout=120_000)


def test_a_charts_points_are_reached_and_named_by_the_keyboard(
    browser: Browser, pages: dict[str, str]
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    serve(page, pages)
    address = next(name for name in pages if name.startswith("/insights/?"))
    page.goto(ORIGIN + address)
    chart = page.locator("svg.chart").first
    assert chart.get_attribute("aria-labelledby")
    assert chart.locator('a[tabindex="0"]').count() == 1
    chart.locator('a[tabindex="0"]').focus()
    first = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert first != second
    assert second
    assert page.locator("[data-said]").first.inner_text() == second
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == first
    table = page.locator("details.as-table").first
    table.locator("summary").focus()
    page.keyboard.press("Enter")
    assert table.locator("tbody tr").count() > 4
    assert table.locator("tbody a").first.is_visible()


def test_on_paper_there_are_figures_and_no_controls(
    browser: Browser, pages: dict[str, str]
) -> None:
    page = browser.new_page(viewport={"width": 794, "height": 1123})
    serve(page, pages)
    page.goto(ORIGIN + next(name for name in pages if name.startswith("/insights/automation")))
    page.emulate_media(media="print", color_scheme="light")
    for hidden in (".insights-nav", ".controls", ".slider", ".apply form"):
        places = page.locator(hidden)
        assert not any(places.nth(n).is_visible() for n in range(places.count())), hidden
    assert page.locator(".tile-value").first.is_visible()
    if folder := os.environ.get("PORTAL_SCREENSHOTS"):
        page.pdf(path=Path(folder) / "automation.pdf", format="A4")
