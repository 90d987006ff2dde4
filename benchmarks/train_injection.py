"""Trains the weights of ``in.injection`` and ``in.indirect``.

Command: ``python -m benchmarks.train_injection``; it takes about three minutes.

Attacks are written by the grammars in ``injection_material``; honest texts are written by them
too, and come from the training parts of MultiDoGO, Banking77, CLINC150, HWU64 and DSTC9. A first
model without every fifth line and without the development parts sets the thresholds and prints
what it makes of them; the model that is kept is trained on all of it.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression

from benchmarks.injection_grammar import grammars
from benchmarks.report import DATASETS, read_rows
from handrail.guardrails.attack_scorer import (
    BUCKETS,
    KINDS,
    SIZES,
    AttackScorer,
    Kind,
    sequences,
    spread,
    write_scorer,
)

WEIGHTS = Path(__file__).resolve().parents[1] / "guardrails" / "weights" / "attacks.npz"
FALSE_ALARMS = {"direct": 0.002, "indirect": 0.004}
"""Share of honest development messages that may be reported, of each source."""
OF_QUESTIONS = 0.005
"""The same for questions with frightening words, which the grammar writes: half of the one in a
hundred that may be reported, since those of customers are less like these than these like each
other."""
PENALTY = 30.0
"""Inverse regularisation, chosen on the held-out lines."""
ATTACKS: dict[Kind, tuple[str, ...]] = {
    "direct": ("attack", "task"),
    "indirect": ("attack", "task", "trivia"),
}
HONEST: dict[Kind, tuple[str, ...]] = {
    "direct": ("benign", "question"),
    "indirect": ("benign",),
}
SAMPLES = {"attack": 7000, "task": 4000, "trivia": 2500, "benign": 5000, "question": 5000}
OTHER_LANGUAGE = 500
REAL = {"multidogo": 14_000, "banking77": 9_000, "clinc150": 9_000, "hwu64": 7_000}
GENERAL_TASKS = ("translate", "tell_joke", "definition", "spelling", "fun_fact", "repeat")
"""Intents of CLINC150 that ask a support assistant for what is not its job."""


@dataclass
class Material:
    """Texts by source."""

    attacks: dict[str, list[str]]
    honest: dict[str, list[str]]


def _written(
    kinds: Iterable[str], chance: random.Random, *, held_out: bool
) -> dict[str, list[str]]:
    return {
        f"{grammar.kind}.{grammar.language}": grammar.sample(
            SAMPLES[grammar.kind] if grammar.language == "en" else OTHER_LANGUAGE,
            chance,
            held_out=held_out,
        )
        for kind in kinds
        for grammar in grammars(kind)
    }


def _texts(name: str, part: str, limit: int, chance: random.Random) -> list[str]:
    rows = read_rows(DATASETS / name / f"{part}.jsonl.gz")
    texts = [r["text"] for r in rows if r["text"] and r.get("intent") not in GENERAL_TASKS]
    unique = list(dict.fromkeys(texts))
    return chance.sample(unique, min(limit, len(unique)))


def _real(chance: random.Random, *, held_out: bool) -> Iterator[tuple[str, list[str]]]:
    for name, limit in REAL.items():
        if name in ("banking77", "hwu64"):
            texts = _texts(name, "train", 20_000, random.Random(5))
            cut = len(texts) // 5
            yield name, texts[:cut] if held_out else texts[cut : cut + limit]
        else:
            held = "val" if name == "clinc150" else "dev"
            yield name, _texts(name, held if held_out else "train", limit, chance)
    faq = read_rows(DATASETS / "dstc9_faq" / "knowledge.jsonl.gz")
    known = [row["body"] for row in faq if row["body"]]
    replies = [row["reply"] for row in read_rows(DATASETS / "dstc9_faq" / "replies.jsonl.gz")]
    texts = random.Random(6).sample(known, 6000) + replies
    yield "dstc9_faq", texts[::5] if held_out else [t for at, t in enumerate(texts) if at % 5]


Learned = tuple[NDArray[np.float64], float]
"""Weights by bucket, and the bias."""


def material(kind: Kind, seed: int, *, held_out: bool) -> Material:
    """Gather the texts of one half."""
    chance = random.Random(seed)
    attacks = _written(ATTACKS[kind], chance, held_out=held_out)
    honest = _written(HONEST[kind], chance, held_out=held_out)
    mails = [
        " ".join(chance.sample(honest["benign.en"], chance.randint(2, 7))) for _ in range(2000)
    ]
    return Material(attacks, honest | {"mails": mails} | dict(_real(chance, held_out=held_out)))


def row(text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Buckets and weights of one passage, as the scorer counts them."""
    begun = zip(SIZES, sequences(spread(text).line), strict=True)
    buckets = np.concatenate([line[: max(len(line) - size + 1, 0)] for size, line in begun])
    at, counts = np.unique(buckets, return_counts=True)
    return at.astype(np.int64), (counts / np.sqrt(max(len(buckets), 1))).astype(np.float32)


