"""The file of a backup: a zip with one member a table, the state files, and a manifest at the end.

The manifest names every member with its rows and SHA-256, so a cut or changed file is found before
a row of it is believed.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

FORMAT = 1
MANIFEST = "manifest.json"
_BLOCK = 1 << 20


class UnusableBackup(Exception):
    """The file is no backup of Portal, or not a whole one. The message says which."""


@dataclass(frozen=True)
class Table:
    """One table's rows, in PostgreSQL's COPY text format, with the columns that it lists."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        return f"tables/{self.name}"


@dataclass
class Manifest:
    created_at: str
    postgres: str
    django: str
    embedding: str
    migrations: tuple[tuple[str, str], ...]
    tables: list[Table] = field(default_factory=list)
    sequences: dict[str, tuple[int, bool]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> "Manifest":
        raw: dict[str, Any] = json.loads(text)
        if raw.get("format") != FORMAT:
            raise UnusableBackup(
                f"It has format {raw.get('format')}, this version reads format {FORMAT}: restore "
                "it with the version that made it."
            )
        raw["migrations"] = tuple((app, name) for app, name in raw["migrations"])
        raw["tables"] = [
            Table(row["name"], tuple(row["columns"]), row["rows"], row["sha256"])
            for row in raw["tables"]
        ]
        raw["sequences"] = {name: (int(v), bool(c)) for name, (v, c) in raw["sequences"].items()}
        return cls(**raw)


class Digesting:
    """Passes bytes on and keeps their hash and lines."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target, self._hash, self.lines = target, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        self._target.write(data)
        self._hash.update(data)
        self.lines += data.count(b"\n")

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def written(path: Path) -> Iterator[zipfile.ZipFile]:
    """A new archive, readable by its owner only, that appears under its name when it is whole."""
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            yield archive
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """An existing archive, checked to its last byte. Raises UnusableBackup."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise UnusableBackup(f"There is no file {path}.") from None
    except zipfile.BadZipFile:
        raise UnusableBackup("It is cut short, or no backup at all (not a readable zip).") from None
    with archive:
        yield archive, _checked(archive)


def _checked(archive: zipfile.ZipFile) -> Manifest:
    try:
        manifest = Manifest.from_json(archive.read(MANIFEST))
        _verify(archive, manifest)
    except KeyError as error:
        raise UnusableBackup(f"It is no backup of Portal ({error.args[0]}).") from None
    except (zipfile.BadZipFile, EOFError, zlib.error):
        raise UnusableBackup("It is damaged: a member cannot be read.") from None
    except (json.JSONDecodeError, TypeError, ValueError):
        raise UnusableBackup("It is no backup of Portal (its manifest is not readable).") from None
    return manifest


def _verify(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    expected = {table.member: table.sha256 for table in manifest.tables} | manifest.files
    for member, digest in expected.items():
        found = hashlib.sha256()
        with archive.open(member) as stream:
            while block := stream.read(_BLOCK):
                found.update(block)
        if found.hexdigest() != digest:
            raise UnusableBackup(f"It is damaged: {member} is not what was written.")
