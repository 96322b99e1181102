"""Articles from files: JSON lines, CSV, or a folder of Markdown. Read as often as one likes.

A reader yields drafts and row errors in the source's order. A bad row never ends the reading.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conversations.retrieval.drafts import ArticleDraft, BadRow, RowError, make_draft
from conversations.retrieval.front_matter import read_front_matter

Row = ArticleDraft | RowError

#: Files that keep a repository company and are no articles.
COMPANIONS = frozenset(
    "readme license licence copying notice source sources authors contributing changelog "
    "code_of_conduct security".split()
)
FILE_BYTES = 16 * 2**20
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_FIRST_HEADING = re.compile(r"\A\s*#\s+(.+?)\s*#*\s*$\n?", re.MULTILINE)


class UnreadableSource(ValueError):
    """The path as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True)
class SectionInfo:
    slug: str
    title: str
    description: str = ""


class ArticleSource:
    """Articles at a path. Raises UnreadableSource if there is nothing to read there at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.skipped: list[str] = []
        if path.is_dir():
            self._files = self._markdown_files()
            if not self._files:
                raise UnreadableSource(f"{path} holds no Markdown files (*.md).")
        elif not path.exists():
            raise UnreadableSource(f"{path} does not exist.")
        elif path.suffix.lower() not in (".jsonl", ".ndjson", ".csv", ".md", ".markdown"):
            raise UnreadableSource(
                f"{path.name} is not .jsonl, .csv, .md or a folder of Markdown files."
            )

    def __iter__(self) -> Iterator[Row]:
        """Drafts and errors; an id that came before is an error that names its first place."""
        first: dict[str, str] = {}
        for row in self._rows():
            if isinstance(row, ArticleDraft):
                if seen := first.get(row.external_id):
                    yield RowError(
                        row.source,
                        f'the id "{row.external_id}" was used before, at {seen}; '
                        "give each article an id of its own.",
                    )
                    continue
                first[row.external_id] = row.source
            yield row

    def _rows(self) -> Iterator[Row]:
        suffix = self.path.suffix.lower()
        if self.path.is_dir():
            yield from self._read_folder()
        elif suffix == ".csv":
            yield from _read_csv(self.path)
        elif suffix in (".md", ".markdown"):
            yield _read_markdown(self.path, self.path.parent)
        else:
            yield from _read_jsonl(self.path)

    def sections(self) -> tuple[SectionInfo, ...]:
        """Sections in their order, from sections.json in the folder or beside it."""
        if not self.path.is_dir():
            return ()
        for place in (self.path / "sections.json", self.path.parent / "sections.json"):
            if place.is_file():
                return _read_sections(place)
        return ()

    def _markdown_files(self) -> list[Path]:
        found = []
        for file in sorted(self.path.rglob("*.md")):
            inside = file.relative_to(self.path)
            if any(part.startswith(".") for part in inside.parts):
                continue
            if not file.resolve().is_relative_to(self.path.resolve()):
                self.skipped.append(f"{inside} (a link that leads out of the folder)")
                continue
            if len(inside.parts) == 1 and file.stem.lower() in COMPANIONS:
                self.skipped.append(file.name)
                continue
            found.append(file)
        return found

    def _read_folder(self) -> Iterator[Row]:
        root = _common_folder(self._files, self.path)
        for file in self._files:
            row = _read_markdown(file, self.path)
            if isinstance(row, ArticleDraft) and not row.section:
                folders = file.relative_to(root).parts[:-1]
                row = replace(row, section=folders[0][:80] if folders else "")
            yield row


def _common_folder(files: list[Path], top: Path) -> Path:
    """The folder that branches: wrappers such as `content/` are no section."""
    folder = top
    while True:
        inside = {file.relative_to(folder).parts[0] for file in files}
        only = next(iter(inside))
        if len(inside) != 1 or not (folder / only).is_dir():
            return folder
        folder = folder / only


def _decode(raw: bytes) -> str:
    """UTF-8 with or without its mark. Raises BadRow."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadRow("the file is UTF-16; save it as UTF-8.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadRow(f"byte {exc.start + 1} is not UTF-8; save the file as UTF-8.") from None


