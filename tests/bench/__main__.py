"""Run the lines: `SCALE=small python -m tests.bench [B1 B3 …]`; writes bench.json and bench.svg."""

import importlib
import os
import pkgutil
import re
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.support import postgres

from . import LINES, POSTGRESQL, SCALES, Place, Scale, report

OUT = Path(__file__).parents[2]


def main(chosen: list[str]) -> int:
    scale = SCALES.get(os.environ.get("SCALE", "small"))
    if scale is None:
        print(f"SCALE is one of {', '.join(SCALES)}", file=sys.stderr)
        return 2
    _find_lines()
    unknown = set(chosen) - set(LINES)
    if unknown:
        print(
            f"No such line: {', '.join(sorted(unknown))}; there are {', '.join(_in_order())}", file=sys.stderr
        )
        return 2
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, postgres.running() as server:
        named = report.machine(folder, server.version)
        rows, failures = _measure(scale, chosen or _in_order(), folder, server)
    _show(scale, named, rows, failures)
    return 1 if failures else 0


def _find_lines() -> None:
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if re.match(r"b[0-9]+_", module.name):
            importlib.import_module(f"{__package__}.{module.name}")


def _in_order() -> list[str]:
    return sorted(LINES, key=lambda number: int(number[1:]))


def _measure(
    scale: Scale, chosen: list[str], folder: str, server: postgres.Server
) -> tuple[list[report.Row], dict[str, str]]:
    rows, failures = [], {}
    for number in chosen:
        title, databases, measure = LINES[number]
        for database in databases:
            begun = time.monotonic()
            print(f"{number} {title}, {database} …", end=" ", flush=True)
            try:
                rows += [
                    (number, database, m) for m in measure(scale, _place(number, database, folder, server))
                ]
                print(f"{time.monotonic() - begun:.0f} s", flush=True)
            except Exception as error:
                traceback.print_exc()
                failures[f"{number} {database}"] = f"{type(error).__name__}: {error}"
    return rows, failures


def _place(number: str, database: str, folder: str, server: postgres.Server) -> Place:
    own = Path(folder, f"{number}-{database}")
    own.mkdir()
    if database == POSTGRESQL:
        return Place(database, server.create(number.lower()), str(own))
    return Place(database, f"sqlite:///{own}/bench.sqlite3", str(own))


def _show(scale: Scale, named: dict[str, str], rows: list[report.Row], failures: dict[str, str]) -> None:
    (OUT / "bench.json").write_text(report.as_json(scale.name, named, rows, failures))
    (OUT / "bench.svg").write_text(report.svg(rows))
    print("\n" + ", ".join(f"{what}: {said}" for what, said in named.items()) + f", scale: {scale.name}\n")
    print(report.table(rows))
    print("\n" + report.sparklines(rows))
    for what, said in failures.items():
        print(f"FAILED {what}: {said}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
