"""docs/settings.md and portal/conf.py say the same."""

import re
from dataclasses import fields

from portal import conf
from portal.management.commands.settings_page import PAGE, page

SETTINGS = {item.metadata["env"]: item for item in fields(conf.Config)}


def test_every_setting_has_its_line_and_every_line_its_setting() -> None:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(SETTINGS), "run `manage.py settings_page`"


def test_the_page_repeats_what_the_code_says() -> None:
    assert PAGE.read_text() == page(), "run `manage.py settings_page`"


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
