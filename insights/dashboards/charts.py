"""Charts as SVG, made on the server: no script, no inline style, a table always beside them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from insights.figures.wording import value_text
from insights.measures.definition import Unit

WIDTH, HEIGHT = 800, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 24, 12, 32
#: Ends of a time axis whose quarters are round, in seconds.
_TIMES = (4, 8, 20, 40, 60, 120, 240, 480, 1200, 2400, 3600, 7200, 14400, 28800, 86400)
_ids = count(1)


@dataclass(frozen=True)
class Series:
    """A line: its name and a value (or a gap) for each place on the axis."""

    name: str
    values: Sequence[float | None]
    links: Sequence[str] = ()


def line(title: str, labels: Sequence[str], series: Sequence[Series], unit: Unit) -> SafeString:
    """Lines over time. The first is the main one; its points link to their rows."""
    known = [value for item in series for value in item.values if value is not None]
    if not known or not labels:
        return SafeString("")
    top = nice_top(max(known), unit)
    number = next(_ids)
    parts = [_grid(top, unit), _names(labels)]
    for place, item in enumerate(series):
        parts.append(_path(item, len(labels), top, place))
    parts.append(_points(series[0], labels, top, unit))
    return format_html(
        '<div class="chart-scroll" tabindex="0" role="group" aria-label="{}">'
        '<svg class="chart" viewBox="0 0 {} {}" role="group" aria-labelledby="chart-{}">'
        '<title id="chart-{}">{}</title>{}</svg></div>'
        '<p class="chart-said" data-said aria-hidden="true"></p>{}',
        title, WIDTH, HEIGHT, number, number, _summary(title, labels, series[0], unit),
        format_html_join("", "{}", ((part,) for part in parts)), _legend(series),
    )  # fmt: skip


def bar(value: float | None, top: float) -> SafeString:
    """A bar inside a table's cell."""
    if value is None or top <= 0:
        return SafeString("")
    width = max(0.0, min(100.0, 100 * value / top))
    return format_html(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="bar-track" width="100" height="8"></rect>'
        '<rect class="bar-fill" width="{}" height="8"></rect></svg>',
        round(width, 2),
    )


def waterfall(title: str, parts: Sequence[tuple[str, float]]) -> SafeString:
    """Steps one after the other on one line, each as long as it takes."""
    whole = sum(size for _name, size in parts)
    if whole <= 0:
        return SafeString("")
    start, drawn = 0.0, []
    for place, (name, size) in enumerate(parts):
        width = WIDTH * size / whole
        drawn.append((place % 5, round(start, 2), round(max(0.5, width), 2), name))
        start += width
    return format_html(
        '<svg class="waterfall" viewBox="0 0 {} 40" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>{}',
        WIDTH, title,
        format_html_join("", '<rect class="step-{}" x="{}" y="0" width="{}" height="40">'
                         "<title>{}</title></rect>", drawn),
        _keys([(f"step-{place % 5}", name) for place, (name, _size) in enumerate(parts)]),
    )  # fmt: skip


def curve(
    title: str, points: Sequence[tuple[float, float]], chosen: tuple[float, float] | None,
    names: tuple[str, str],
) -> SafeString:  # fmt: skip
    """Shares against shares: x to the right, y upwards, and the chosen point."""
    if len(points) < 2:
        return SafeString("")
    right = nice_top(max(x for x, _ in points), "share")
    path = " ".join(
        f"{'M' if place == 0 else 'L'}{_x_at(x / right):.1f} {_y(y, 1.0):.1f}"
        for place, (x, y) in enumerate(points)
    )
    ticks = format_html_join(
        "", '<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>',
        ((round(_x_at(step / 4), 1), HEIGHT - 10, _tick(right, step, "share"))
         for step in range(5)),
    )  # fmt: skip
    dot = SafeString("")
    if chosen is not None:
        x, y = round(_x_at(chosen[0] / right), 1), round(_y(chosen[1], 1.0), 1)
        dot = format_html('<circle class="chosen" cx="{}" cy="{}" r="6"></circle>', x, y)
    return format_html(
        '<div class="chart-scroll" tabindex="0" role="group" aria-label="{}">'
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}'
        '<path class="line line-0" d="{}"></path>{}</svg></div>'
        '<p class="chart-axes">{} → &nbsp; {} ↑</p>',
        title, WIDTH, HEIGHT, title, _grid(1.0, "share"), ticks, path, dot, *names,
    )  # fmt: skip


