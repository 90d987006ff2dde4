"""Trains the scorer of ``fact.grounded`` that ships, on the DSTC9 replies set aside for training.

``python -m benchmarks.training.grounding [--data DIR]`` writes ``guardrails/support_scorer.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import arguments, read_rows, training_file
from handrail.guardrails.support_examples import Approved, corrupt
from handrail.guardrails.support_training import train

WRITTEN = Path(__file__).resolve().parents[2] / "guardrails" / "support_scorer.json"


def approved(rows: Sequence[dict[str, Any]]) -> list[Approved]:
    """Read replies, each with the one question and answer it relies on."""
    return [
        Approved(
            row.get("reply", ""), (f"{row['title']}\n{row['body']}",), row["entity"] or row["title"]
        )
        for row in rows
    ]


def main() -> None:
    """Train and write."""
    data = arguments(__doc__).data
    replies = approved(read_rows(training_file(data, "dstc9_faq/replies.jsonl.gz")))
    others = approved(read_rows(training_file(data, "dstc9_faq/knowledge.jsonl.gz")))
    scorer = train(
        list(corrupt(replies, others)), data="DSTC9 track 1 replies, Apache-2.0; see NOTICE"
    ).scorer
    WRITTEN.write_text(scorer.model_dump_json() + "\n", encoding="utf-8")
    print(f"{WRITTEN.name}: {len(replies)} replies, threshold {scorer.threshold:.3f}")


if __name__ == "__main__":
    main()