def matrix(texts: Iterable[str]) -> Any:
    """Make the sparse matrix of the passages."""
    rows = [row(text) for text in texts]
    ends = np.cumsum([0, *(len(at) for at, _ in rows)])
    at = np.concatenate([at for at, _ in rows])
    values = np.concatenate([values for _, values in rows])
    return csr_matrix((values, at, ends), shape=(len(rows), BUCKETS))


def fit(parts: Iterable[Material]) -> Learned:
    """Fit the weights and the bias on the parts together."""
    features: list[Any] = []
    labels: list[int] = []
    for part in parts:
        for label, sources in ((1, part.attacks), (0, part.honest)):
            texts = list(chain.from_iterable(sources.values()))
            features.append(matrix(texts))
            labels += [label] * len(texts)
    model: Any = LogisticRegression(C=PENALTY, solver="liblinear", random_state=0, tol=1e-3)
    model.fit(vstack(features, format="csr"), labels)
    return model.coef_[0], float(model.intercept_[0])


def quantised(learned: Sequence[Learned], thresholds: Sequence[float]) -> AttackScorer:
    """Round the weights of each kind to eight bits."""
    scales = [float(np.abs(weights).max()) / 127 for weights, _ in learned]
    tables = [np.rint(weights / scale) for (weights, _), scale in zip(learned, scales, strict=True)]
    biases = [bias for _, bias in learned]
    return AttackScorer(np.stack(tables).astype(np.int8), scales, biases, thresholds)


def _other_language(name: str) -> bool:
    return name.startswith("benign.") and name != "benign.en"


def set_threshold(scorer: AttackScorer, kind: Kind, held: Material) -> float:
    """Return the threshold at which no honest source is reported too often, and print it all."""
    scores = {
        name: np.array([scorer.score(text, kind) for text in texts])
        for name, texts in held.honest.items()
    }
    share = FALSE_ALARMS[kind]
    real = [name for name in scores if name in REAL or name == "dstc9_faq"]
    limit = max(float(np.quantile(scores[name], 1 - share)) for name in real)
    if "question.en" in scores:
        limit = max(limit, float(np.quantile(scores["question.en"], 1 - OF_QUESTIONS)))
    limit = math.ceil(100 * max(limit, -1.0)) / 100
    print(f"{kind}: threshold {limit}")
    for name, found in scores.items():
        print(f"  honest {name:14} {100 * (found > limit).mean():6.2f} % of {len(found)}")
    others = [found for name, found in scores.items() if _other_language(name)]
    pooled = np.concatenate(others) > limit
    print(f"  honest, all languages but English {100 * pooled.mean():.2f} % of {len(pooled)}")
    for name, texts in held.attacks.items():
        hits = [scorer.score(text, kind) > limit for text in texts]
        print(f"  attack {name:14} {100 * sum(hits) / len(hits):6.2f} % of {len(hits)}")
    return limit


def main() -> None:
    """Train, print and write the weights."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--output", type=Path, default=WEIGHTS)
    asked = options.parse_args()
    first = [material(kind, 1, held_out=False) for kind in KINDS]
    held = [material(kind, 2, held_out=True) for kind in KINDS]
    trial = quantised([fit([part]) for part in first], [0.0] * len(KINDS))
    limits = [set_threshold(trial, kind, part) for kind, part in zip(KINDS, held, strict=True)]
    kept = quantised([fit(parts) for parts in zip(first, held, strict=True)], limits)
    asked.output.parent.mkdir(exist_ok=True)
    write_scorer(asked.output, kept)
    print(f"{asked.output.name}: {asked.output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