def _read_jsonl(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            source = f"{path.name}:{number}"
            if not raw.strip():
                continue
            try:
                yield make_draft(_json_row(raw), source=source)
            except BadRow as exc:
                yield RowError(source, str(exc))


def _json_row(raw: bytes) -> dict[str, Any]:
    text = _decode(raw)
    try:
        row = json.loads(text)
    except json.JSONDecodeError as exc:
        raise BadRow(
            f"not valid JSON ({exc.msg} at column {exc.colno}); one object a line."
        ) from None
    except RecursionError:
        raise BadRow("nested too deeply; one flat object a line.") from None
    except ValueError:
        raise BadRow("it holds a number that is too long.") from None
    if not isinstance(row, dict):
        raise BadRow('not a JSON object; write {"id": …, "title": …, "body": …}.')
    return row


def _read_csv(path: Path) -> Iterator[Row]:
    csv.field_size_limit(16_000_000)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        first = file.readline()
        file.seek(0)
        delimiter = ";" if first.count(";") > first.count(",") else ","
        reader = csv.DictReader(
            (line.replace("\x00", "\ufffe") for line in file), delimiter=delimiter
        )
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        if not {"id", "title", "body"} <= set(names):
            missing = ", ".join(sorted({"id", "title", "body"} - set(names)))
            yield RowError(
                f"{path.name}:1", f"the header lacks {missing}; name the columns in line 1."
            )
            return
        reader.fieldnames = names
        yield from _csv_rows(path, reader)


def _csv_rows(path: Path, reader: "csv.DictReader[str]") -> Iterator[Row]:
    while True:
        source = f"{path.name}:{reader.line_num + 1}"
        try:
            row = next(reader)
            if None in row:
                raise BadRow("more cells than the header has; put quotes around texts with commas.")
            yield make_draft(_csv_fields(row), source=source)
        except StopIteration:
            return
        except (BadRow, csv.Error) as exc:
            yield RowError(source, str(exc))


def _csv_fields(row: dict[str | Any, str | Any]) -> dict[str, str]:
    fields = {}
    for name, value in row.items():
        text = (value or "").replace("\ufffe", "\x00")
        if any("\udc80" <= char <= "\udcff" for char in text):
            raise BadRow(f'"{name}" is not UTF-8; save the file as UTF-8.')
        fields[name] = text
    return fields


def _read_markdown(file: Path, top: Path) -> Row:
    inside = file.relative_to(top).as_posix()
    source = f"{inside}:1"
    try:
        if file.stat().st_size > FILE_BYTES:
            raise BadRow(f"larger than {FILE_BYTES // 2**20} MiB; split it into articles.")
        text = _decode(file.read_bytes()).replace("\r\n", "\n")
        match = _FRONT_MATTER.match(text)
        meta = read_front_matter(match.group(1)) if match else {}
        body = text[match.end() :] if match else text
        if not meta.get("title"):
            heading = _FIRST_HEADING.match(body)
            meta["title"] = heading.group(1) if heading else _title_of(file)
            body = body[heading.end() :] if heading else body
        meta.setdefault("id", inside.removesuffix(".md"))
        return make_draft({**meta, "body": body}, source=source, path=inside)
    except BadRow as exc:
        return RowError(source, str(exc))
    except OSError as exc:
        return RowError(source, f"cannot be read ({exc.strerror}).")


def _title_of(file: Path) -> str:
    words = re.sub(r"[-_]+", " ", file.stem).strip()
    return words[:1].upper() + words[1:]


def _read_sections(place: Path) -> tuple[SectionInfo, ...]:
    try:
        rows = json.loads(place.read_text(encoding="utf-8-sig"))
        return tuple(
            SectionInfo(str(row["slug"]), str(row["title"]), str(row.get("description", "")))
            for row in rows
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UnreadableSource(
            f"{place} is not a list of {{slug, title, description}} ({exc})."
        ) from None
