"""How often the whole suite flags a reply that a person wrote from the right answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.guardrails.measured import Measured
from benchmarks.guardrails.replies import Asked, bare_suite, judged
from benchmarks.report import Row, evaluation_file, read_rows, share


def measure(data: Path) -> Iterator[Measured]:
    """Measure the share of DSTC9 replies with a finding above low."""
    replies = [Asked.of(row) for row in read_rows(evaluation_file(data / "dstc9_faq"))]
    suite = bare_suite()
    found: list[list[str]] = []
    for one in replies:
        report = asyncio.run(judged(suite, one))
        found.append([f.key for f in report.findings if f.severity != "low"])
    row = share("clean drafts flagged by any check", [bool(keys) for keys in found])
    by_rule = Counter(key for keys in found for key in set(keys))
    yield Measured(
        Row(row.name, row.value, row.unit, row.n, row.low, row.high, 10, "most"),
        [f"{keys}: {o.text!r} beside {o.evidence!r}"
         for keys, o in zip(found, replies, strict=True) if keys],
        [", ".join(f"{key} {count}" for key, count in by_rule.most_common())],
    )  # fmt: skip
