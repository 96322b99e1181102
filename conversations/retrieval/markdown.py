"""Markdown of articles: HTML islands turned to Markdown, links put right, formatting taken off.

Pure and linear in the length of the text. Code, fenced or inline, is never touched.
"""

import re
from collections.abc import Callable, Iterator
from html import unescape

LinkResolver = Callable[[str], str | None]

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_CODE_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_LINK = re.compile(
    r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*(<[^<>]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)"
    r"(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
)
_REFERENCE = re.compile(r"^ {0,3}\[([^\]^][^\]]*)\]:\s*(<[^<>]*>|\S+)(.*)$")
_ALERT = re.compile(r"^(\s*>\s*)\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*$", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[^<>]*)?)/?>")
_AROUND_BLOCK = re.compile(
    r"[ \t]*\n?[ \t]*(</?(?:p|div|section|article|figure|figcaption|ul|ol|li|h[1-6])\b[^<>]*>)\s*",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))")
_COMMENT = re.compile(r"<!--.{0,20000}?-->", re.DOTALL)
# Bounded, so that a megabyte of stray asterisks costs no more than a megabyte of words.
_EMPHASIS = re.compile(r"(\*\*\*|\*\*|\*|___|__|~~)(?=\S)(.{1,400}?)(?<=\S)\1")
_UNDERSCORE = re.compile(r"(?<!\w)_(?=\S)(.{1,400}?)(?<=\S)_(?!\w)")
_LINE_START = re.compile(r"^\s*(?:>\s?)*\s*(?:#{1,6}\s+|[-*+]\s+(?:\[[ xX]\]\s+)?|\d{1,9}[.)]\s+)?")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")
#: Classes and ids behind a link or heading, as some generators write them: "{.external}".
_ATTRIBUTE_LIST = re.compile(r"(?<=[)\]\w])[ ]?\{[:.#][\w .:#=\"-]{1,200}\}")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~])")
_SPACES = re.compile(r"[ \t]+")

_DROPPED = frozenset({"script", "style", "iframe", "object", "svg", "video", "audio", "form"})
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "kbd": "`", "code": "`"}
_BREAKS = frozenset("p div section article figure figcaption ul ol table tbody thead tr dl".split())
_PLAIN = frozenset(
    "span sup sub u small input label font center details summary td th dt dd".split()
)
_KNOWN = (
    _DROPPED
    | set(_MARKS)
    | _BREAKS
    | _PLAIN
    | {"a", "br", "hr", "img", "li"}
    | {f"h{n}" for n in range(1, 7)}
)


