"""The second factor as people meet it: set up from the page, and asked for at the next login."""

from pathlib import Path

import pytest
from django.db import connection
from django_otp.oath import totp
from playwright.sync_api import Page, ViewportSize, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.security.people import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: ViewportSize = {"width": 390, "height": 844}


def code_from(page: Page) -> str:
    """What an app would show for the key on the page."""
    from base64 import b32decode

    key = b32decode(page.locator(".qr-secret code").inner_text())
    return f"{totp(key):06d}"


def log_in(page: Page) -> None:
    page.goto("/desk/login/?next=/desk/login/app/")
    page.fill("#username", "mira")
    page.fill("#password", "open sesame")
    page.get_by_role("button", name="Log in").click()


def test_an_agent_sets_an_app_up_and_is_asked_for_it_afterwards(
    live_server: LiveServer, chromium: str, tmp_path: Path
) -> None:
    make_user("mira", "agent", None)
    connection.close()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        first = browser.new_page(base_url=live_server.url, viewport=PHONE, color_scheme="dark")
        first.set_default_timeout(60_000)
        log_in(first)
        first.screenshot(path=tmp_path / "set-up.png", full_page=True)
        first.fill("#code", "000000")
        first.get_by_role("button", name="Set up").click()
        first.get_by_role("alert").wait_for()
        first.wait_for_timeout(1_100)  # a wrong code makes the next one wait a second
        first.fill("#code", code_from(first))
        first.get_by_role("button", name="Set up").click()
        first.locator(".recovery-codes li").nth(9).wait_for()
        first.screenshot(path=tmp_path / "codes.png", full_page=True)
        recovery = first.locator(".recovery-codes code").first.inner_text()

        second = browser.new_context(base_url=live_server.url, viewport=PHONE).new_page()
        second.set_default_timeout(60_000)
        log_in(second)
        second.screenshot(path=tmp_path / "code.png", full_page=True)
        second.fill("#code", recovery)
        second.get_by_role("button", name="Go on").click()
        second.locator(".qr").wait_for()  # where the login was headed
        browser.close()
