"""An agent who takes over while the assistant speaks, and a customer who finds nobody there.

On the portal as it runs, with the small model: whatever happens, every message stands once, in one
order, on every screen and in the database.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.desk.people import (
    Customer,
    DeskAgent,
    ended_turns,
    make_agents,
    recorded,
    send_everybody_home,
    words,
)
from tests.live import LivePortal
from tests.path.test_browser import ARGUMENTS

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]

TRIES = (
    "How do I return an item?",
    "Which payment methods do you accept?",
    "How do I descale my coffee machine?",
    "How do I care for a cast iron pan?",
    "How do I pay in instalments?",
    "What do I do when my parcel is late?",
)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def agent(browser: Browser, live_portal: LivePortal) -> Iterator[DeskAgent]:
    make_agents(live_portal, ("tamsin", "agent"))
    agent = DeskAgent(browser, live_portal, "tamsin")
    yield agent
    agent.close()


def agree(portal: LivePortal, customer: Customer, agent: DeskAgent) -> list[list[object]]:
    """The messages of the database, which both screens show, each once and in their order."""
    expect(customer.page.locator(".message-streaming")).to_have_count(0)
    rows = recorded(portal, customer.conversation)
    spoken = [words(text) for _, author, text in rows if author != "system"]
    assert [seq for seq, _, _ in rows] == sorted({seq for seq, _, _ in rows})
    for screen in (customer.order(), agent.order()):
        assert [text for text in screen if text in spoken] == spoken, screen
    return rows


def test_a_claim_in_mid_answer_ends_the_answer_and_nothing_stands_twice(
    browser: Browser, agent: DeskAgent, live_portal: LivePortal
) -> None:
    cut = 0
    for number, question in enumerate(TRIES):
        customer = Customer(browser, live_portal)
        customer.says(f"Something is wrong with my order number {number}")
        customer.asks_for_a_person()
        agent.opens(customer.conversation)
        customer.page.fill("textarea", question)
        customer.page.keyboard.press("Enter")
        customer.page.locator(".message-streaming").wait_for(state="attached")
        agent.press("claim")
        expect(agent.act("resolve")).to_be_visible()
        said = f"Tamsin here, I have your order {number}."
        agent.says(said)
        customer.reads(said)
        customer.page.reload()
        customer.reads(said)
        rows = agree(live_portal, customer, agent)
        after = rows[[text for _, _, text in rows].index(said) :]
        assert "assistant" not in [author for _, author, _ in after]
        turns = ended_turns(live_portal, customer.conversation)
        assert {state for state, _ in turns} <= {"done", "withdrawn"}
        cut += turns[-1][1] == "taken_over"
        customer.close()
        if cut >= 2:
            return
    assert cut, "no claim came before the assistant had finished"


def test_where_nobody_is_on_the_customer_is_told_so_and_is_answered_the_next_day(
    browser: Browser, agent: DeskAgent, live_portal: LivePortal
) -> None:
    agent.is_now("offline")
    send_everybody_home(live_portal)
    customer = Customer(browser, live_portal)
    customer.says("My tea kettle sings an octave too low")
    customer.asks_for_a_person()
    page = customer.page
    expect(page.locator("[data-contact]")).to_be_visible()
    page.fill("#email", "kettle@example.com")
    page.locator("[data-contact] button").first.click()
    expect(page.locator("[data-contact]")).to_be_hidden()
    assert "assistant" in [author for _, author, _ in recorded(live_portal, customer.conversation)]
    state = customer.context.storage_state()
    conversation = customer.conversation
    customer.close()

    agent.is_now("online")
    agent.claims(conversation)
    expect(agent.page.locator("body")).to_contain_text("kettle@example.com")
    agent.says("A kettle that sings in tune is on its way.")

    context = browser.new_context(storage_state=state)
    again = context.new_page()
    again.goto(live_portal.url)
    for text in ("an octave too low", "sings in tune"):
        expect(again.locator(".message").filter(has_text=text)).to_have_count(1)
    context.close()
