"""Every page and endpoint, for everybody: the answer is that of the table, and none is missing."""

import pytest

from tests.security.access_table import BODIES, MODELS, TABLE
from tests.security.conftest import World
from tests.security.people import ROLES, STAFF, ask
from tests.security.routes import model_pages, outcome, routes

pytestmark = pytest.mark.django_db

_FROM = {"s": 0, "m": 1, "a": 2, "r": 3, "-": 4}
_STAFF = ("supervisor", "manager", "admin", "root")


def test_every_address_gives_everybody_the_answer_of_its_row(world: World) -> None:
    wrong = []
    for route in routes(world.values):
        expected = TABLE.get(route.row)
        if expected is None and route.method == "post":
            expected = "-" * len(ROLES)
        body = BODIES.get(route.row)
        found = "".join(
            outcome(ask(world.clients[role], route.method, route.path, body)) for role in ROLES
        )
        if found != expected:
            wrong.append(f'"{route.row}": "{found}",  # the table says {expected}')
    assert not wrong, "\n".join(["", *wrong])


def test_no_row_of_the_table_is_left_over(world: World) -> None:
    known = {route.row for route in routes(world.values)}
    assert set(TABLE) <= known
    assert set(BODIES) <= set(TABLE)
    assert all(len(row) == len(ROLES) for row in TABLE.values())


def test_every_admin_page_of_every_model_opens_from_its_role_on(world: World) -> None:
    wrong = []
    for model, page, path in model_pages(world.objects):
        for method, right in _rights(page):
            if model not in MODELS:
                wrong.append(f"{model} has no row")
                break
            least = _FROM[MODELS[model].split()["view add change delete".split().index(right)]]
            if page == "redirect":
                least = 0  # it only leads to the change page, which decides
            for role in _asked(least):
                found = outcome(ask(world.clients[role], method, path))
                may = role in STAFF and _STAFF.index(role) >= least
                if found not in ("OH" if may else "RH" if role in STAFF else "L"):
                    wrong.append(f"{model} {page} {method}: {role} gets {found}")
    assert not wrong, "\n".join(["", *wrong])


def _asked(least: int) -> list[str]:
    """All who may not, and the least of those who may: what is above has the same rights."""
    return [role for role in ROLES if role not in _STAFF[least + 1 :]]


def _rights(page: str) -> list[tuple[str, str]]:
    """(method, right) pairs that are tried at a page of the admin."""
    return {
        "add": [("get", "add"), ("post", "add")],
        "delete": [("get", "delete"), ("post", "delete")],
        "change": [("get", "view"), ("post", "change")],
    }.get(page, [("get", "view")])


def test_no_model_row_is_left_over(world: World) -> None:
    assert set(MODELS) == {model for model, _page, _path in model_pages({})}
