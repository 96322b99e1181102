"""Markdown to HTML that is safe to insert: nothing but an allow-list of tags comes out.

Two dialects. Articles (written by staff): headings with ids, tables, https pictures from hosts
that the operator names. Messages (written by anybody or by a model): no pictures, which would
carry a conversation away in their address, and no ids.
"""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import nh3
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

MESSAGE_CHARS = 20_000
ARTICLE_CHARS = 500_000
LINK_REL = "noopener noreferrer nofollow ugc"
SCHEMES = frozenset({"https", "http", "mailto", "tel"})

_INLINE = {"a", "b", "br", "code", "del", "em", "i", "s", "strong"}
_BLOCKS = {"blockquote", "hr", "li", "ol", "p", "pre", "ul"}
_TABLE = {"div", "table", "tbody", "td", "th", "thead", "tr"}
_HEADINGS = {f"h{level}" for level in range(1, 7)}
_TABLE_CLASS = "table-scroll"

_message_parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
_message_parser.enable(["strikethrough", "table"])
_article_parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])


def render_message(text: str) -> str:
    """A message's words as HTML, with line breaks kept. Headings become bold paragraphs."""
    tokens = _message_parser.parse(text[:MESSAGE_CHARS])
    _flatten_headings(tokens)
    _wrap_tables(tokens)
    _check_images(tokens, lambda _address: False)
    return _MESSAGE.clean(_message_parser.renderer.render(tokens, _message_parser.options, {}))


def render_article(text: str, *, image_hosts: Iterable[str] = ()) -> str:
    """An article's body as HTML. Its headings start at level 2, below the page's title.

    Pictures come from this site's /media/ or by https from one of `image_hosts`; of others the
    description stays as text.
    """
    tokens = _article_parser.parse(text[:ARTICLE_CHARS])
    _number_headings(tokens)
    _wrap_tables(tokens)
    hosts = frozenset(image_hosts)
    _check_images(tokens, lambda address: _is_allowed_image(address, hosts))
    return _ARTICLE.clean(_article_parser.renderer.render(tokens, _article_parser.options, {}))


def is_safe_link(address: str) -> bool:
    """Whether a link may lead there: a known scheme, a path on this site, or a place on the page.

    `//evil.example` and `/\\evil.example` look like paths and leave the site: refused.
    """
    address = address.strip()
    if address.startswith("#"):
        return True
    if address.startswith("/"):
        return address[1:2] not in ("/", "\\")
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    scheme = parts.scheme.lower()
    return scheme in SCHEMES and (bool(parts.netloc) or scheme not in ("http", "https"))


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "href":
        return value if is_safe_link(value) else None
    return value


def _cleaner(tags: set[str], attributes: dict[str, set[str]]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href", "title"}, "ol": {"start"}, **attributes},
        attribute_filter=_keep_attribute,
        link_rel=LINK_REL,
        url_schemes=set(SCHEMES),
        allowed_classes={"div": {_TABLE_CLASS}},
        set_tag_attribute_values={"div": {"tabindex": "0"}},
    )


_MESSAGE = _cleaner(_INLINE | _BLOCKS | _TABLE, {})
_ARTICLE = _cleaner(
    _INLINE | _BLOCKS | _TABLE | _HEADINGS | {"img"},
    {"img": {"src", "alt", "title", "loading"}, **{name: {"id"} for name in _HEADINGS}},
)


def _flatten_headings(tokens: list[Token]) -> None:
    for index, token in enumerate(tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        token.tag = "p"
        if token.type == "heading_open":
            inline = tokens[index + 1]
            inline.children = [
                Token("strong_open", "strong", 1),
                *(inline.children or []),
                Token("strong_close", "strong", -1),
            ]


def _number_headings(tokens: list[Token]) -> None:
    """Give every heading an id made of its words, as links within articles expect."""
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    shift = 1 if 1 in levels else 0
    taken: set[str] = set()
    for index, token in enumerate(tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        token.tag = f"h{min(6, int(token.tag[1]) + shift)}"
        if token.type == "heading_open":
            base = slugify(_plain(tokens[index + 1]), allow_unicode=True) or "section"
            name, number = base, 1
            while name in taken:
                number += 1
                name = f"{base}-{number}"
            taken.add(name)
            token.attrSet("id", name)


def _plain(token: Token) -> str:
    return "".join(child.content for child in token.children or [])


def _wrap_tables(tokens: list[Token]) -> None:
    """Put each table into a box of its own that scrolls on a narrow screen."""
    for index in range(len(tokens) - 1, -1, -1):
        if tokens[index].type == "table_close":
            tokens.insert(index + 1, Token("table_box_close", "div", -1, block=True))
        elif tokens[index].type == "table_open":
            box = Token("table_box_open", "div", 1, attrs={"class": _TABLE_CLASS}, block=True)
            tokens.insert(index, box)


def _check_images(tokens: list[Token], is_allowed: Callable[[str], bool]) -> None:
    """Leave the description in the place of a picture that may not be shown."""
    for token in tokens:
        for child in token.children or []:
            if child.type != "image":
                continue
            if is_allowed(str(child.attrGet("src") or "")):
                child.attrSet("loading", "lazy")
            else:
                child.type, child.content, child.tag = "text", child.content, ""


def _is_allowed_image(address: str, hosts: frozenset[str]) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if not parts.scheme and not parts.netloc:
        return address.startswith("/media/") and ".." not in address
    return parts.scheme == "https" and (parts.hostname or "") in hosts
