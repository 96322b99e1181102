"""The agents' pages: who gets in, what the page carries, and how strict it is."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

pytestmark = pytest.mark.django_db

ROOT = Path(settings.BASE_DIR)
SCRIPTS = sorted((ROOT / "static/js/desk").glob("*.js"))
PASSWORD = "open sesame"


def make_user(username: str, role: str = "") -> None:
    user = get_user_model().objects.create_user(username, password=PASSWORD)
    if role:
        user.groups.add(Group.objects.get(name=role))


@pytest.fixture
def agent(client: Client) -> Client:
    make_user("mira", "agent")
    client.login(username="mira", password=PASSWORD)
    return client


def config_of(html: str) -> dict[str, object]:
    found = re.search(r'<script id="desk-config" type="application/json">(.*?)</script>', html)
    assert found
    config: dict[str, object] = json.loads(found.group(1))
    return config


def test_nobody_is_sent_to_the_login_and_back(client: Client) -> None:
    response = client.get("/desk/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/desk/login/?next=/desk/"


def test_an_agent_logs_in_and_sees_the_desk(client: Client) -> None:
    make_user("mira", "agent")
    form = {"username": "mira", "password": PASSWORD, "next": "/desk/"}
    response = client.post("/desk/login/", form, follow=True)
    assert response.redirect_chain == [("/desk/", 302)]
    assert "data-queue" in response.content.decode()


def test_a_wrong_password_says_what_to_do_and_keeps_the_name(client: Client) -> None:
    html = client.post("/desk/login/", {"username": "mira", "password": "x"}).content.decode()
    assert "Check the user name and the password" in html
    assert 'value="mira"' in html


def test_the_login_leads_to_no_foreign_page(client: Client) -> None:
    make_user("mira", "agent")
    form = {"username": "mira", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post("/desk/login/", form).headers["Location"] == "/desk/"


def test_somebody_without_a_role_is_refused_and_told_why(client: Client) -> None:
    make_user("outsider")
    client.login(username="outsider", password=PASSWORD)
    response = client.get("/desk/")
    assert response.status_code == 403
    assert "has no role at the desk" in response.content.decode()


def test_logging_out_takes_a_post(agent: Client) -> None:
    assert agent.get("/desk/logout/").status_code == 405
    assert agent.post("/desk/logout/").status_code == 302
    assert agent.get("/desk/").status_code == 302


def test_the_desk_is_kept_by_no_cache_and_no_search_engine(agent: Client) -> None:
    response = agent.get("/desk/")
    assert "no-store" in response.headers["Cache-Control"]
    assert 'content="noindex"' in response.content.decode()


@pytest.mark.parametrize("path", ["/desk/", "/desk/login/"])
def test_the_pages_hold_the_strict_policy(agent: Client, path: str) -> None:
    response = agent.get(path)
    html = response.content.decode()
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)
    assert all(
        "src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", html)
    )


def test_the_scripts_find_every_sentence_that_they_say(agent: Client) -> None:
    strings = config_of(agent.get("/desk/").content.decode())["strings"]
    assert isinstance(strings, dict)
    scripts = "".join(path.read_text() for path in SCRIPTS)
    used = set(re.findall(r"\bstrings\.(\w+)", scripts))
    assert used <= strings.keys()
    by_name = {"connecting", "online", "offline", "customer", "assistant", "system", "agent"}
    by_name |= {name for name in strings if name.removesuffix("Text") in strings["done"]}
    by_name |= set(re.findall(r'"(\w+)"', scripts))
    assert strings.keys() - used <= by_name


def test_the_page_has_each_part_that_the_scripts_take(agent: Client) -> None:
    html = agent.get("/desk/").content.decode()
    names = ("main.js", "board.js", "shell.js", "panes.js", "talk_view.js")
    main = "".join((ROOT / "static/js/desk" / name).read_text() for name in names)
    parts = set(re.findall(r'\bpart\("([\w-]+)"\)', main))
    assert {name for name in parts if f"data-{name}" not in html} == set()


def test_scripts_stay_short_and_never_build_html_from_words() -> None:
    for path in SCRIPTS:
        text = path.read_text()
        assert len(text.splitlines()) <= 250, path.name
        for line in text.splitlines():
            assert "innerHTML" not in line or "sanitised by the server" in line, path.name
