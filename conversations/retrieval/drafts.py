"""An article on its way in, and what may be wrong with it. Pure."""

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import unquote, urlsplit

from conversations.retrieval.markdown import from_html, rewrite_links

TITLE_CHARS = 300
ID_CHARS = 200
PHRASE_CHARS = 300
URL_CHARS = 500
BODY_CHARS = 4_000_000
_FIELD_CHARS = {"section": 80, "language": 12, "audience": 40, "product": 80}

_ARTICLE_PATH = re.compile(r"/articles?/([^/?#]+)")
_WORDS = ("id", "title", "body", "url", "section", "language", "audience", "product")


class BadRow(ValueError):
    """What is wrong with one row and what to do about it, for the person who wrote the file."""


@dataclass(frozen=True)
class ArticleDraft:
    """One article as its source has it. `path` is its place in a folder of files, for its links."""

    external_id: str
    title: str
    body: str
    asked_as: tuple[str, ...] = ()
    section: str = ""
    url: str = ""
    language: str = "en"
    audience: str = ""
    product: str = ""
    updated: datetime | None = None  # as the author dates the text; None: when it comes in
    source: str = ""  # "file:line", for messages
    path: str = ""

    @property
    def digest(self) -> str:
        """Changes when what search finds or a customer reads changes."""
        words = [self.title, self.body, list(self.asked_as), self.language]
        return hashlib.sha256(json.dumps(words, ensure_ascii=True).encode()).hexdigest()


@dataclass(frozen=True)
class RowError:
    """A row that did not go in."""

    source: str
    problem: str

    def __str__(self) -> str:
        return f"{self.source}: {self.problem}"


@dataclass(frozen=True)
class LinkTargets:
    """Where links between articles lead: the address of each id, path and old address."""

    by_id: Mapping[str, str] = field(default_factory=dict)
    by_path: Mapping[str, str] = field(default_factory=dict)
    by_url: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, link: str, *, path: str) -> str | None:
        """The address that a link of the article at `path` should have; None: it leads nowhere.

        Known are relative paths of files (`../delivery/x.md`), former addresses, and addresses
        that name an article's id as help desks do (`https://…/articles/360016-Add-a-board`).
        """
        if link in self.by_url:
            return self.by_url[link]
        try:
            parts = urlsplit(link)
        except ValueError:
            return None
        match = _ARTICLE_PATH.search(parts.path)
        if match and (target := self._by_slug(unquote(match.group(1)))):
            return target
        if parts.scheme or parts.netloc:
            return link if parts.scheme in ("http", "https", "mailto", "tel") else None
        if not parts.path:
            return link or None
        return self._relative(unquote(parts.path), parts.fragment, path)

    def _by_slug(self, slug: str) -> str | None:
        return self.by_id.get(slug) or self.by_id.get(slug.partition("-")[0])

    def _relative(self, link: str, fragment: str, path: str) -> str | None:
        if link.startswith("/") and link not in self.by_path:
            found = self.by_path.get(link.lstrip("/"))
            return found or (
                None if link.endswith(".md") else f"{link}{'#' * bool(fragment)}{fragment}"
            )
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
        for name in (place, f"{place}.md", f"{place}/index.md"):
            if name in self.by_path:
                return self.by_path[name]
        return self._by_slug(posixpath.basename(link).removesuffix(".md"))


def make_draft(row: Mapping[str, Any], *, source: str, path: str = "") -> ArticleDraft:
    """A draft from a row's fields. Raises BadRow, which names the field and the way out."""
    values = {name: _word(row, name) for name in _WORDS}
    for name in ("id", "title"):
        if not values[name]:
            raise BadRow(f'"{name}" is missing; give each article an id and a title.')
    draft = ArticleDraft(
        external_id=values["id"],
        title=" ".join(values["title"].split()),
        body=values["body"].replace("\r\n", "\n").replace("\r", "\n").strip(),
        asked_as=_phrases(row.get("asked_as")),
        section=values["section"],
        url=values["url"],
        language=(values["language"] or "en").lower(),
        audience=values["audience"],
        product=values["product"],
        updated=_moment(row.get("updated")),
        source=source,
        path=path,
    )
    _check_sizes(draft)
    _check_characters(draft)
    return draft


def with_links(draft: ArticleDraft, targets: LinkTargets) -> str:
    """The draft's body in plain Markdown, its links leading where the articles now are."""

    def resolve(link: str) -> str | None:
        return targets.resolve(link, path=draft.path)

    return rewrite_links(from_html(draft.body), resolve)


def _word(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadRow(f'"{name}" is {type(value).__name__}; write it as text.')
    return str(value) if name == "body" else str(value).strip()


def _moment(value: Any) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return datetime.combine(value, time(12), tzinfo=UTC)
    except ValueError:
        pass
    raise BadRow(f'"updated" is {value!r}; write a date such as 2026-01-29.')


def _phrases(value: Any) -> tuple[str, ...]:
    if value in (None, ""):
        return ()
    if isinstance(value, str):  # a CSV cell: one phrasing a line, or separated by |
        value = re.split(r"[\n|]", value)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise BadRow('"asked_as" must be a list of texts.')
    phrases = tuple(dict.fromkeys(" ".join(item.split()) for item in value if item.strip()))
    if long := [phrase for phrase in phrases if len(phrase) > PHRASE_CHARS]:
        raise BadRow(
            f'a text in "asked_as" has {len(long[0])} characters; at most {PHRASE_CHARS} fit.'
        )
    return phrases


def _check_sizes(draft: ArticleDraft) -> None:
    sizes = (
        ("id", draft.external_id, ID_CHARS),
        ("title", draft.title, TITLE_CHARS),
        ("url", draft.url, URL_CHARS),
        ("body", draft.body, BODY_CHARS),
        *((name, getattr(draft, name), most) for name, most in _FIELD_CHARS.items()),
    )
    for name, value, most in sizes:
        if len(value) > most:
            raise BadRow(
                f'"{name}" has {len(value):,} characters; at most {most:,} fit. Shorten it.'
            )
    if not draft.body:
        raise BadRow('"body" is empty; write the article\'s text there.')
    if draft.url and not draft.url.startswith(("https://", "http://", "/")):
        raise BadRow('"url" must begin with https://, http:// or /.')


def _check_characters(draft: ArticleDraft) -> None:
    for name, value in (
        ("id", draft.external_id),
        ("title", draft.title),
        ("body", draft.body),
        ("url", draft.url),
        ("section", draft.section),
        ("language", draft.language),
        ("audience", draft.audience),
        ("product", draft.product),
        *(("asked_as", p) for p in draft.asked_as),
    ):
        if "\x00" in value:
            raise BadRow(f'"{name}" contains a NUL character; remove it.')
        try:
            value.encode()
        except UnicodeEncodeError as exc:
            raise BadRow(
                f'"{name}" contains half a character (\\u{ord(value[exc.start]):04x}) at position '
                f"{exc.start}; save the file as UTF-8."
            ) from None
