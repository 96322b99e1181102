"""The portal's own settings with a state folder for this test session alone.

Two sessions may run at once in one checkout, and a session may have several processes
(pytest-xdist): each takes the first folder of var/test that no living one holds. Processes that a
test starts find the folder in their environment.
"""

import fcntl
import itertools
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_held: list[int] = []  # open for as long as the session lives
#: Which process of the session this is; what a test starts inherits it with the folder.
_process = os.environ.get("PYTEST_XDIST_WORKER", "alone")


def _take_folder() -> Path:
    for number in itertools.count(1):
        folder = ROOT / "var" / "test" / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "session.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        _held.append(descriptor)
        return folder
    raise AssertionError("unreachable")


def _share_models(folder: Path) -> None:
    """Models are converted once, under the real var, and shared."""
    models = ROOT / "var" / "models"
    models.mkdir(parents=True, exist_ok=True)
    if not (folder / "models").exists():
        (folder / "models").symlink_to(models, target_is_directory=True)


if os.environ.get("PORTAL_TEST_PROCESS") != _process:
    os.environ["PORTAL_TEST_PROCESS"] = _process
    _folder = _take_folder()
    _share_models(_folder)
    os.environ["PORTAL_VAR"] = str(_folder)
    os.environ["PORTAL_LOG_LEVEL"] = "WARNING"
    for _name in ("PORTAL_DEBUG", "PORTAL_HOSTS", "PORTAL_ORIGINS", "PORTAL_COMPANY"):
        os.environ.pop(_name, None)  # a developer's shell does not decide what is tested

from portal.settings import *  # noqa: E402, F403
from portal.settings import ALLOWED_HOSTS, DATABASES, STATIC_ROOT  # noqa: E402

STATIC_ROOT.mkdir(parents=True, exist_ok=True)
ALLOWED_HOSTS.append("testserver")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Lost on a power cut, which a test database may be.
DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
