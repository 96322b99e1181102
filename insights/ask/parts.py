"""What was found in a question. Filled by the readers, put together by `planning`."""

from dataclasses import dataclass

from insights.ask.spans import Relative, Span
from insights.figures.periods import Period
from insights.figures.plan import Filter, Order


@dataclass
class Parts:
    """Empty where the question says nothing."""

    measure: str = ""
    given: bool = False  # the figure was told by the whole question, not by a phrase of it
    named: str = ""  # what the words say, before a twin of it is taken
    spoken: str = ""
    ambiguous: str = ""
    period: Period | None = None
    shift: Relative | None = None
    compare: Span | None = None
    compares: bool = False
    filters: tuple[Filter, ...] = ()
    group: str = ""
    order: Order = ""
    limit: int = 0
    p95: bool = False
    speed: bool = False
    at_best: bool = False  # the upper bound of the figure before
    busy: bool = False
    of_conversations: bool = False
    of_answered: bool = False
    ranked: bool = False
    opposite: bool = False
    why: bool = False
    versus: bool = False
    implied: Period | None = None
    who: bool = False
    how_many: bool = False
    follows: bool = False
    orders: bool = False  # it wants something done, or what would be: no figure helps
    unmet: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    mended: tuple[tuple[str, str], ...] = ()
    text: str = ""  # in lower case, slips mended, before anything is taken out

    @property
    def says_nothing(self) -> bool:
        """Whether a follow-up would only repeat the figure before it."""
        return not (
            self.measure or self.period or self.shift or self.compare or self.compares
            or self.at_best or self.filters or self.group or self.order or self.limit or self.why
        )  # fmt: skip
