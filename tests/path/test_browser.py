"""A customer in a real browser, on the portal as `make run` starts it, with its real model."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.live import LivePortal

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: A question that its article answers in several sentences.
QUESTION = "How do I return an item?"


#: A busy machine takes its time; what is tested is what comes, not when.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_portal: LivePortal) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(60_000)
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(live_portal.url)
    yield page
    context.close()
    assert not [text for text in problems if "Content Security Policy" in text]


def ask(page: Page, text: str) -> None:
    page.fill("textarea", text)
    page.keyboard.press("Enter")


def recorded_reply(portal: LivePortal, question: str) -> str:
    """The text of the newest reply to a question, out of the portal's database."""
    script = (
        "import json; from conversations.models import Turn; "
        f"t = Turn.objects.filter(question__text={question!r}).latest('accepted_at'); "
        "print('TEXT', json.dumps(t.reply.text if t.reply else ''))"
    )
    output = portal.manage("shell", "-v", "0", "-c", script)
    line = next(line for line in output.splitlines() if line.startswith("TEXT "))
    text: str = json.loads(line.removeprefix("TEXT "))
    return text


def words(text: str) -> str:
    """The visible words of a Markdown or rendered text."""
    text = re.sub(r"\]\([^)]*\)", "", text)
    return " ".join(re.findall(r"\w+", text))


def test_a_customer_asks_reloads_in_mid_answer_and_reads_what_the_database_holds(
    page: Page, live_portal: LivePortal
) -> None:
    ask(page, QUESTION)
    expect(page.locator(".message-customer")).to_have_count(1)
    page.wait_for_timeout(150)
    page.reload()
    answer = page.locator(".message-assistant:not(.message-streaming) .message-text")
    expect(answer).to_have_count(1)
    expect(page.locator(".message-customer")).to_have_count(1)
    shown = answer.first.inner_text()
    recorded = recorded_reply(live_portal, QUESTION)
    assert words(recorded)
    assert re.sub(r"^\d+ ", "", words(shown)) in words(recorded) or words(recorded) == words(shown)
    page.reload()
    expect(answer).to_have_count(1)
    assert answer.first.inner_text() == shown


def test_the_sources_under_an_answer_lead_to_readable_help_pages(
    page: Page, live_portal: LivePortal
) -> None:
    ask(page, "How long do I have to return something?")
    source = page.locator(".message-assistant a[href^='/help/']").last
    expect(source).to_be_visible()
    address = source.get_attribute("href")
    page.goto(live_portal.url.rstrip("/") + str(address))
    expect(page.locator("h1")).to_be_visible()


def test_what_a_customer_types_is_never_run(page: Page) -> None:
    attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    ask(page, attack)
    expect(page.locator(".message-customer")).to_contain_text("<img src=x")
    expect(page.locator(".message-assistant:not(.message-streaming)")).to_have_count(1)
    page.reload()
    expect(page.locator(".message-customer")).to_contain_text("<script>")
    assert page.title() != "owned"


def test_asking_for_a_person_is_recorded_and_said(page: Page) -> None:
    ask(page, "hello")
    expect(page.locator(".message-assistant:not(.message-streaming)")).to_have_count(1)
    page.locator("[data-person]").first.click()
    expect(page.locator("body")).to_contain_text(re.compile("colleague|team|person", re.I))
    deadline = time.monotonic() + 10
    while page.locator("[data-person]").first.is_visible() and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert not page.locator("[data-person]").first.is_visible()
