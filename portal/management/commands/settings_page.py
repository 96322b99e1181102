"""`manage.py settings_page`: writes docs/settings.md from portal/conf.py, so that they agree."""

import re
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from portal import conf

PAGE = conf.ROOT / "docs" / "settings.md"
INTRODUCTION = """# Settings

Portal reads every setting from the environment when a process starts; `portal/conf.py` is the only
place that does. Everything has a default that works on one machine. A wrong value is named at
start-up, with the way out (`manage.py check`). This page is written by `manage.py settings_page`.

Yes-or-no settings take true, false, 1, 0, yes, no, on or off. Lists are comma separated.
"""
END = """
Time budgets and size limits are not settings: they depend on one another and stand in
`portal/limits.py`, where `manage.py check` proves their order. For the tests,
`PORTAL_REQUIRE_BROWSER=1` turns a skipped browser test into a failure.
"""


class Command(BaseCommand):
    help = "Write docs/settings.md from portal/conf.py."

    def handle(self, *_args: Any, **_options: Any) -> None:
        PAGE.write_text(page())
        self.stdout.write(f"{PAGE.relative_to(conf.ROOT)} is written.")


def page() -> str:
    """The whole page, with a table for each group of fields in Config."""
    by_name = {item.name: item for item in fields(conf.Config)}
    # Read as text: `inspect` would parse it, and CPython 3.11's parser can trip over a collection
    # of garbage in the middle ("AST constructor recursion depth mismatch").
    module = Path(conf.__file__).read_text(encoding="utf-8")
    source = module.partition("class Config:")[2].partition("@property")[0]
    parts = [INTRODUCTION]
    for group in source.split("    # --- ")[1:]:
        title, _, body = group.partition("\n")
        names = re.findall(r"^    (\w+):", body, re.MULTILINE)
        rows = "\n".join(_row(by_name[name]) for name in names)
        heading = title[0].upper() + title[1:]
        parts.append(f"\n## {heading}\n\n| variable | default | meaning |\n|---|---|---|\n{rows}\n")
    return "".join(parts) + END


def _row(item: "Field[Any]") -> str:
    name = item.metadata["env"]
    return f"| `{name}` | {_default(name, item.default)} | {item.metadata['doc']} |"


def _default(name: str, value: Any) -> str:
    if name == "PORTAL_VAR":
        return "`var` in the checkout"
    if isinstance(value, tuple):
        value = ",".join(value)
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if value != "" else "unset"
