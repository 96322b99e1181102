"""What has to be there before the portal can serve; each step does nothing when it is done.

Steps that load a model run in a process of their own, so that the supervisor stays small.
"""

import hashlib
import os
import secrets
import subprocess
import sys
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from portal.core.migrating import one_at_a_time

DEMO_ARTICLES = settings.BASE_DIR / "conversations" / "demo" / "articles"
ADMIN = "admin"


class StepFailed(Exception):
    """A step ended with an error. Its own output, above, says why."""


def manage(*arguments: str) -> list[str]:
    """The command line of a manage.py command."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def run_command(*arguments: str) -> None:
    """Run a manage.py command; its progress shows on our terminal."""
    quiet = {**os.environ, "PORTAL_LOG_LEVEL": "WARNING"}  # log lines would break its bar
    result = subprocess.run(manage(*arguments), check=False, env=quiet)
    if result.returncode:
        raise StepFailed(f"manage.py {' '.join(arguments)} failed.")


def migrate() -> int:
    """Bring the schema to this code's state. Returns how many migrations were applied."""
    with one_at_a_time():
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            call_command("migrate", interactive=False, verbosity=0)
    return len(missing)


def collect_assets() -> bool:
    """Hash and compress the static files, if any changed since the last time."""
    target = Path(settings.STATIC_ROOT)
    mark, wanted = target / ".fingerprint", _asset_fingerprint()
    if mark.exists() and mark.read_text() == wanted:
        return False
    target.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    mark.write_text(wanted)
    return True


def _asset_fingerprint() -> str:
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path}:{facts.st_size}:{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def has_articles() -> bool:
    return apps.get_model("conversations", "Article").objects.exists()


def create_admin() -> str:
    """Make the first superuser. Returns its password, which is kept nowhere, or ""."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return ""
    password = secrets.token_urlsafe(12)
    users.create_superuser(username=ADMIN, email="", password=password)
    return password
