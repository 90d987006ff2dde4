"""Measures the intent model on Banking77 and CLINC150, and its time on the demo shop."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.stats import rankdata

from benchmarks.report import Row, arguments, evaluation_file, read_rows, share, show, training_file
from handrail.core.drafting import IntentResult
from handrail.language.intents import IntentClassifier
from handrail.language.training import train, train_playbook
from handrail.playbook.loading import demo_path, load_release
from handrail.playbook.models import Thresholds

Pairs = list[tuple[str, str]]
_OUTSIDE: Final = "oos"
_BINS: Final = 15


def _pairs(path: Path) -> Pairs:
    return [(row["text"], row["intent"]) for row in read_rows(path)]


def auroc(outside: Sequence[float], inside: Sequence[float]) -> float:
    """Chance that a message out of scope scores above one in scope, in percent."""
    ranks = rankdata([*outside, *inside])
    n, m = len(outside), len(inside)
    return float(100 * (ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def calibration_error(right: Sequence[bool], confidence: Sequence[float]) -> float:
    """Expected calibration error over 15 bins, in percent."""
    hits, sure = np.array(right), np.array(confidence)
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = [abs(hits[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean()
            for b in range(_BINS) if (bins == b).any()]  # fmt: skip
    return float(100 * sum(gaps))


def _milliseconds(model: IntentClassifier, texts: Sequence[str]) -> float:
    taken: list[float] = []
    for text in texts:
        start = perf_counter()
        model.classify(text)
        taken.append(perf_counter() - start)
    return 1000 * float(np.median(taken))


def _quality(results: Sequence[IntentResult], pairs: Pairs) -> tuple[list[bool], float]:
    right = [result.top == intent for result, (_, intent) in zip(results, pairs, strict=True)]
    return right, calibration_error(right, [result.confidence for result in results])


def banking(data: Path) -> list[Row]:
    """Measure Banking77: full train, and ten examples per intent."""
    training = _pairs(training_file(data, "banking77/train.jsonl.gz"))
    test = _pairs(evaluation_file(data / "banking77"))
    start = perf_counter()
    model = train(training, Thresholds())
    seconds = perf_counter() - start
    results = [model.classify(text) for text, _ in test]
    right, error = _quality(results, test)
    order = np.argsort([-result.confidence for result in results], kind="stable")
    sure = [right[i] for i in order[: int(0.9 * len(order))]]
    few = train(_few(training, 10), Thresholds())
    few_right = [few.classify(text).top == intent for text, intent in test]
    texts = [text for text, _ in test[:500]]
    return [
        share("Banking77, full train: accuracy", right, goal=92),
        Row("Banking77, full train: ECE", error, "%", len(test), goal=2, at="most"),
        share("Banking77, full train: accuracy at 90 % coverage", sure, goal=97),
        share("Banking77, 10 per intent: accuracy", few_right, goal=76),
        Row("Banking77, classify p50", _milliseconds(model, texts), "ms", 500, goal=3, at="most"),
        Row("Banking77, training", seconds, "s", len(training), goal=20, at="most"),
    ]


def _few(pairs: Pairs, count: int) -> Pairs:
    order = np.random.default_rng(0).permutation(len(pairs))
    taken: dict[str, int] = {}
    kept: Pairs = []
    for i in order:
        text, intent = pairs[i]
        taken[intent] = taken.get(intent, 0) + 1
        if taken[intent] <= count:
            kept.append((text, intent))
    return kept


def clinc(data: Path) -> list[Row]:
    """Measure CLINC150 with its messages out of scope; none of those is used in training."""
    training = _pairs(training_file(data, "clinc150/train.jsonl.gz"))
    model = train([pair for pair in training if pair[1] != _OUTSIDE], Thresholds())
    test = _pairs(evaluation_file(data / "clinc150"))
    inside = [pair for pair in test if pair[1] != _OUTSIDE]
    results = [model.classify(text) for text, _ in inside]
    outside = [model.classify(text).out_of_scope for text, intent in test if intent == _OUTSIDE]
    right, error = _quality(results, inside)
    known = [result.out_of_scope for result in results]
    kept = float(np.quantile(known, 0.95))
    return [
        share("CLINC150, in scope: accuracy", right),
        Row("CLINC150, in scope: ECE", error, "%", len(inside)),
        Row("CLINC150, out of scope: AUROC", auroc(outside, known), "%", len(test), goal=95.5),
        share(
            "CLINC150, out of scope accepted at 95 % in scope kept", [s <= kept for s in outside]
        ),
    ]


def near(data: Path) -> list[Row]:
    """Measure near-domain messages out of scope: 27 Banking77 intents left out of training."""
    named = training_file(data, "banking77/id_oos_intents.txt").read_text(encoding="utf-8").split()
    unseen = set(named)
    training = _pairs(training_file(data, "banking77/train.jsonl.gz"))
    model = train([pair for pair in training if pair[1] not in unseen], Thresholds())
    test = [
        (model.classify(t).out_of_scope, i) for t, i in _pairs(evaluation_file(data / "banking77"))
    ]
    outside = [score for score, intent in test if intent in unseen]
    inside = [score for score, intent in test if intent not in unseen]
    value = auroc(outside, inside)
    return [Row("Banking77, 27 intents unseen: AUROC", value, "%", len(test), goal=88)]


def demo() -> list[Row]:
    """Measure time on the demo shop with a message of about 100 characters."""
    model = train_playbook(load_release(demo_path()).playbook)
    text = (
        "Hello, could you please tell me when order LF1001 is going to arrive? I leave on Friday."
    )
    value = _milliseconds(model, [text] * 500)
    size = len(model.to_bytes()) / 1e6
    return [
        Row("demo shop, classify p50", value, "ms", 500, goal=1, at="most"),
        Row("demo shop, stored model", size, "MB", len(model.weights.intents)),
    ]


def main() -> None:
    """Print all figures."""
    options = arguments(__doc__)
    rows = [*demo(), *banking(options.data), *near(options.data), *clinc(options.data)]
    show(rows, ["No embedding folder is used; one thread."], as_json=options.json)


if __name__ == "__main__":
    main()
