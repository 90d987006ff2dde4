"""Measures the guardrails on public data, part by part, and shows what they got wrong.

Every module beside this one is a part: its ``measure(data)`` yields :class:`Measured`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from benchmarks import guardrails
from benchmarks.guardrails.measured import Measured
from benchmarks.report import parser, show

OTHERS = ("__main__", "measured", "replies")


def _parts() -> Iterator[str]:
    for module in pkgutil.iter_modules(guardrails.__path__):
        if module.name not in OTHERS:
            yield module.name


def main() -> None:
    """Run the parts asked for and print their rows."""
    parts = tuple(_parts())
    options = parser(__doc__, parts)
    options.add_argument(
        "--show-misses", type=int, default=0, metavar="N", help="print the N worst misses of a row"
    )
    asked = options.parse_args()
    measured: list[Measured] = []
    notes: list[str] = []
    for part in asked.part or parts:
        for one in importlib.import_module(f"benchmarks.guardrails.{part}").measure(asked.data):
            measured.append(one)
            notes += one.notes
            notes += [f"miss of {one.row.name}: {miss}" for miss in one.misses[: asked.show_misses]]
    show([one.row for one in measured], notes, as_json=asked.json)


if __name__ == "__main__":
    main()