def nice_top(value: float, unit: Unit = "count") -> float:
    """The next round number, so that the axis has round steps."""
    if value <= 0:
        return 1.0
    if unit == "seconds" and value <= _TIMES[-1]:
        return float(next(top for top in _TIMES if value <= top))
    if unit == "share" and 0.8 < value <= 1:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    for step in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10):
        round_quarters = unit != "share" or _tenths(step * power * 25)
        if value <= step * power * 1.0000001 and round_quarters:
            return float(step * power)
    return float(10 * power)


def _tenths(percent: float) -> bool:
    """Whether a share can be said with one digit after the point."""
    return abs(round(percent, 1) - percent) < 1e-9


def _tick(top: float, step: int, unit: Unit) -> str:
    """A quarter of the axis; shares without a needless digit."""
    if unit == "share" and abs(top * 25 - round(top * 25)) < 1e-9:
        return f"{round(top * 25) * step}\u202f%"
    return value_text(top * step / 4, unit)


def _x_at(share: float) -> float:
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _x(place: int, places: int) -> float:
    return _x_at(0.5 if places == 1 else place / (places - 1))


def _y(value: float, top: float) -> float:
    return _TOP + (1 - value / top) * (HEIGHT - _TOP - _BOTTOM)


def _grid(top: float, unit: Unit) -> SafeString:
    return format_html_join(
        "",
        '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"></line>'
        '<text class="axis" x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (_LEFT, WIDTH - _RIGHT, y := round(_y(top * step / 4, top), 1), y, _LEFT - 8, y + 4,
             _tick(top, step, unit))
            for step in range(5)
        ),
    )  # fmt: skip


def _names(labels: Sequence[str]) -> SafeString:
    last = len(labels) - 1
    every = max(1, math.ceil(len(labels) / 7))
    places = [place for place in range(0, len(labels), every) if last - place >= every // 2]
    return format_html_join(
        "",
        '<text class="axis" x="{}" y="{}" text-anchor="{}">{}</text>',
        (
            (round(_x(place, len(labels)), 1), HEIGHT - 10,
             "end" if place == last and last else "middle", labels[place])
            for place in places
        ),
    )  # fmt: skip


def _path(item: Series, places: int, top: float, place: int) -> SafeString:
    steps, pen = [], "M"
    for position, value in enumerate(item.values):
        if value is None:
            pen = "M"
            continue
        steps.append(f"{pen}{_x(position, places):.1f} {_y(value, top):.1f}")
        if pen == "M":
            steps.append("h0.1")  # one alone is a dot: the line's ends are round
        pen = "L"
    return format_html('<path class="line line-{}" d="{}"></path>', place % 3, " ".join(steps))


def _points(item: Series, labels: Sequence[str], top: float, unit: Unit) -> SafeString:
    """A link for each value. One tab stop for all: arrows go from one to the next (controls.js)."""
    if len(labels) > 120:
        return SafeString("")
    drawn: list[tuple[str, str, str, float, float]] = []
    for position, value in enumerate(item.values):
        if value is None:
            continue
        link = item.links[position] if item.links else ""
        drawn.append(
            (link, "-1" if drawn else "0", f"{labels[position]}: {value_text(value, unit)}",
             round(_x(position, len(labels)), 1), round(_y(value, top), 1))
        )  # fmt: skip
    return format_html_join(
        "",
        '<a href="{}" tabindex="{}" aria-label="{}">'
        '<circle class="point" cx="{}" cy="{}" r="7"></circle></a>',
        drawn,
    )


def _summary(title: str, labels: Sequence[str], item: Series, unit: Unit) -> str:
    known = [(v, labels[i]) for i, v in enumerate(item.values) if v is not None]
    if not known:
        return title
    (low, at_low), (high, at_high) = min(known), max(known)
    return f"{title}: {value_text(low, unit)} ({at_low}) – {value_text(high, unit)} ({at_high})"


def _legend(series: Sequence[Series]) -> SafeString:
    if len(series) < 2:
        return SafeString("")
    return _keys([(f"line-{place % 3}", item.name) for place, item in enumerate(series)])


def _keys(items: Sequence[tuple[str, str]]) -> SafeString:
    return format_html(
        '<ul class="legend">{}</ul>',
        format_html_join("", '<li><span class="key {}"></span>{}</li>', items),
    )
