"""Fetches a model's files from a hub, at a pinned revision, each checked against the hub's hash.

Used by `prepare_model` and by a model worker, never by a web process. Only safetensors, JSON and
tokenizer files are taken: nothing that runs code when it is read. A transfer that broke off goes on
where it was; the folder takes its place in one step, when all of it is whole.
"""

import hashlib
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from tqdm import tqdm

from conversations.inference import weights
from conversations.inference.backend import BackendUnavailable

_WANTED = re.compile(r"[\w.-]+\.(safetensors|json|model|txt|jinja)")
_PINNED = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_BLOCK = 1 << 20
TIMEOUT = 30.0


@dataclass(frozen=True)
class Hub:
    """A hub that speaks the Hugging Face Hub's HTTP interface. `token` opens gated models."""

    url: str
    token: str = ""


@dataclass(frozen=True)
class HubFile:
    """One file with its size and hash: SHA-256, or git's SHA-1 for small ones."""

    name: str
    size: int
    sha256: str = ""
    git_sha1: str = ""

    def digest(self) -> Any:
        if self.sha256:
            return hashlib.sha256()
        begun = hashlib.sha1(usedforsecurity=False)
        begun.update(f"blob {self.size}\0".encode())
        return begun

    @property
    def expected(self) -> str:
        return self.sha256 or self.git_sha1


def folder_of(name: str, revision: str, var: Path) -> Path:
    """Where a hub's model lives after it was fetched."""
    return var / "models" / f"{name.replace('/', '--')}-{revision[:12]}"


def fetch(hub: Hub, name: str, revision: str, var: Path, *, progress: bool = True) -> Path:
    """Fetch a model that is not there yet; returns its folder. Raises BackendUnavailable."""
    if not _NAME.fullmatch(name) or not _PINNED.fullmatch(revision):
        raise BackendUnavailable(
            f"{name} at {revision or 'no revision'} cannot be fetched: name it as owner/model and "
            "pin PORTAL_GPU_MODEL_REVISION to a commit of 40 hex digits."
        )
    target = folder_of(name, revision, var)
    if (target / weights.MANIFEST).is_file():
        return target
    scratch = target.with_name(f".{target.name}.part")
    scratch.mkdir(parents=True, exist_ok=True)
    files = _listing(hub, name, revision)
    total = sum(file.size for file in files)
    with tqdm(total=total, unit="B", unit_scale=True, desc=name, disable=not progress) as bar:
        for file in files:
            address = f"{hub.url}/{quote(name)}/resolve/{revision}/{quote(file.name)}"
            _get(hub, address, file, scratch / file.name, bar)
    weights.write_manifest(scratch)
    weights.put_in_place(scratch, target)
    return target


def _listing(hub: Hub, name: str, revision: str) -> list[HubFile]:
    address = f"{hub.url}/api/models/{quote(name)}/revision/{revision}?blobs=true"
    try:
        with _open(hub, address) as response:
            said = json.loads(response.read(16 << 20))
        rows = said["siblings"]
        if said.get("sha", revision) != revision:
            raise ValueError("another revision")
        files = [_file(row) for row in rows if _WANTED.fullmatch(str(row["rfilename"]))]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise BackendUnavailable(_reason(hub, name, exc)) from exc
    names = {file.name for file in files}
    if "config.json" not in names or not any(n.endswith(".safetensors") for n in names):
        raise BackendUnavailable(f"{name} has no safetensors and config.json at this revision.")
    return files


def _file(row: dict[str, Any]) -> HubFile:
    name, large = str(row["rfilename"]), row.get("lfs") or {}
    if PurePosixPath(name).name != name:
        raise ValueError("a path")
    file = HubFile(name, int(row["size"]), str(large.get("sha256", "")), str(row.get("blobId", "")))
    if not file.expected:
        raise ValueError("no hash")
    return file


def _get(hub: Hub, address: str, file: HubFile, target: Path, bar: "tqdm[Any]") -> None:
    """Fetch one file, from where an earlier try broke off. A wrong hash throws it away."""
    digest, have = file.digest(), 0
    for block in _blocks_of(target):
        digest.update(block)
        have += len(block)
    bar.update(have)
    try:
        if have < file.size:
            with _open(hub, address, start=have) as response, target.open("ab") as out:
                if have and response.status != 206:
                    raise BackendUnavailable(f"{hub.url} does not continue transfers; try again.")
                while block := response.read(_BLOCK):
                    out.write(block)
                    digest.update(block)
                    bar.update(len(block))
    except OSError as exc:
        raise BackendUnavailable(_reason(hub, file.name, exc)) from exc
    except BackendUnavailable:
        target.unlink()
        raise
    if digest.hexdigest() != file.expected:
        short = target.stat().st_size < file.size
        if not short:
            target.unlink()
        what = "broke off; run it again to go on" if short else "is damaged (its hash is wrong)"
        raise BackendUnavailable(f"{file.name} from {hub.url} {what}.")


def _blocks_of(path: Path) -> Iterator[bytes]:
    if path.exists():
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


class _Redirects(urllib.request.HTTPRedirectHandler):
    """To a storage host, as hubs do: the token stays behind, and never from https to http."""

    def redirect_request(self, req: Any, *told: Any) -> Any:
        newurl = told[-1]
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if old.scheme == "https" and new.scheme != "https":
            raise urllib.error.URLError("a redirect away from https")
        again = super().redirect_request(req, *told)
        if again is not None and old.netloc != new.netloc:
            again.remove_header("Authorization")
        return again


def _open(hub: Hub, address: str, *, start: int = 0) -> Any:
    request = urllib.request.Request(address, headers={"User-Agent": "portal"})
    if hub.token:
        request.add_header("Authorization", f"Bearer {hub.token}")
    if start:
        request.add_header("Range", f"bytes={start}-")
    return urllib.request.build_opener(_Redirects()).open(request, timeout=TIMEOUT)


def _reason(hub: Hub, what: str, exc: Exception) -> str:
    status = f"HTTP {exc.code}" if isinstance(exc, urllib.error.HTTPError) else type(exc).__name__
    return (
        f"{what} cannot be fetched from {hub.url} ({status}); is the hub reachable, the licence "
        "accepted and PORTAL_HUB_TOKEN set? A local folder as PORTAL_GPU_MODEL works without a hub."
    )
