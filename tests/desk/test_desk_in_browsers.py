"""Two agents and three customers, each in a browser of their own, on the portal as it runs.

Whatever happens, every message stands once, in one order, on every screen and in the database.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.desk.people import Customer, DeskAgent, Person, make_agents, recorded, words
from tests.live import LivePortal
from tests.path.test_browser import ARGUMENTS

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.slow]

NewCustomer = Callable[[], Customer]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def agents(browser: Browser, live_portal: LivePortal) -> Iterator[tuple[DeskAgent, DeskAgent]]:
    make_agents(live_portal, ("mira", "agent"), ("noor", "agent"))
    pair = DeskAgent(browser, live_portal, "mira"), DeskAgent(browser, live_portal, "noor")
    yield pair
    for agent in pair:
        agent.close()


@pytest.fixture
def new_customer(browser: Browser, live_portal: LivePortal) -> Iterator[NewCustomer]:
    made: list[Person] = []

    def make() -> Customer:
        customer = Customer(browser, live_portal)
        made.append(customer)
        return customer

    yield make
    for person in made:
        person.close()


def agree(portal: LivePortal, customer: Customer, *agents: DeskAgent) -> None:
    """Customer, agents and database have the same messages, each once, in the same order."""
    rows = recorded(portal, customer.conversation)
    spoken = [words(text) for _, author, text in rows if author != "system"]
    assert [seq for seq, _, _ in rows] == sorted({seq for seq, _, _ in rows})
    expect(customer.page.locator(".message-streaming")).to_have_count(0)
    shown = [text for text in customer.order() if text in spoken]
    assert shown == spoken
    for agent in agents:
        assert [text for text in agent.order() if text in spoken] == spoken


def test_one_of_two_claims_wins_and_the_other_is_told_who(
    agents: tuple[DeskAgent, DeskAgent], new_customer: NewCustomer, live_portal: LivePortal
) -> None:
    mira, noor = agents
    first, second, third = (new_customer() for _ in range(3))
    for number, customer in enumerate((first, second, third)):
        customer.says(f"My parcel number {number} has a strange dent, what now?")
        customer.asks_for_a_person()
    mira.opens(first.conversation)
    noor.opens(first.conversation)
    mira.press("claim")
    noor.press("claim")
    # Whoever was first: one has it, the other reads who.
    winner, loser = (mira, noor) if wins(mira) else (noor, mira)
    name = "Mira" if winner is mira else "Noor"
    expect(loser.page.locator("[data-talk-head]")).to_contain_text(name)
    expect(loser.act("resolve")).to_have_count(0)
    winner.says("I am looking at your dent now.")
    first.reads("I am looking at your dent now.")
    for other in (second, third):
        assert "I am looking at your dent now." not in other.page.inner_text("body")
    agree(live_portal, first, winner)


def wins(agent: DeskAgent) -> bool:
    """Wait until the claim is settled for this agent."""
    head = agent.page.locator("[data-talk-head]")
    expect(head.locator("[data-act='claim']")).to_have_count(0)
    return head.locator("[data-act='resolve']").count() > 0


def test_words_go_both_ways_across_reloads_and_a_transfer(
    agents: tuple[DeskAgent, DeskAgent], new_customer: NewCustomer, live_portal: LivePortal
) -> None:
    mira, noor = agents
    customer = new_customer()
    customer.says("The lid of my teapot does not fit at all")
    customer.asks_for_a_person()
    mira.claims(customer.conversation)
    mira.says("Which teapot is it?")
    customer.reads("Which teapot is it?")
    customer.page.fill("textarea", "The blue one")
    customer.page.keyboard.press("Enter")
    customer.page.reload()
    mira.page.reload()
    customer.reads("The blue one")
    mira.reads("The blue one")
    mira.act("transfer").click()
    mira.page.locator("#dialog-to").select_option(label=option(mira, "Noor"))
    mira.page.fill("#dialog-note", "Noor knows teapots.")
    mira.page.locator("dialog[open] .button-primary").click()
    expect(mira.act("resolve")).to_have_count(0)
    noor.opens(customer.conversation, "mine")
    noor.reads("Noor knows teapots.")
    noor.says("I will send you the right lid.")
    customer.reads("I will send you the right lid.")
    assert "Noor knows teapots." not in customer.page.inner_text("body")
    agree(live_portal, customer, noor)


def option(agent: DeskAgent, name: str) -> str:
    """What the dialog calls a colleague: the name, whether online, and the load."""
    choice = agent.page.locator("#dialog-to option").filter(has_text=name)
    expect(choice).to_have_count(1)
    return choice.inner_text()


def test_from_the_claim_on_the_assistant_is_silent_and_the_end_is_asked_about(
    agents: tuple[DeskAgent, DeskAgent], new_customer: NewCustomer, live_portal: LivePortal
) -> None:
    mira, _ = agents
    customer = new_customer()
    customer.says("How do I return an item?")
    customer.asks_for_a_person()
    mira.claims(customer.conversation)
    said_before = len(recorded(live_portal, customer.conversation))
    customer.says("How long do I have to return something?")
    mira.says("Thirty days, and the way back is free.")
    customer.reads("Thirty days, and the way back is free.")
    rows = recorded(live_portal, customer.conversation)[said_before:]
    assert "assistant" not in [author for _, author, _ in rows]
    mira.act("resolve").click()
    mira.page.locator("dialog[open] .button-primary").click()
    expect(customer.page.locator("[data-survey]")).to_be_visible()
    customer.page.locator("[data-solved='no']").click()
    mira.page.locator("[data-view='all']").click()
    expect(mira.page.locator(f"[data-row='{customer.conversation}']")).to_be_visible()
    agree(live_portal, customer, mira)


def test_a_customer_returns_the_next_day_and_reads_everything_once(
    agents: tuple[DeskAgent, DeskAgent],
    new_customer: NewCustomer,
    browser: Browser,
    live_portal: LivePortal,
) -> None:
    mira, _ = agents
    customer = new_customer()
    customer.says("My lamp arrived without its shade")
    customer.asks_for_a_person()
    mira.claims(customer.conversation)
    state = customer.context.storage_state()
    customer.page.goto("about:blank")  # the laptop is closed
    mira.says("A shade is on its way to you.")
    again = browser.new_context(storage_state=state)
    page = again.new_page()
    page.goto(live_portal.url)
    expect(page.locator(".message").filter(has_text="A shade is on its way to you.")).to_have_count(
        1
    )
    expect(page.locator(".message").filter(has_text="without its shade")).to_have_count(1)
    again.close()


def test_a_press_that_lasts_while_the_row_is_drawn_anew_still_opens_it(
    agents: tuple[DeskAgent, DeskAgent], new_customer: NewCustomer
) -> None:
    page, customer = agents[0].page, new_customer()
    customer.says("My lamp hums in the key of D")
    customer.asks_for_a_person()
    page.locator("[data-view='waiting']").click()
    row = page.locator(f"[data-row='{customer.conversation}']")
    row.hover()
    page.mouse.down()
    customer.says("And it flickers in three-four time")
    expect(row).to_contain_text("flickers")
    page.mouse.up()
    expect(row).to_have_attribute("aria-current", "true")
    expect(page.locator("[data-thread]")).to_contain_text("key of D")