def lines_with_code(text: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it belongs to a fenced code block (its fences included)."""
    fence = ""
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if not fence and match:
            fence = match.group(1)
            yield line, True
        elif fence:
            yield line, True
            if match and match.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        else:
            yield line, False


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """`text` with `change` applied to every stretch that is not code."""
    out: list[str] = []
    prose: list[str] = []

    def flush() -> None:
        if prose:
            out.append(_outside_spans("\n".join(prose), change))
            prose.clear()

    for line, is_code in lines_with_code(text):
        if is_code:
            flush()
            out.append(line)
        else:
            prose.append(line)
    flush()
    return "\n".join(out)


def _outside_spans(text: str, change: Callable[[str], str]) -> str:
    """Code spans are lifted out, so that `change` sees whole sentences, and put back."""
    spans: list[str] = []

    def lift(match: re.Match[str]) -> str:
        spans.append(match.group(0))
        return f"\x00{len(spans) - 1}\x00"

    changed = change(_CODE_SPAN.sub(lift, text))
    return re.sub(r"\x00(\d+)\x00", lambda m: spans[int(m.group(1))], changed)


def from_html(text: str) -> str:
    """HTML that authors mixed in, as Markdown. Unknown tags (`<port>`) stay: they are words."""
    return outside_code(_COMMENT.sub("", text), _convert_html).strip()


def _convert_html(text: str) -> str:
    text = _ATTRIBUTE_LIST.sub("", text)
    if "<" not in text:
        return text
    for tag in _DROPPED:
        text = re.sub(rf"<{tag}\b[^>]*>.*?</{tag}>", "", text, flags=re.DOTALL | re.IGNORECASE)
    text = re.sub(r"<table\b[^>]*>(.*?)</table>", _table, text, flags=re.DOTALL | re.IGNORECASE)
    text = re.sub(r"<a\b([^>]*)>(.*?)</a>", _anchor, text, flags=re.DOTALL | re.IGNORECASE)
    text = _AROUND_BLOCK.sub(r"\1", text)  # the indentation of HTML would read as code
    converted = _TAG.sub(_tag, text)
    return re.sub(r"\n[ \t]*\n(?:[ \t]*\n)+", "\n\n", converted)


def _anchor(match: re.Match[str]) -> str:
    href = _attribute(match.group(1), "href")
    words = _SPACES.sub(" ", _TAG.sub(_tag, match.group(2)).replace("\n", " ")).strip()
    if not href or not words:
        return words
    return f"[{words}]({href})"


def _attribute(attributes: str, name: str) -> str:
    for found in _ATTRIBUTE.finditer(attributes):
        if found.group(1).lower() == name:
            return unescape(found.group(2) or found.group(3) or found.group(4) or "")
    return ""


def _table(match: re.Match[str]) -> str:
    rows = []
    for row in re.findall(
        r"<tr\b[^>]*>(.*?)(?=<tr\b|$)", match.group(1), re.DOTALL | re.IGNORECASE
    ):
        cells = re.findall(
            r"<t[dh]\b[^>]*>(.*?)(?=<t[dh]\b|</tr|$)", row, re.DOTALL | re.IGNORECASE
        )
        rows.append([_cell(cell) for cell in cells])
    rows = [row for row in rows if any(row)]
    if not rows:
        return ""
    width = max(map(len, rows))
    filled = [row + [""] * (width - len(row)) for row in rows]
    written = [f"| {' | '.join(row)} |" for row in filled]
    return "\n\n" + "\n".join([written[0], "|" + " --- |" * width, *written[1:]]) + "\n\n"


def _cell(html: str) -> str:
    linked = re.sub(r"<a\b([^>]*)>(.*?)</a>", _anchor, html, flags=re.DOTALL | re.IGNORECASE)
    words = _TAG.sub(
        lambda m: " " if m.group(2).lower() in ("br", "li", "p") else _inline(m), linked
    )
    return " ".join(words.replace("|", "\\|").split())


def _inline(match: re.Match[str]) -> str:
    name = match.group(2).lower()
    if name in _MARKS:
        return _MARKS[name]
    return "" if name in _KNOWN else match.group(0)


def _tag(match: re.Match[str]) -> str:
    closing, name = bool(match.group(1)), match.group(2).lower()
    if name in _MARKS or name in _PLAIN or name == "a" or name not in _KNOWN:
        return _inline(match)
    if name == "br":
        return "  \n"
    if name == "img":
        address, words = _attribute(match.group(3), "src"), _attribute(match.group(3), "alt")
        return f"![{words}]({address})" if address else ""
    if name == "li":
        return "" if closing else "\n- "
    if name.startswith("h") and name != "hr":
        return "\n\n" if closing else f"\n\n{'#' * int(name[1])} "
    return "\n\n"


def rewrite_links(text: str, resolve: LinkResolver) -> str:
    """Every link's target as `resolve` gives it; where it gives None, only the words stay.

    Pictures become links to the picture where the address is absolute, else they go. Notes such
    as `> [!NOTE]` become `> **Note**`.
    """

    def link(match: re.Match[str]) -> str:
        picture, words = bool(match.group(1)), match.group(2)
        address = match.group(3).strip("<>")
        if picture:
            absolute = address.startswith(("https://", "http://"))
            return f"[{words}]({address})" if absolute and words else ""
        target = resolve(address)
        inner = _LINK.sub(link, words)
        return f"[{inner}]({target})" if target else inner

    def change(part: str) -> str:
        lines = []
        for line in part.split("\n"):
            alert = _ALERT.match(line)
            reference = _REFERENCE.match(line)
            if alert:
                line = f"{alert.group(1)}**{alert.group(2).capitalize()}**"
            elif reference and (target := resolve(reference.group(2).strip("<>"))):
                line = f"[{reference.group(1)}]: {target}{reference.group(3)}"
            lines.append(line)
        return _LINK.sub(link, "\n".join(lines))

    return outside_code(text, change)


def to_plain(text: str) -> str:
    """The words alone: for embedding, full-text search and reading aloud."""
    lines = []
    for line, is_code in lines_with_code(text):
        if _TABLE_RULE.match(line) and "-" in line:
            continue
        if is_code:
            lines.append("" if _FENCE.match(line) else line.strip())
            continue
        line = _LINE_START.sub("", line, count=1)
        line = _LINK.sub(lambda m: m.group(2), line)
        line = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", line))
        line = _UNDERSCORE.sub(r"\1", line).replace("`", "")
        if line.lstrip().startswith("|"):
            line = ", ".join(cell.strip() for cell in line.strip().strip("|").split("|"))
        lines.append(_ESCAPE.sub(r"\1", line).strip())
    return _SPACES.sub(" ", unescape("\n".join(lines))).strip()
