"""Groundedness: facts added to human replies, and answers of language models.

The added facts are statements about another subject, put between the sentences of a DSTC9 reply;
evidence is the one right question and answer. The answers are RAGTruth's, flagged as a whole. The
scorer that ships was trained on other DSTC9 replies; its weights never saw RAGTruth, so the same
trainer is also run here on RAGTruth's training part, as a deployment runs it on its own replies.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmarks.guardrails.measured import Measured
from benchmarks.guardrails.replies import Asked, bare_suite, judged
from benchmarks.report import Row, evaluation_file, read_rows, share, training_file
from handrail.guardrails.fact_grounded import fact_grounded
from handrail.guardrails.suite import CheckSuite
from handrail.guardrails.support_examples import Example, facts, put_in
from handrail.guardrails.support_examples import measure as measured_sentences
from handrail.guardrails.support_scorer import shipped_scorer
from handrail.guardrails.support_training import (
    fit_to,
    score_all,
    score_reply,
    train_labelled,
)

_BESIDE: Final = 19
"""Passages that a search finds beside the right one."""
_PASSAGE: Final = re.compile(r"passage \d{1,3}:")


def measure(data: Path) -> Iterator[Measured]:
    """Measure both."""
    yield from _added_facts(data)
    yield from _model_answers(data)


def _added_facts(data: Path) -> Iterator[Measured]:
    replies = [Asked.of(row) for row in read_rows(evaluation_file(data / "dstc9_faq"))]
    knowledge = [Asked.of(row) for row in read_rows(data / "dstc9_faq" / "knowledge.jsonl.gz")]
    rng = random.Random(0)
    suite = bare_suite([fact_grounded])
    yield from _added(suite, replies, knowledge, rng, 0)
    yield from _added(suite, replies, knowledge, rng, _BESIDE)


def _added(
    suite: CheckSuite,
    replies: Sequence[Asked],
    knowledge: Sequence[Asked],
    rng: random.Random,
    beside: int,
) -> Iterator[Measured]:
    """Facts added to replies, whose evidence stands among that for other questions."""

    async def flagged(one: Asked) -> bool:
        return bool((await judged(suite, one)).findings)

    async def caught(one: Asked) -> tuple[bool, str]:
        other, told = _about_something_else(one, rng.choice((replies, knowledge)), rng)
        text, start, end = put_in(one.text, told, rng)
        found = (await judged(suite, _among(one.saying(text), other))).findings
        hit = any(f.start < end and start < f.end for f in found)
        return hit, f"{told!r} beside {one.evidence!r}"

    def _among(one: Asked, other: Asked) -> Asked:
        drawn = rng.sample(knowledge, beside)
        strange = (k for k in drawn if {k.entity, k.title}.isdisjoint((other.entity, other.title)))
        return replace(one, beside=tuple(strange))

    alarms = [asyncio.run(flagged(_among(one, one))) for one in replies]
    hits = [asyncio.run(caught(one)) for one in replies]
    among = f" among {beside} other passages" if beside else ""
    yield Measured(
        share(f"added fact caught{among}", [hit for hit, _ in hits], goal=None if beside else 95),
        [told for hit, told in hits if not hit],
    )
    alarm = share(f"untouched replies flagged by fact.grounded{among}", alarms)
    yield Measured(
        alarm if beside else _at_most(alarm, 5),
        [f"{o.text!r} beside {o.evidence!r}" for o, a in zip(replies, alarms, strict=True) if a],
        ["These are upper bounds: some human replies do add what their answer does not say."]
        if not beside
        else [],
    )


def _at_most(row: Row, goal: float) -> Row:
    return Row(row.name, row.value, row.unit, row.n, row.low, row.high, goal, "most")


def _about_something_else(
    one: Asked, among: Sequence[Asked], rng: random.Random
) -> tuple[Asked, str]:
    while True:
        other = rng.choice(among)
        if other.entity == one.entity or other.title == one.title:
            continue
        found = list(facts(other.text, [other.evidence]))
        if found:
            return other, rng.choice(found)


def _model_answers(data: Path) -> Iterator[Measured]:
    sources = {r["source_id"]: r for r in read_rows(data / "ragtruth_qa" / "sources.jsonl.gz")}

    def examples(path: Path) -> list[Example]:
        return [_answer(row, sources[row["source_id"]]) for row in read_rows(path)]

    test = examples(evaluation_file(data / "ragtruth_qa"))
    sentences = [measured_sentences(one) for one in test]
    shipped = shipped_scorer()
    yield from _rows("shipped scorer", test, shipped.threshold,
                     [max(score_all(shipped, one), default=0.0) for one in sentences])  # fmt: skip
    learn = examples(training_file(data, "ragtruth_qa/train.jsonl.gz"))
    own = train_labelled(learn, data="RAGTruth")
    scores = [score_reply(own.scorer, one) for one in test]
    name = "trained on its train part"
    yield from _rows(name, test, own.scorer.threshold, scores, goals=(65, 86))
    fitted = fit_to(own, learn, scores).threshold
    yield next(_rows(f"{name}, threshold by scores", test, fitted, scores, goals=(65, None)))


def _answer(row: dict[str, Any], source: dict[str, Any]) -> Example:
    passages = tuple(p.strip() for p in _PASSAGE.split(source["passages"]) if p.strip())
    spans = tuple((label["start"], label["end"]) for label in row["labels"])
    return Example(row["response"], passages, spans, source["question"], row["source_id"])


def _rows(
    name: str,
    test: Sequence[Example],
    threshold: float,
    scores: Sequence[float],
    goals: tuple[float | None, float | None] = (None, None),
) -> Iterator[Measured]:
    wrong = [bool(one.unsupported) for one in test]
    flagged = [score >= threshold for score in scores]
    hits = sum(f and w for f, w in zip(flagged, wrong, strict=True))
    f1 = 200 * hits / max(1, sum(flagged) + sum(wrong))
    missed = [
        f"{'flagged' if f else 'not flagged'} at {s:.2f}: {one.text!r}"
        for one, f, w, s in zip(test, flagged, wrong, scores, strict=True)
        if f != w
    ]
    low, high = _resampled(wrong, flagged)
    yield Measured(
        Row(f"RAGTruth answers, {name}: F1", f1, "%", len(test), low, high, goals[0]), missed
    )
    yield Measured(
        Row(f"RAGTruth answers, {name}: AUROC", _auroc(wrong, scores), "%", len(test),
            goal=goals[1])
    )  # fmt: skip


def _auroc(wrong: Sequence[bool], scores: Sequence[float]) -> float:
    bad = [s for s, w in zip(scores, wrong, strict=True) if w]
    good = [s for s, w in zip(scores, wrong, strict=True) if not w]
    above = sum((b > g) + (b == g) / 2 for b in bad for g in good)
    return 100 * above / max(1, len(bad) * len(good))


def _resampled(wrong: Sequence[bool], flagged: Sequence[bool]) -> tuple[float, float]:
    """95 % interval of F1 over a thousand samples of the answers."""
    rng = random.Random(0)
    pairs = list(zip(wrong, flagged, strict=True))
    found: list[float] = []
    for _ in range(1000):
        drawn = rng.choices(pairs, k=len(pairs))
        total = sum(w + f for w, f in drawn)
        found.append(200 * sum(w and f for w, f in drawn) / max(1, total))
    found.sort()
    return round(found[24], 2), round(found[974], 2)
