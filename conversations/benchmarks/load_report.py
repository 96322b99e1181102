"""What load tests found, for people: medians of several runs, a table and plots.

matplotlib comes with requirements-benchmark.txt; without it there is no plot, and the page says so.
"""

import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

PROMISE_MS = 500


def medians(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One report of several runs of the same plan: counts summed, times the median of each run's.

    `runs` keeps every run's p95, so that their spread shows.
    """
    if len(reports) == 1:
        return reports[0]
    combined = dict(reports[0])
    for name in ("questions", "replies", "lost", "duplicated", "out_of_order", "reloads"):
        combined[name] = sum(report[name] for report in reports)
    for name in ("errors", "tiers", "decisions"):
        combined[name] = _summed([report[name] for report in reports])
    for name in ("first_frame_ms", "accepted_ms", "first_token_ms", "done_ms", "median_turn"):
        combined[name] = _median_of([report[name] for report in reports])
    tiers = {tier for report in reports for tier in report["first_token_ms_by_tier"]}
    combined["first_token_ms_by_tier"] = {
        tier: _median_of([r["first_token_ms_by_tier"].get(tier, {}) for r in reports])
        for tier in sorted(tiers)
    }
    combined["cpu_ms_per_question"] = _median_of(
        [r.get("cpu_ms_per_question", {}) for r in reports]
    )
    combined["runs"] = [report["first_token_ms"]["p95"] for report in reports]
    return combined


def _summed(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    keys = {key for count in counts for key in count}
    return {key: sum(count.get(key, 0) for count in counts) for key in sorted(keys)}


def _median_of(tables: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for key in dict.fromkeys(key for table in tables for key in table):
        values = [table[key] for table in tables if table.get(key) is not None]
        known = [value for value in values if value is not None]
        found[key] = round(statistics.median(known), 1) if known else None
    return found


def machine() -> dict[str, Any]:
    """Where it was measured, and how busy that was with other work."""
    return {
        "at": datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": psutil.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "processor": _processor(),
        "load_average": round(psutil.getloadavg()[0], 1),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def write(folder: Path, reports: Sequence[dict[str, Any]], *, about: str, name: str) -> list[Path]:
    """Write NAME.md (and NAME.png where matplotlib is there) into a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.md"]
    picture = _plot(folder / f"{name}.png", reports)
    files[0].write_text(_page(reports, about=about, picture=picture), encoding="utf-8")
    return [*files, *([picture] if picture else [])]


def _page(reports: Sequence[dict[str, Any]], *, about: str, picture: Path | None) -> str:
    where = machine()
    lines = [
        "# Load tests",
        "",
        (
            f"Written by `{about}` on {where['at']}: {where['cores']} cores "
            f"({where['processor']}), {where['memory_gb']} GB. Portal, services and the load "
            "itself ran on the one machine, whose load average was "
            f"{where['load_average']} when the test ended. Times in milliseconds."
        ),
        "",
        (
            "| conversations | questions | lost / doubled / out of order | first frame p95 "
            "| first text p50 / p95 / p99 | done p50 / p95 | written by |"
        ),
        "|--:|--:|---|--:|---|---|---|",
        *(_row(report) for report in reports),
        "",
    ]
    if any("runs" in report for report in reports):
        lines += ["Medians of several runs; the p95 of each run:", ""]
        lines += [
            f"- {report['conversations']} conversations: "
            + ", ".join(_ms(value) for value in report["runs"])
            for report in reports
            if "runs" in report
        ]
        lines.append("")
    if picture:
        lines += [f"![First text over conversations, by rung]({picture.name})", ""]
    else:
        lines += ["No plot: matplotlib is not installed (requirements-benchmark.txt).", ""]
    lines += ["## Where a median turn's milliseconds go", "", *_steps(reports[-1]), ""]
    return "\n".join(lines)


def _row(report: dict[str, Any]) -> str:
    first, done = report["first_token_ms"], report["done_ms"]
    tiers = ", ".join(f"{tier} {count}" for tier, count in sorted(report["tiers"].items()))
    errors = report["lost"], report["duplicated"], report["out_of_order"]
    return (
        f"| {report['conversations']} | {report['questions']} | {' / '.join(map(str, errors))} "
        f"| {_ms(report['first_frame_ms']['p95'])} "
        f"| {_ms(first['p50'])} / **{_ms(first['p95'])}** / {_ms(first['p99'])} "
        f"| {_ms(done['p50'])} / {_ms(done['p95'])} | {tiers} |"
    )


def _steps(report: dict[str, Any]) -> list[str]:
    steps = sorted(report["median_turn"].items(), key=lambda item: item[1] or 0)
    return [
        f"At {report['conversations']} conversations, since the acceptance:",
        "",
        *(f"- {name.removesuffix('_ms').replace('_', ' ')}: {_ms(value)}" for name, value in steps),
        *_computed(report),
    ]


def _computed(report: dict[str, Any]) -> list[str]:
    parts = report.get("cpu_ms_per_question") or {}
    if not parts:
        return []
    lines = [f"- {part}: {_ms(value)}" for part, value in parts.items()]
    return ["", "## Processor milliseconds for a question, by process", "", *lines]


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _plot(file: Path, reports: Sequence[dict[str, Any]]) -> Path | None:
    try:
        import_module("matplotlib").use("Agg")
        pyplot = import_module("matplotlib.pyplot")
    except ImportError:
        return None
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=120)
    sizes = [report["conversations"] for report in reports]
    for share, style in (("p50", "--"), ("p95", "-")):
        values = [report["first_token_ms"][share] for report in reports]
        axes.plot(sizes, values, style, marker="o", color="#16201f", label=f"all, {share}")
    for tier in sorted({tier for r in reports for tier in r["first_token_ms_by_tier"]}):
        points = [
            (r["conversations"], r["first_token_ms_by_tier"][tier]["p95"])
            for r in reports
            if (r["first_token_ms_by_tier"].get(tier) or {}).get("p95") is not None
        ]
        label = "ready sentence" if tier == "none" else tier
        axes.plot(*zip(*points, strict=True), ":", marker=".", label=f"{label}, p95")
    axes.axhline(PROMISE_MS, color="#b3261e", linewidth=1)
    axes.annotate("promise", (sizes[0], PROMISE_MS), color="#b3261e", va="bottom")
    axes.set_xscale("log" if len(sizes) > 2 else "linear")
    axes.set_xticks(sizes, [str(size) for size in sizes], minor=False)
    axes.set_xlabel("conversations at once")
    axes.set_ylabel("first text, ms")
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, axis="y", alpha=0.3)
    axes.legend(frameon=False, fontsize="small")
    figure.tight_layout()
    figure.savefig(file)
    pyplot.close(figure)
    return file
