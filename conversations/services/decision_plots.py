"""Two plots of an evaluation's verdicts, drawn by hand as SVG: reliability and risk by coverage.

Pure. Reliability: of the decisions with about this confidence, how many were right. Risk by
coverage: answering the surest share of all questions, how many of those answers are wrong.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 560, 400, 64, 40, 24, 56
BINS = 10
Z = 1.96


@dataclass(frozen=True)
class Point:
    """One weighed question: its confidence, and whether the best article was right."""

    confidence: float
    right: bool


@dataclass(frozen=True)
class Bin:
    """Questions of like confidence: their mean, the share that was right, and its 95 % interval."""

    confidence: float
    right: float
    low: float
    high: float
    count: int


def bins(points: Sequence[Point], count: int = BINS) -> list[Bin]:
    """Bins of equal width over 0..1; empty ones are left out."""
    groups: dict[int, list[Point]] = {}
    for point in points:
        groups.setdefault(min(count - 1, int(point.confidence * count)), []).append(point)
    found = []
    for _, group in sorted(groups.items()):
        share = sum(point.right for point in group) / len(group)
        low, high = wilson(share, len(group))
        mean = sum(point.confidence for point in group) / len(group)
        found.append(Bin(mean, share, low, high, len(group)))
    return found


def wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's interval of a share."""
    centre = (share + Z * Z / (2 * count)) / (1 + Z * Z / count)
    half = Z * math.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    half /= 1 + Z * Z / count
    return max(0.0, centre - half), min(1.0, centre + half)


def calibration_error(points: Sequence[Point]) -> float:
    """Expected calibration error: the bins' distance from the diagonal, weighed by their size."""
    total = sum(item.count for item in bins(points))
    if not total:
        return 0.0
    return sum(abs(item.right - item.confidence) * item.count for item in bins(points)) / total


def risk_curve(points: Sequence[Point], questions: int) -> list[tuple[float, float]]:
    """(share answered of all questions, share wrong of those), the surest first; ties together."""
    ordered = sorted(points, key=lambda point: -point.confidence)
    found, wrong = [], 0
    for place, point in enumerate(ordered, start=1):
        wrong += not point.right
        if place == len(ordered) or ordered[place].confidence < point.confidence:
            found.append((place / max(1, questions), wrong / place))
    return found


def reliability_svg(points: Sequence[Point], title: str) -> str:
    """The reliability diagram with 95 % intervals and a strip that shows how many there are."""
    found = bins(points)
    most = max((item.count for item in found), default=1)
    marks = [_line(_x(0), _y(0), _x(1), _y(1), "ideal")]
    for item in found:
        x = _x(item.confidence)
        marks.append(_line(x, _y(item.low), x, _y(item.high), "interval"))
        marks.append(f'<circle cx="{x:.1f}" cy="{_y(item.right):.1f}" r="4" class="mark"/>')
        height = 36 * item.count / most
        marks.append(
            f'<rect x="{x - 8:.1f}" y="{_y(0) - height:.1f}" width="16" height="{height:.1f}" '
            f'class="count"><title>{item.count} questions</title></rect>'
        )
    subtitle = (
        f"{len(points):,} questions; expected calibration error {calibration_error(points):.3f}"
    )
    return _frame(title, subtitle, "confidence of the decision", "best article right", marks, 1.0)


def risk_svg(
    points: Sequence[Point], questions: int, title: str, *, max_error: float | None = None
) -> str:
    """The risk-coverage curve; a dashed line at the error that is allowed."""
    curve = risk_curve(points, questions)
    top = _ceiling(max([risk for _, risk in curve] + [max_error or 0.0, 0.05]))
    path = " ".join(f"{_x(share):.1f},{_y(risk / top):.1f}" for share, risk in curve)
    marks = [f'<polyline points="{path}" class="curve"/>'] if curve else []
    if max_error is not None:
        marks.append(_line(_x(0), _y(max_error / top), _x(1), _y(max_error / top), "ideal"))
        within = max((share for share, risk in curve if risk <= max_error), default=0.0)
        subtitle = f"{questions:,} questions; in hindsight {within:.0%} at {max_error:.1%} wrong"
    else:
        subtitle = f"{questions:,} questions"
    return _frame(
        title, subtitle, "answered, of all questions", "wrong, of the answered", marks, top
    )


def _frame(
    title: str, subtitle: str, across: str, up: str, marks: Sequence[str], top: float
) -> str:
    body = "\n".join([*_axes(top), *marks])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">\n<style>{_STYLE}</style>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" class="paper"/>\n'
        f'<text x="{LEFT}" y="18" class="title">{escape(title)}</text>\n'
        f'<text x="{LEFT}" y="33">{escape(subtitle)}</text>\n{body}\n'
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 14}" class="middle">{across}</text>\n'
        f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" '
        f'class="middle">{up}</text>\n</svg>\n'
    )


def _axes(top: float) -> Iterator[str]:
    for step in range(6):
        share = step / 5
        yield _line(_x(0), _y(share), _x(1), _y(share), "grid")
        yield f'<text x="{LEFT - 8}" y="{_y(share) + 4:.1f}" class="end">{share * top:.0%}</text>'
        x, y = _x(share), HEIGHT - BOTTOM + 18
        yield f'<text x="{x:.1f}" y="{y}" class="middle">{share:.0%}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _ceiling(value: float) -> float:
    return next(top for top in (0.1, 0.2, 0.25, 0.5, 1.0) if value <= top)


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


_STYLE = """
text{font:12px system-ui,sans-serif;fill:#48525e}.title{font-weight:600;fill:#1d232b}
.paper{fill:#fff}.middle{text-anchor:middle}.end{text-anchor:end}
.grid{stroke:#e3e7ec}.ideal{stroke:#8a94a0;stroke-dasharray:5 4}
.interval{stroke:#2f6fde;stroke-width:1.5}.mark{fill:#2f6fde}
.curve{fill:none;stroke:#2f6fde;stroke-width:2}.count{fill:#2f6fde;opacity:.15}
""".replace("\n", "")
