"""The form every benchmark prints its figures in, and where it finds its data."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

DATASETS = Path(__file__).resolve().parents[2] / "shared" / "datasets"


@dataclass(frozen=True)
class Row:
    """One figure."""

    name: str
    value: float
    unit: str
    n: int
    """Cases it was measured on."""
    low: float | None = None
    high: float | None = None
    """95 % interval, where one was computed."""
    goal: float | None = None
    """The figure the benchmark was asked to reach."""
    at: Literal["least", "most"] = "least"
    """Whether the goal is the smallest or the largest figure that is good."""

    @property
    def ok(self) -> bool | None:
        """Whether the goal is reached; ``None`` where there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at == "least" else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """Return the row with its judgement."""
        return asdict(self) | {"ok": self.ok}


def parser(description: str | None, parts: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Read ``--data DIR``, ``--json``, and ``--part NAME`` where there are parts."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--data", type=Path, default=DATASETS, help="folder with the data sets")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    if parts:
        made.add_argument("--part", action="append", choices=parts, help="run this part only")
    return made


def arguments(description: str | None, parts: Sequence[str] = ()) -> argparse.Namespace:
    """Read the options every benchmark has."""
    return parser(description, parts).parse_args()


def show(rows: Sequence[Row], notes: Sequence[str], *, as_json: bool) -> None:
    """Print the rows, as one JSON object or as a table."""
    if as_json:
        print(json.dumps({"rows": [row.as_json() for row in rows], "notes": list(notes)}))
        return
    for row in rows:
        span = f" [{row.low:g}, {row.high:g}]" if row.low is not None else ""
        goal = "" if row.goal is None else f"  goal {row.goal:g} {'ok' if row.ok else 'MISSED'}"
        print(f"{row.name:58} {row.value:>10.4g} {row.unit:4}{span} n={row.n}{goal}")
    for note in notes:
        print(note)


def no_data(what: Path) -> NoReturn:
    """Say that the data are missing and leave with exit code 2."""
    print(f"no data at {what}; name the folder with --data DIR", file=sys.stderr)
    raise SystemExit(2)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a gzipped JSONL file."""
    if not path.is_file():
        no_data(path)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def training_file(data: Path, name: str) -> Path:
    """Return a training part: from the shared data sets, else from the named folder."""
    return next((p for p in (DATASETS / name, data / name) if p.is_file()), data / name)


def evaluation_file(folder: Path) -> Path:
    """Return the evaluation part of a data set: ``dev_test`` or ``test``."""
    found = [path for name in ("dev_test", "test") for path in sorted(folder.glob(f"{name}*.gz"))]
    return found[0] if found else no_data(folder)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, in percent."""
    z = 1.96
    centre = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * (hits * (n - hits) / n + z * z / 4) ** 0.5
    return round(100 * (centre - half), 2), round(100 * (centre + half), 2)


def share(name: str, hits: Sequence[bool], *, goal: float | None = None) -> Row:
    """Make a row of a share of hits, in percent, with its interval."""
    count = sum(hits)
    low, high = wilson(count, len(hits))
    return Row(name, 100 * count / len(hits), "%", len(hits), low, high, goal)
