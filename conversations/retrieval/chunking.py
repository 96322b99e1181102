"""Cuts an article into the passages that search finds.

Pure. A passage is some 90 to 140 words under one heading. A table row, a list item and a line of
code are never cut; a paragraph is cut between sentences. The title, and each way in which customers
put the question, is a passage of its own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conversations.retrieval.markdown import lines_with_code, to_plain

TARGET_WORDS = 90
MOST_WORDS = 140
HEADING_CHARS = 300
PHRASE_CHARS = 1_000

_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-+)\s*$")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])\s+\S")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])\s+")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULE_ROW = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"'(\[*_]*[A-Z0-9])")
# "Customers ask this in words such as:" introduces phrasings, not the answer.
_PHRASES_FOLLOW = re.compile(
    r"\b(customers?|users?|people|shoppers?|visitors?)\b.{0,40}\b(ask|asks|say|write|put)\b.*:\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Chunk:
    """A passage to be. `heading` is the trail of headings, `text` Markdown, `plain` its words."""

    kind: str  # body | title | asked_as
    heading: str
    text: str
    plain: str


@dataclass(frozen=True)
class _Block:
    """A stretch that stays whole: a list item, table row, sentence or line of code."""

    text: str
    words: int
    joint: str  # what stands between it and the block before
    header: str = ""  # a table row's header, repeated where a passage begins with the row


def chunk(*, title: str, body: str, asked_as: Sequence[str] = ()) -> tuple[Chunk, ...]:
    """The article's passages: title, phrasings, then the body in order."""
    phrases = list(dict.fromkeys(phrase.strip() for phrase in asked_as if phrase.strip()))
    found: list[Chunk] = []
    for heading, lines in _sections(body):
        blocks, listed = _blocks(lines)
        phrases += [phrase for phrase in listed if phrase not in phrases]
        found += [Chunk("body", heading, text, to_plain(text)) for text in _pack(blocks)]
    shown = [phrase[:PHRASE_CHARS] for phrase in phrases]
    return (
        Chunk("title", "", title, title),
        *(Chunk("asked_as", "", phrase, phrase) for phrase in shown),
        *found,
    )


def embedding_text(*, title: str, kind: str, heading: str, plain: str) -> str:
    """What is embedded of a passage: its plain words, a body's with its title and headings."""
    if kind != "body":
        return plain
    trail = f"{heading}. " if heading and heading != title else ""
    return f"{title}. {trail}{plain}"


def _sections(body: str) -> Iterator[tuple[str, list[tuple[str, bool]]]]:
    """(heading trail, lines with whether they are code) for each stretch under one heading."""
    trail: list[tuple[int, str]] = []
    lines: list[tuple[str, bool]] = []
    for line, is_code in lines_with_code(body.replace("\r\n", "\n").replace("\r", "\n")):
        level, words = (0, "") if is_code else _heading(line, lines)
        if not level:
            lines.append((line, is_code))
            continue
        yield _trail(trail), lines
        lines = []
        trail = [entry for entry in trail if entry[0] < level]
        trail.append((level, words))
    yield _trail(trail), lines


def _heading(line: str, before: list[tuple[str, bool]]) -> tuple[int, str]:
    if match := _HEADING.match(line):
        return len(match.group(1)), to_plain(match.group(2))
    underlined = _UNDERLINE.match(line)
    if not underlined or not before or before[-1][1]:
        return 0, ""
    words = before[-1][0]
    alone = len(before) < 2 or not before[-2][0].strip()
    if (
        not words.strip()
        or not alone
        or _ITEM.match(words)
        or _ROW.match(words)
        or len(words) > 150
    ):
        return 0, ""
    before.pop()
    return (1 if underlined.group(1)[0] == "=" else 2), to_plain(words)


def _trail(trail: list[tuple[int, str]]) -> str:
    return " › ".join(words for _, words in trail if words)[:HEADING_CHARS]


