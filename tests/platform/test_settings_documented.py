"""docs/settings.md and portal/conf.py say the same."""

import re
from dataclasses import fields

from portal import conf

PAGE = (conf.ROOT / "docs" / "settings.md").read_text()
ROWS = dict(re.findall(r"^\| `([A-Z_]+)` \| .*? \| (.*) \|$", PAGE, re.M))
SETTINGS = {item.metadata["env"]: item for item in fields(conf.Config)}


def test_every_setting_has_its_line_and_every_line_its_setting() -> None:
    assert set(ROWS) == set(SETTINGS)


def test_the_page_repeats_the_meaning_that_the_code_gives() -> None:
    assert {name: item.metadata["doc"] for name, item in SETTINGS.items()} == ROWS


def test_the_page_shows_the_default_of_plain_values() -> None:
    for name, item in SETTINGS.items():
        if isinstance(item.default, str | int) and item.default and item.default is not True:
            assert f"| `{name}` | `{item.default}` |" in PAGE


def test_nothing_but_conf_reads_the_environment_for_a_setting() -> None:
    readers = [
        path
        for folder in ("portal", "conversations", "insights")
        for path in (conf.ROOT / folder).rglob("*.py")
        if path != conf.ROOT / "portal" / "conf.py"
        if any(f'"{name}"' in path.read_text() for name in SETTINGS)
        and re.search(r"environ(\.get\(|\[)", path.read_text())
    ]
    assert readers == []
