"""Static files: plain before collectstatic, hashed and cacheable for ever after it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import AsyncClient

from portal.assets import HashedAssets

SOME_FILE = "admin/css/base.css"


def test_before_collectstatic_names_are_plain(tmp_path: Path) -> None:
    assets = HashedAssets(location=str(tmp_path), base_url="/static/")
    assert assets.url(SOME_FILE) == f"/static/{SOME_FILE}"


def test_after_collectstatic_names_carry_a_hash(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_ROOT = tmp_path / "collected"
    call_command("collectstatic", interactive=False, verbosity=0)
    manifest = json.loads((settings.STATIC_ROOT / "staticfiles.json").read_text())["paths"]
    hashed = manifest[SOME_FILE]
    assert hashed != SOME_FILE
    assert (settings.STATIC_ROOT / f"{hashed}.gz").exists()
    assets = HashedAssets(location=str(settings.STATIC_ROOT), base_url="/static/")
    assert assets.url(SOME_FILE) == f"/static/{hashed}"


@pytest.mark.filterwarnings("error")
async def test_a_static_file_is_served_by_the_asgi_application(async_client: AsyncClient) -> None:
    response = await async_client.get(staticfiles_storage.url(SOME_FILE))
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/css")
