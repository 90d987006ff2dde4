"""How often the whole suite flags what a model said that had looked everything up.

The assistant's replies in recorded conversations of ``tau_support``: all retail dialogues and the
airline trajectories that were rewarded. Beside each reply stand the policy, by paragraph, and what
the tools had returned by then, as lines of text; refunds, credit and replacements are allowed.
Some flags are right: a rewarded assistant may still have said something wrong on the way. Half of
the conversations, by a hash of their names, were read while rules were made.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, cast

from benchmarks.guardrails.measured import Measured
from benchmarks.guardrails.trajectories import Reply, airline, retail
from benchmarks.report import read_rows, share
from handrail.core.conversation import Passage
from handrail.core.drafting import Draft
from handrail.guardrails.suite import CheckSuite
from handrail.playbook.models import Brand, Intent, Limit, Playbook, Release

_MONEY = ("price", "amount", "balance", "difference", "total", "economy", "business")


def _lines(told: Any, name: str = "") -> Iterator[str]:
    """What a tool returned, a line for each of its fields."""
    if isinstance(told, dict):
        for key, value in cast("Mapping[str, Any]", told).items():
            yield from _lines(value, key.replace("_", " "))
    elif isinstance(told, list):
        yield from chain.from_iterable(_lines(one, name) for one in cast("list[Any]", told))
    else:
        number = isinstance(told, int | float)
        unit = "$" if number and any(word in name for word in _MONEY) else ""
        yield f"{name}: {unit}{told}" if name else str(told)


def _passages(policy: str, reply: Reply) -> Iterator[Passage]:
    texts = ("\n".join(_lines(told)) for told in reply.told)
    paragraphs = [part for part in re.split(r"\n\s*\n", policy) if part.strip()]
    for name, parts in (("policy", paragraphs), *((f"tool{n}", [t]) for n, t in enumerate(texts))):
        for number, text in enumerate(parts):
            yield Passage(id=f"{name}#{number}", article_id=name, title="", text=text)


def _suite() -> CheckSuite:
    intent = Intent(description="any", examples=("one", "two"), mode="supervised")
    limits = tuple(Limit(action=action) for action in ("refund", "credit", "replacement"))
    playbook = Playbook(brand=Brand(name="Desk"), intents={"any": intent}, limits=limits)
    return CheckSuite(Release(id="rel", name="one", playbook=playbook, articles=()))


async def _flags(suite: CheckSuite, policy: str, reply: Reply) -> list[str]:
    said = [one.text for one in reply.snapshot.messages if one.role == "customer"]
    passages = tuple(_passages(policy, reply))
    draft = Draft(id="d", text=reply.text, source="model", passages=passages)
    checked = await suite.verify(
        draft, reply.snapshot, mode="supervised", intent=None, text=said[-1], repair=False
    )
    findings = checked.verdict.report.findings
    return [
        f"{one.key} {reply.text[one.start : one.end]!r}"
        for one in findings
        if one.severity != "low"
    ]


def measure(data: Path) -> Iterator[Measured]:
    """Measure the share of replies with a finding above low."""
    folder = data / "tau_support"
    rewarded = [r for r in read_rows(folder / "airline_gpt4o_trajectories.jsonl.gz") if r["reward"]]
    dialogues = read_rows(folder / "retail_dialogues.jsonl.gz")
    for name, rows, replay in (("airline", rewarded, airline), ("retail", dialogues, retail)):
        policy = (folder / f"{name}_policy.md").read_text(encoding="utf-8")
        replies = list(chain.from_iterable(replay(row, "none") for row in rows))
        yield asyncio.run(_measured(name, policy, replies))


async def _measured(name: str, policy: str, replies: list[Reply]) -> Measured:
    suite = _suite()
    found = [await _flags(suite, policy, reply) for reply in replies]
    by_rule = Counter(rule for flags in found for rule in {flag.split(" ")[0] for flag in flags})
    return Measured(
        share(f"model replies flagged by any check: {name}", [bool(flags) for flags in found]),
        [
            f"{flags} in {reply.text!r}"
            for flags, reply in zip(found, replies, strict=True)
            if flags
        ],
        [f"{name}: " + ", ".join(f"{rule} {count}" for rule, count in by_rule.most_common())],
    )
