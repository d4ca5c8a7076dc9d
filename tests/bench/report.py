"""How the figures are shown: a table for a terminal, bench.json for programs, bench.svg for the growth."""

import json
import math
import os
import platform
import sqlite3
import time
import unicodedata
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

from . import Measure

BARS = "▁▂▃▄▅▆▇█"
Row = tuple[str, str, Measure]  # number of the line, database, measure


def machine(folder: str, postgres: str) -> dict[str, str]:
    """Which machine this was, as far as it bears on the figures."""
    cpu = [
        row.split(":")[1].strip() for row in _read("/proc/cpuinfo").splitlines() if row.startswith("model name")
    ]
    memory = [row.split()[1] for row in _read("/proc/meminfo").splitlines() if row.startswith("MemTotal")]
    return {
        "cpu": f"{len(os.sched_getaffinity(0))} × {cpu[0] if cpu else platform.processor() or 'unknown'}",
        "memory": f"{int(memory[0]) / 2**20:.0f} GiB" if memory else "unknown",
        "system": f"{platform.system()} {platform.release()}",
        "flush": f"{_flush_time(folder) * 1000:.2f} ms",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": postgres,
    }


def _read(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def _flush_time(folder: str, times: int = 50) -> float:
    """Seconds for writing and syncing 8 kB, the least any durable commit costs here."""
    path = Path(folder, "flush")
    with path.open("wb") as out:
        begun = time.perf_counter()
        for _ in range(times):
            out.write(bytes(8192))
            out.flush()
            os.fsync(out.fileno())
    path.unlink()
    return (time.perf_counter() - begun) / times


def as_json(scale: str, named: dict[str, str], rows: list[Row], failures: dict[str, str]) -> str:
    measures = [
        {"line": number, "database": database, **asdict(m), "ratio": m.ratio, "reached": m.is_reached}
        for number, database, m in rows
    ]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    report = {"at": at, "scale": scale, "machine": named, "measures": measures, "failures": failures}
    return json.dumps(report, ensure_ascii=False, indent=1)


# --- the table ----------------------------------------------------------------------------------------------

HEADS = ("line", "database", "what", "size", "floor", "figure", "ratio", "goal", "", "note")


def table(rows: list[Row]) -> str:
    cells = [HEADS, *(_cells(*row) for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(HEADS))]
    rule = "  ".join("─" * width for width in widths)
    written = [
        "  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)) for row in cells
    ]
    return "\n".join(text.rstrip() for text in [written[0], rule, *written[1:]])


def _cells(number: str, database: str, measure: Measure) -> tuple[str, ...]:
    return (
        number,
        database,
        measure.what,
        f"{measure.size}×",
        _figure(measure.floor) if measure.floor else "–",
        f"{_figure(measure.figure)} {measure.unit}",
        f"{measure.ratio:.2f}" if measure.ratio is not None else "–",
        measure.goal,
        "✓" if measure.is_reached else "✗",
        measure.note,
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


# --- growth -------------------------------------------------------------------------------------------------


def curves(rows: list[Row]) -> dict[str, list[tuple[int, float]]]:
    """What was measured at more than one size: (size, figure) by name."""
    found = defaultdict(list)
    for number, database, measure in rows:
        found[f"{number} {measure.what}, {database} ({measure.unit})"].append((measure.size, measure.figure))
    return {name: sorted(points) for name, points in found.items() if len({size for size, _ in points}) > 1}


def sparklines(rows: list[Row]) -> str:
    lines = []
    for name, points in curves(rows).items():
        figures = [figure for _, figure in points]
        steps = ", ".join(f"{size}×: {_figure(figure)}" for size, figure in points)
        lines.append(f"{_bars(figures)}  {name}  {steps}")
    return "\n".join(lines)


def _bars(figures: list[float]) -> str:
    largest = max(figures) or 1
    return "".join(BARS[min(len(BARS) - 1, int(figure / largest * (len(BARS) - 1)))] for figure in figures)


def svg(rows: list[Row]) -> str:
    """One small chart for each curve, both axes logarithmic: a flat line costs the same at every size."""
    charts = [_chart(name, points, 20, 20 + 170 * n) for n, (name, points) in enumerate(curves(rows).items())]
    height = 20 + 170 * max(1, len(charts))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(charts)}</svg>'
    )


def _chart(name: str, points: list[tuple[int, float]], left: float, top: float) -> str:
    sizes = [math.log10(size) for size, _ in points]
    figures = [math.log10(max(figure, 1e-9)) for _, figure in points]
    # At least one decade high, so that noise does not look like growth.
    low, high = min(figures), max(max(figures), min(figures) + 1)
    xs = [left + 60 + 480 * (size - sizes[0]) / (sizes[-1] - sizes[0]) for size in sizes]
    ys = [top + 130 - 90 * (figure - low) / (high - low) for figure in figures]
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    labels = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/><text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">'
        f'{_figure(figure)}</text><text x="{x:.1f}" y="{top + 150}" text-anchor="middle">{size}×</text>'
        for x, y, (size, figure) in zip(xs, ys, points, strict=True)
    )
    return (
        f'<text x="{left}" y="{top + 14}" font-weight="bold">{escape(name)}</text>'
        f'<polyline points="{corners}" fill="none" stroke="black"/>{labels}'
    )