def _blocks(lines: list[tuple[str, bool]]) -> tuple[list[_Block], list[str]]:
    """Blocks of one section in order, and the phrasings that were listed among them."""
    blocks: list[_Block] = []
    phrases: list[str] = []
    for kind, group in _groups(lines):
        text = "\n".join(group)
        if kind == "row":
            blocks += _rows(group)
        elif kind == "code":
            blocks += _code(group)
        elif kind == "text":
            blocks += _sentences(text)
        elif blocks and _PHRASES_FOLLOW.search(blocks[-1].text):
            phrases.append(to_plain(_BULLET.sub("", text, count=1)))
        else:
            follows = bool(blocks) and bool(_ITEM.match(blocks[-1].text))
            blocks.append(_block(text, "\n" if follows else "\n\n"))
    if phrases:
        blocks = [block for block in blocks if not _PHRASES_FOLLOW.search(block.text)]
    return blocks, phrases


def _groups(lines: list[tuple[str, bool]]) -> Iterator[tuple[str, list[str]]]:
    """Paragraphs, list items with what belongs to them, tables and code, each with its lines."""
    group: list[str] = []
    kind, gap = "", False
    for line, is_code in lines:
        if not line.strip() and not is_code:
            gap = True
            continue
        new = _kind(line, is_code, kind, gap)
        starts = new != kind or (new == "item" and bool(_ITEM.match(line)))
        starts = starts or (gap and new in ("text", "row"))
        if starts and group:
            yield kind, group
            group = []
        elif gap and group:
            group.append("")
        kind, gap = new, False
        group.append(line)
    if group:
        yield kind, group


def _kind(line: str, is_code: bool, before: str, gap: bool) -> str:
    if before == "item" and (line.startswith(("  ", "\t")) or (not gap and not is_code)):
        return "item"  # what is indented under an item belongs to it
    if is_code:
        return "code"
    if _ROW.match(line):
        return "row"
    return "item" if _ITEM.match(line) else "text"


def _block(text: str, joint: str, header: str = "") -> _Block:
    return _Block(text, len(text.split()), joint, header)


def _rows(group: list[str]) -> list[_Block]:
    header = group[0]
    rows = group[1:]
    if rows and _RULE_ROW.match(rows[0]):
        header, rows = f"{group[0]}\n{rows[0]}", rows[1:]
    if not rows:
        return [_block(header, "\n\n")]
    return [_block(row, "\n", header) for row in rows]


def _code(group: list[str]) -> list[_Block]:
    whole = _block("\n".join(group), "\n\n")
    if whole.words <= MOST_WORDS * 2:
        return [whole]
    return [_block(line, "\n") for line in group if line.strip()]


def _sentences(text: str) -> list[_Block]:
    whole = _block(text.strip(), "\n\n")
    if whole.words <= MOST_WORDS:
        return [whole]
    parts = [part for part in _SENTENCE.split(text.strip()) if part]
    return [
        _block(piece, " " if number else "\n\n")
        for number, part in enumerate(parts)
        for piece in _long(part)
    ]


def _long(sentence: str) -> list[str]:
    """A sentence beyond the limit (a page without full stops) is cut between words."""
    words = sentence.split()
    if len(words) <= MOST_WORDS:
        return [sentence]
    return [" ".join(words[i : i + TARGET_WORDS]) for i in range(0, len(words), TARGET_WORDS)]


def _pack(blocks: list[_Block]) -> list[str]:
    """Blocks joined into passages. A short tail goes with the passage before it."""
    passages: list[tuple[str, int]] = []
    text, words, header = "", 0, ""
    for block in blocks:
        # A table's rows are told apart by their header; it stands once in each passage.
        repeated = block.header if block.header != header else ""
        lead = f"{repeated}\n" if repeated else ""
        if text and words + block.words > MOST_WORDS:
            passages.append((text, words))
            text, words, lead = "", 0, f"{block.header}\n" if block.header else ""
        joint = "\n\n" if lead else block.joint
        text = f"{text}{joint}{lead}{block.text}" if text else f"{lead}{block.text}"
        words += block.words
        header = block.header
    if text:
        passages.append((text, words))
    if len(passages) > 1 and passages[-1][1] < TARGET_WORDS // 3:
        (before, many), (last, few) = passages[-2:]
        if many + few <= MOST_WORDS + TARGET_WORDS // 3:
            passages[-2:] = [(f"{before}\n{last}", many + few)]
    return [text.strip("\n") for text, _ in passages if text.strip()]
