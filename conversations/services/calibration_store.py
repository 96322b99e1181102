"""The installation's own calibrations: files under the state folder, one of them in use.

Each fit is a file of its own with a number and its digest in the name; `current` names the one in
use. Going back is naming the one before; without a name the shipped calibration is used.
"""

import json
import logging
import os
import time
from pathlib import Path
from typing import Any

from conversations.dialogue.calibration import (
    DEFAULT_PATH,
    Calibration,
    CalibrationError,
    load,
    load_or_conservative,
)
from portal.core.events import emit

CURRENT = "current"
LOOK_EVERY = 5.0  # seconds; a process follows a new fit within this


class CalibrationStore:
    """`folder` is made when the first calibration is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def installed(self) -> list[Path]:
        """All fits of this installation, the oldest first."""
        return sorted(self.folder.glob("[0-9]*-*.json"))

    def current(self) -> Path:
        """The file in use; the shipped one where nothing else is named or it is gone."""
        try:
            name = (self.folder / CURRENT).read_text(encoding="utf-8").strip()
        except OSError:
            return DEFAULT_PATH
        path = self.folder / Path(name).name
        return path if name and path.is_file() else DEFAULT_PATH

    def install(self, document: dict[str, Any]) -> Path:
        """Keep a checked calibration and use it from now on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max((int(path.name.split("-")[0]) for path in self.installed()), default=0) + 1
        path = self.folder / f"{number:04d}-{document['digest'][:12]}.json"
        _write(path, json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n")
        self._use(path.name)
        return path

    def roll_back(self) -> Path:
        """Use the calibration before the present one again; before the first is the shipped one."""
        known, present = self.installed(), self.current()
        before = known[: known.index(present)] if present in known else []
        self._use(before[-1].name if before else "")
        return self.current()

    def _use(self, name: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / CURRENT, f"{name}\n")


class CurrentCalibration:
    """Gives the calibration in use; a new fit is followed without a restart."""

    def __init__(self, store: CalibrationStore) -> None:
        self.store = store
        self._known: tuple[Path, Calibration] | None = None
        self._looked_at = 0.0

    def __call__(self) -> Calibration:
        now = time.monotonic()
        if self._known is not None and now - self._looked_at < LOOK_EVERY:
            return self._known[1]
        self._looked_at = now
        path = self.store.current()
        if self._known is None or self._known[0] != path:
            self._known = path, self._read(path)
        return self._known[1]

    def _read(self, path: Path) -> Calibration:
        """A damaged file of the installation makes way for the shipped one, and says so."""
        if path != DEFAULT_PATH:
            try:
                return load(path)
            except CalibrationError as exc:
                emit("calibration.refused", level=logging.ERROR, reason=str(exc))
        calibration, problem = load_or_conservative()
        if problem:
            emit("calibration.refused", level=logging.ERROR, reason=problem)
        return calibration


def _write(path: Path, text: str) -> None:
    """All of the file or nothing of it, for whoever reads meanwhile."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)  # noqa: PTH105
