"""What an agent works with, in a browser: canned replies by keyboard, facts that are put right, and
the laptop that is closed in the middle of it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.desk.people import Customer, DeskAgent, make_agents
from tests.live import LivePortal
from tests.path.test_browser import ARGUMENTS

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]

_GONE = """
from datetime import timedelta
from conversations.models import AgentProfile
from django.utils import timezone
AgentProfile.objects.filter(user__username={name!r}).update(
    seen_at=timezone.now() - timedelta(minutes=10)
)
"""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def agent(browser: Browser, live_portal: LivePortal) -> Iterator[DeskAgent]:
    make_agents(live_portal, ("tove", "agent"), ("ulla", "agent"))
    agent = DeskAgent(browser, live_portal, "tove")
    yield agent
    agent.close()


@pytest.fixture
def customer(browser: Browser, live_portal: LivePortal) -> Iterator[Customer]:
    customer = Customer(browser, live_portal)
    customer.says("My order number is NG-20418 and the box was empty")
    customer.asks_for_a_person()
    yield customer
    customer.close()


@pytest.fixture
def press(agent: DeskAgent) -> Callable[..., None]:
    def press(*keys: str) -> None:
        for key in keys:
            agent.page.keyboard.press(key)

    return press


def test_a_canned_reply_is_written_found_and_used_by_keyboard_alone(
    agent: DeskAgent, customer: Customer, press: Callable[..., None]
) -> None:
    agent.claims(customer.conversation)
    page = agent.page
    dialog = page.locator("[data-canned-dialog]")
    page.locator("body").press("m")
    expect(dialog.locator("#canned-search")).to_be_focused()
    new = dialog.get_by_role("button", name="New reply")
    new.focus()
    press("Enter")
    expect(dialog.locator("form input").first).to_be_focused()
    for text in ("empty-box", "An empty box"):
        page.keyboard.type(text)
        press("Tab")
    page.keyboard.type(
        "Sorry! Was {{fact.order_number}} sealed? Yours, {{agent.name}}. {{nonsense}}"
    )
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("nonsense")
    body = dialog.locator("#canned-body")
    body.fill("Sorry! Was {{fact.order_number}} sealed? {{fact.postcode}} is yours?")
    dialog.get_by_role("button", name="Save").press("Enter")
    option = dialog.get_by_role("option", name="/empty-box")
    expect(option).to_be_visible()
    dialog.locator("#canned-search").press_sequentially("an emp")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(dialog.locator(".canned-text")).to_contain_text("Was NG-20418 sealed?")
    expect(dialog.locator(".canned-text mark")).to_have_text("{{fact.postcode}}")
    press("Enter")
    expect(dialog).to_be_hidden()
    page.keyboard.type("1234 AB")  # over the variable that has no value
    expect(page.locator("[data-words]")).to_have_value(
        "Sorry! Was NG-20418 sealed? 1234 AB is yours?"
    )
    press("Control+Enter")
    customer.reads("Was NG-20418 sealed? 1234 AB is yours?")

    page.locator("[data-words]").press_sequentially("/empty")
    expect(page.locator("[data-picker] [role=option]")).to_have_count(1)
    press("Enter")
    expect(page.locator("[data-words]")).to_have_value(
        "Sorry! Was NG-20418 sealed? {{fact.postcode}} is yours?"
    )
    page.fill("[data-words]", "")
    press("Escape", "m")
    delete = dialog.get_by_role("button", name="Delete")
    delete.focus()
    press("Enter")
    expect(dialog.get_by_role("button", name="Really delete?")).to_be_focused()
    press("Enter")
    expect(option).to_have_count(0)
    press("Escape")
    expect(dialog).to_be_hidden()


def test_a_fact_is_corrected_and_erased_and_stays_so(agent: DeskAgent, customer: Customer) -> None:
    agent.claims(customer.conversation)
    page = agent.page
    fact = page.locator(".known-value").filter(has_text="NG-20418")
    fact.click()
    form = page.locator(".known-form")
    expect(form.locator("input")).to_be_focused()
    page.keyboard.press("Escape")
    expect(fact).to_be_focused()
    page.keyboard.press("Enter")
    form.locator("input").fill("NG-20419")
    page.keyboard.press("Enter")
    put_right = page.locator(".known-value").filter(has_text="NG-20419")
    expect(put_right).to_be_focused()
    open_again(page)
    expect(put_right).to_have_count(1)
    expect(fact).to_have_count(0)
    page.locator("dd").filter(has=put_right).get_by_role("button", name="Erase").click()
    expect(put_right).to_have_count(0)
    open_again(page)
    expect(page.locator(".known-value").filter(has_text="NG-2041")).to_have_count(0)


def open_again(page: Page) -> None:
    page.reload()
    expect(page.locator("[data-request]")).to_be_visible()


def test_who_is_mentioned_is_told_on_the_page_and_hears_of_it_from_then_on(
    agent: DeskAgent, browser: Browser, customer: Customer, live_portal: LivePortal
) -> None:
    ulla = DeskAgent(browser, live_portal, "ulla")
    expect(ulla.page.locator("[data-connection][data-state='online']")).to_have_count(1)
    agent.claims(customer.conversation)
    agent.page.locator("body").press("n")
    agent.page.fill("[data-words]", "@ulla do you know this box?")
    agent.page.locator("[data-send]").click()
    toast = ulla.page.locator("[data-toast]")
    expect(toast).to_contain_text("Tove mentions you")
    toast.get_by_role("button", name="Open").click()
    ulla.reads("do you know this box?")
    ulla.page.goto(f"{live_portal.url}desk/")
    expect(ulla.page.locator("[data-connection][data-state='online']")).to_have_count(1)
    customer.says("It was sealed, though")
    expect(toast).to_contain_text("wrote")
    ulla.close()


def test_a_closed_laptop_gives_the_conversation_back_and_a_colleague_goes_on(
    agent: DeskAgent, browser: Browser, customer: Customer, live_portal: LivePortal
) -> None:
    ulla = DeskAgent(browser, live_portal, "ulla")
    ulla.claims(customer.conversation)
    ulla.says("I am just looking where your parcel is.")
    customer.reads("I am just looking where your parcel is.")
    ulla.page.fill("[data-words]", "It lies halfway to")  # half a sentence
    expect(ulla.page.locator("[data-saved]")).to_have_text("Draft saved")
    ulla.close()
    live_portal.manage("shell", "-v", "0", "-c", _GONE.format(name="ulla"))
    customer.reads("Ulla cannot go on with your conversation just now")
    agent.claims(customer.conversation)
    agent.says("Tove here: a new one leaves today.")
    customer.reads("Tove here: a new one leaves today.")
    assert "It lies halfway to" not in customer.page.inner_text("body")
    customer.page.reload()
    for text in ("where your parcel is.", "Ulla cannot go on", "a new one leaves today."):
        customer.reads(text)
