"""What a page is made of: words and numbers. The template draws all but the cells of tables."""

from dataclasses import dataclass, field

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True)
class Tile:
    """One figure, with what it rests on, its change and the link to its rows."""

    name: str
    value: str
    link: str = ""
    basis: str = ""
    change: str = ""
    mood: str = ""  # good, bad or empty
    meaning: str = ""
    lead: bool = False
    reckoned: bool = False  # computed from other figures or assumed: it has no rows of its own


@dataclass(frozen=True)
class Cell:
    text: str
    link: str = ""
    number: bool = True
    heat: int = -1
    reckoned: bool = False
    bar: SafeString | str = ""

    @property
    def html(self) -> str:
        """Drawn here: a template takes ten times as long, and a page has hundreds of cells."""
        kinds = "bar-cell" if self.bar else "number" if self.number else ""
        if self.heat >= 0:
            kinds += f" heat-{self.heat}"
        inside: str = conditional_escape(self.bar or self.text)
        if self.link and not self.bar:
            inside = f'<a href="{conditional_escape(self.link)}">{inside}</a>'
        return f'<td class="{kinds}">{inside}</td>'


@dataclass(frozen=True)
class Table:
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    export: str = ""
    dense: bool = False

    @property
    def columns(self) -> tuple[tuple[str, bool], ...]:
        """Each head, and whether numbers stand below it."""
        first = self.rows[0] if self.rows else ()
        right = [cell.number for cell in first] + [True] * (len(self.heads) - len(first))
        return tuple(zip(self.heads, right, strict=False))

    @property
    def body(self) -> SafeString:
        """The rows, the first cell of each as its head. Every text in it is escaped."""
        drawn = (
            f'<tr><th scope="row">{conditional_escape(row[0].text)}</th>'
            f"{''.join(cell.html for cell in row[1:])}</tr>"
            for row in self.rows
            if row
        )
        return mark_safe("\n".join(drawn))  # noqa: S308 - each part is escaped above

    @property
    def parquet(self) -> str:
        """The same figures in the other form."""
        return self.export.replace("figures.csv", "figures.parquet", 1)


@dataclass(frozen=True)
class Slider:
    """A form with one range and what it leads to."""

    name: str
    label: str
    low: float
    high: float
    step: float
    value: float
    text: str


@dataclass(frozen=True)
class Apply:
    """What applying the slider's value would change, and what may be taken back.

    `seen` is the newest change that this was drawn from; `wrong` is empty where nothing is to be
    applied, `undo` where nothing is to be taken back.
    """

    now: str
    seen: str
    wrong: str = ""
    text: str = ""
    undo: str = ""
    allowed: bool = False
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A titled part of a page: tiles, then a chart, then a table, whichever there is."""

    title: str
    note: str = ""
    tiles: tuple[Tile, ...] = ()
    chart: SafeString | str = ""
    table: Table | None = None
    folded: bool = False  # the table is beside a chart: it opens on request
    slider: Slider | None = None
    apply: Apply | None = None
    empty: str = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Page:
    key: str
    title: str
    lead: str
    blocks: tuple[Block, ...] = field(default_factory=tuple)
