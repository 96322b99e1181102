"""The running portal's pages for axe: nothing serious, in light and dark, on a desktop and a phone.

The insights have a test of their own (tests/insights). What is on the pages is real: a conversation
with an answer, one that waits, one that an agent holds.
"""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.axe import axe_source, serious
from tests.desk.people import PASSWORD, make_agents
from tests.live import LivePortal
from tests.path.test_browser import ARGUMENTS

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]

SCREENS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
SETTLED = (
    "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => "
    "Promise.allSettled(document.getAnimations().map(a => a.finished)).then(() => done(1)))))"
)
HELP = ("help/", "help/search/?q=return", "desk/login/", "api/docs/")
ADMIN = (
    "admin/",
    "admin/conversations/reviewitem/",
    "admin/conversations/conversation/",
    "admin/conversations/turn/",
    "admin/conversations/article/",
    "admin/conversations/article/add/",
)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Without the pages' security policy, so that axe may run; other tests look at the policy."""
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def source() -> str:
    return axe_source()


def problems(page: Page, source: str, name: str) -> list[str]:
    """What is serious on the open page, on both screens and in both colour schemes."""
    found = []
    for screen, size in SCREENS.items():
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.evaluate(SETTLED)
            rules = () if scheme == "light" else ("color-contrast",)
            found += [f"{name} {screen} {scheme}: {p}" for p in serious(page, source, rules=rules)]
    return found


def log_in(page: Page, portal: LivePortal, username: str, target: str) -> None:
    page.goto(f"{portal.url}desk/login/?next=/{target}")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(portal.url + target)


def test_the_chat_and_the_help_centre_are_accessible(
    context: BrowserContext, live_portal: LivePortal, source: str
) -> None:
    page = context.new_page()
    page.goto(live_portal.url)
    found = problems(page, source, "empty chat")
    page.fill("textarea", "How do I return an item?")
    page.keyboard.press("Enter")
    expect(page.locator(".message-assistant:not(.message-streaming)")).to_have_count(1)
    page.locator("[data-person]").first.click()
    expect(page.locator("[data-person]").first).to_be_hidden()
    found += problems(page, source, "chat that waits")
    page.goto(f"{live_portal.url}help/search/?q=return")
    article = str(page.locator("main a[href^='/help/']").first.get_attribute("href"))
    for address in (*HELP, article.removeprefix("/")):
        response = page.goto(live_portal.url + address)
        assert response
        assert response.ok, address
        found += problems(page, source, address)
    page.close()
    assert not found, "\n".join(found)


def test_the_desk_is_accessible_with_a_conversation_open(
    context: BrowserContext, live_portal: LivePortal, source: str
) -> None:
    make_agents(live_portal, ("axel", "agent"))
    customer = context.new_page()
    customer.goto(live_portal.url)
    customer.evaluate("localStorage.clear()")
    customer.reload()
    customer.fill("textarea", "The handle of my pan came off")
    customer.keyboard.press("Enter")
    expect(customer.locator(".message-assistant:not(.message-streaming)")).to_have_count(1)
    customer.locator("[data-person]").first.click()
    expect(customer.locator("[data-person]").first).to_be_hidden()
    kept = customer.evaluate("localStorage.getItem('portal.conversation')")
    page = context.new_page()
    log_in(page, live_portal, "axel", "desk/")
    found = problems(page, source, "queue")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator(f"[data-row='{json.loads(kept)['id']}']").click()
    page.locator("[data-talk-head] [data-act='claim']:visible").click()
    expect(page.locator("[data-talk-head] [data-act='resolve']:visible")).to_be_visible()
    found += problems(page, source, "conversation")
    page.close()
    customer.close()
    assert not found, "\n".join(found)


def test_the_admin_is_accessible(
    context: BrowserContext, live_portal: LivePortal, source: str
) -> None:
    make_agents(live_portal, ("sue", "admin"))
    live_portal.manage(
        "shell",
        "-v",
        "0",
        "-c",
        "from django.contrib.auth import get_user_model as g;"
        "g().objects.filter(username='sue').update(is_staff=True, is_superuser=True)",
    )
    page = context.new_page()
    page.context.clear_cookies()
    log_in(page, live_portal, "sue", "admin/")
    found = []
    for address in ADMIN:
        page.goto(live_portal.url + address)
        found += problems(page, source, address)
    page.close()
    assert not found, "\n".join(found)
