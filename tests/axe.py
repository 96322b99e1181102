"""axe-core for tests of pages: fetched once with npm, asked for what is serious.

Pages are rendered by Django's test client and served to the browser from memory: no server, and
the pages' own policy (CSP) stays away, so that axe may run. tests/path covers the policy itself.
"""

import json
import mimetypes
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from playwright.sync_api import Page, Route

VERSION = "4.10.3"
ORIGIN = "http://pages.test"
SERIOUS = ("serious", "critical")


def axe_source() -> str:
    """axe's script. Without npm or a registry the test is skipped, or fails in CI."""
    folder = Path(settings.CONFIG.var) / "cache" / f"axe-core-{VERSION}"
    script = folder / "package" / "axe.min.js"
    if not script.exists():
        folder.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm")
        packed = npm and subprocess.run(
            [npm, "pack", f"axe-core@{VERSION}", "--silent"],
            cwd=folder, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        if not packed or packed.returncode:
            if os.environ.get("PORTAL_REQUIRE_BROWSER"):
                pytest.fail("axe-core cannot be fetched, and PORTAL_REQUIRE_BROWSER is set.")
            pytest.skip("axe-core cannot be fetched here.")
        with tarfile.open(folder / f"axe-core-{VERSION}.tgz") as archive:
            archive.extract("package/axe.min.js", folder, filter="data")
    return script.read_text(encoding="utf-8")


def serve(page: Page, pages: Mapping[str, str]) -> None:
    """Let the browser find these pages (path and query → HTML) and our static files."""

    def answer(route: Route) -> None:
        parts = urlsplit(route.request.url)
        whole = parts.path + (f"?{parts.query}" if parts.query else "")
        if whole in pages:
            route.fulfill(status=200, content_type="text/html; charset=utf-8", body=pages[whole])
            return
        name = parts.path.removeprefix("/static/")
        found = finders.find(name) if name != parts.path else None
        if isinstance(found, str) and Path(found).is_file():
            kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
            route.fulfill(status=200, content_type=kind, body=Path(found).read_bytes())
            return
        route.fulfill(status=404, body="")

    page.route("**/*", answer)


def serious(page: Page, source: str, *, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe finds serious or critical on the open page, each with its place."""
    page.evaluate(source)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = page.evaluate(f"axe.run(document, {json.dumps(options)})")
    return [
        f"{item['id']} ({item['impact']}): {node['html'][:160]} — {node['failureSummary'][:200]}"
        for item in found["violations"]
        if item["impact"] in SERIOUS
        for node in item["nodes"][:3]
    ]
