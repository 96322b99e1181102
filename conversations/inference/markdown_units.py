"""Cuts Markdown into the smallest pieces that still make sense alone. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["sentence", "list", "table", "code"]

_LIST_ITEM = re.compile(r"\s*([-*+]|\d+[.)])\s+")
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
_FENCE = re.compile(r"\s*(```|~~~)")
#: After the end of a sentence, before a capital, a digit, a quotation mark or emphasis; an
#: abbreviation or an initial does not end one.
_SENTENCE_END = re.compile(
    r"(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!\bapprox\.)(?<!\bNo\.)(?<!\bMr\.)(?<!\bMs\.)"
    r"(?<!\bDr\.)(?<!\b[A-Z]\.)(?<=[.!?…])[\"')*_]*\s+(?=[\"'(*_\[]*[^\Wa-z])"
)
_WORD = re.compile(r"\w+(?:['’]\w+)?")
_STOPWORDS = frozenset(
    "a about after all also an and any are as at be been before being but by can could d did do "
    "does doing don for from get got had has have having he her here him his how i if in into is "
    "it its just like ll m me my no not now of on one only or other our out over please re s she "
    "should so some such t than that the their them then there these they this those to too up us "
    "ve very was we were what when where which while who why will with would you your".split()
)


@dataclass(frozen=True)
class Unit:
    """A sentence, or a whole list, table or block of code, under its heading."""

    text: str
    kind: Kind
    heading: str


def units(markdown: str) -> list[Unit]:
    """The pieces in order. Joined in any selection they are readable Markdown."""
    found: list[Unit] = []
    heading = ""
    for kind, block in _blocks(markdown):
        if kind == "heading":
            heading = block
        elif kind == "sentence":
            flat = " ".join(block.split())
            found.extend(Unit(s.strip(), "sentence", heading) for s in _sentences(flat))
        else:
            found.append(Unit(block, kind, heading))
    return [unit for unit in found if _WORD.search(unit.text)]


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def terms(text: str) -> list[str]:
    """The words that carry meaning, without case and common English endings."""
    lowered = (word.casefold() for word in words(text))
    return [_stem(word) for word in lowered if word not in _STOPWORDS and len(word) > 1]


def _stem(word: str) -> str:
    word = word.removesuffix("'s").removesuffix("’s")
    for ending, put in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)] + put
    return word


def _sentences(paragraph: str) -> list[str]:
    return _SENTENCE_END.split(paragraph) if paragraph else []


def _blocks(markdown: str) -> list[tuple[Kind | Literal["heading"], str]]:
    """Runs of lines that belong together."""
    blocks: list[tuple[Kind | Literal["heading"], list[str]]] = []
    fenced = broken = False
    for line in markdown.splitlines():
        if _FENCE.match(line):
            if fenced:
                blocks[-1][1].append(line)
            else:
                blocks.append(("code", [line]))
            fenced, broken = not fenced, True
        elif fenced:
            blocks[-1][1].append(line)
        elif match := _HEADING.match(line):
            blocks.append(("heading", [match[1]]))
            broken = True
        elif not line.strip():
            broken = True
        else:
            kind = _line_kind(line, blocks[-1][0] if blocks and not broken else None)
            # A blank line between the items of a list does not end it.
            continues = blocks and blocks[-1][0] == kind and (not broken or kind == "list")
            if continues:
                blocks[-1][1].append(line)
            else:
                blocks.append((kind, [line]))
            broken = False
    return [(kind, "\n".join(lines)) for kind, lines in blocks]


def _line_kind(line: str, running: str | None) -> Kind:
    if _LIST_ITEM.match(line):
        return "list"
    if line.lstrip().startswith("|"):
        return "table"
    if running == "list" and line[:1].isspace():
        return "list"
    return "sentence"
