"""Measures the intent model: accuracy, calibration, out of scope, registers, time and memory.

Rows "with embeddings" run where HANDRAIL_EMBEDDINGS names a model folder. Times are processor
time of one thread, which is the time an idle core takes.
"""

from __future__ import annotations

import os
import resource
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Final

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.stats import rankdata

from benchmarks.report import Row, evaluation_file, parser, read_rows, share, show, training_file
from handrail.core.drafting import IntentResult
from handrail.desk.settings import Settings
from handrail.language.embeddings import Encoder, open_encoder
from handrail.language.features import Floats
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
        start = process_time()
        model.classify(text)
        taken.append(process_time() - start)
    return 1000 * float(np.median(taken))


def _quality(results: Sequence[IntentResult], pairs: Pairs) -> tuple[list[bool], float]:
    right = [result.top == intent for result, (_, intent) in zip(results, pairs, strict=True)]
    return right, calibration_error(right, [result.confidence for result in results])


@dataclass
class Remembering:
    """An encoder that keeps what it encoded: the parts of this benchmark share their texts."""

    encoder: Encoder
    known: dict[str, Floats] = field(default_factory=dict[str, Floats])

    @property
    def id(self) -> str:
        """Id of the encoder."""
        return self.encoder.id

    def encode(self, texts: Sequence[str]) -> Floats:
        """Encode the texts that are new."""
        new = list(dict.fromkeys(text for text in texts if text not in self.known))
        if new:
            self.known.update(zip(new, self.encoder.encode(new), strict=True))
        return np.array([self.known[text] for text in texts], dtype=np.float32)


@dataclass(frozen=True)
class Variant:
    """The default install, or one with an embedding model; with the goals of each."""

    name: str
    encoder: Encoder | None

    def goal(self, default: float, embedded: float) -> float:
        """Pick the goal."""
        return embedded if self.encoder else default

    def train(self, pairs: Pairs) -> IntentClassifier:
        """Train on pairs."""
        return train(pairs, Thresholds(), encoder=self.encoder)

    def called(self, name: str) -> str:
        """Name a row."""
        return f"{name}{self.name}"


def banking(data: Path, kind: Variant) -> Iterator[Row]:
    """Measure Banking77: full train, and ten examples per intent."""
    training = _pairs(training_file(data, "banking77/train.jsonl.gz"))
    test = _pairs(evaluation_file(data / "banking77"))
    if kind.encoder is not None:
        kind.encoder.encode([text for text, _ in training])  # told apart from the training
    start = process_time()
    model = kind.train(training)
    seconds = process_time() - start
    results = [model.classify(text) for text, _ in test]
    right, error = _quality(results, test)
    order = np.argsort([-result.confidence for result in results], kind="stable")
    sure = [right[i] for i in order[: int(0.9 * len(order))]]
    few = kind.train(_few(training, 10))
    few_right = [few.classify(text).top == intent for text, intent in test]
    name = kind.called("Banking77, full train")
    yield share(f"{name}: accuracy", right, goal=kind.goal(92, 94.1))
    yield Row(f"{name}: ECE", error, "%", len(test), goal=2, at="most")
    yield share(f"{name}: accuracy at 90 % coverage", sure, goal=kind.goal(97, 98))
    name = kind.called("Banking77, 10 per intent")
    yield share(f"{name}: accuracy", few_right, goal=kind.goal(76, 86))
    if isinstance(kind.encoder, Remembering):
        kind.encoder.known.clear()  # or the time of encoding would not be measured
    took = _milliseconds(model, [text for text, _ in test[:300]])
    yield Row(
        kind.called("Banking77, classify p50"), took, "ms", 300, goal=kind.goal(3, 10), at="most"
    )
    if kind.encoder is None:
        yield Row("Banking77, training", seconds, "s", len(training), goal=20, at="most")


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


def clinc(data: Path, kind: Variant) -> Iterator[Row]:
    """Measure CLINC150 with its messages out of scope; none of those is used in training."""
    training = _pairs(training_file(data, "clinc150/train.jsonl.gz"))
    model = kind.train([pair for pair in training if pair[1] != _OUTSIDE])
    test = _pairs(evaluation_file(data / "clinc150"))
    inside = [pair for pair in test if pair[1] != _OUTSIDE]
    results = [model.classify(text) for text, _ in inside]
    outside = [model.classify(text).out_of_scope for text, intent in test if intent == _OUTSIDE]
    right, error = _quality(results, inside)
    known = [result.out_of_scope for result in results]
    name = kind.called("CLINC150")
    yield share(f"{name}, in scope: accuracy", right)
    yield Row(f"{name}, in scope: ECE", error, "%", len(inside))
    value = auroc(outside, known)
    yield Row(f"{name}, out of scope: AUROC", value, "%", len(test), goal=kind.goal(95.5, 97.4))
    for kept in (0.99, 0.97, 0.95, 0.9, 0.85, 0.8, 0.7):
        limit = float(np.quantile(known, kept))
        hits = [score <= limit for score in outside]
        yield share(f"{name}, out of scope accepted at {kept:.0%} in scope kept", hits)


def near(data: Path, kind: Variant) -> Iterator[Row]:
    """Measure near-domain messages out of scope: 27 Banking77 intents left out of training."""
    named = training_file(data, "banking77/id_oos_intents.txt").read_text(encoding="utf-8").split()
    unseen = set(named)
    training = _pairs(training_file(data, "banking77/train.jsonl.gz"))
    model = kind.train([pair for pair in training if pair[1] not in unseen])
    test = [
        (model.classify(t).out_of_scope, i) for t, i in _pairs(evaluation_file(data / "banking77"))
    ]
    outside = [score for score, intent in test if intent in unseen]
    inside = [score for score, intent in test if intent not in unseen]
    name = kind.called("Banking77, 27 intents unseen")
    value = auroc(outside, inside)
    yield Row(f"{name}: AUROC", value, "%", len(test), goal=kind.goal(88, 92))


def service_turns(data: Path, kind: Variant) -> Iterator[Row]:
    """Measure turns of service calls: MultiDoGO by domain, DSTC11 by domain, cross-validated."""
    seen, asked = (
        _by_domain(training_file(data, "multidogo/train.jsonl.gz")),
        _by_domain(evaluation_file(data / "multidogo")),
    )
    for domain in sorted(seen):
        model = kind.train(_sample(seen[domain], 3000))
        test = _sample([pair for pair in asked[domain] if pair[1] in model.weights.intents], 1500)
        right = [model.classify(text).top == intent for text, intent in test]
        yield share(kind.called(f"MultiDoGO {domain}: accuracy"), right)
    for path in sorted((data / "dstc11_support_intents").glob("*.gz")):
        pairs = _sample(_pairs(path), 10_000)
        hits: list[bool] = []
        for fold in range(5):
            model = kind.train([pair for at, pair in enumerate(pairs) if at % 5 != fold])
            hits += [model.classify(t).top == i for t, i in pairs[fold::5]]
        yield share(kind.called(f"DSTC11 {path.name.split('.')[0]}: accuracy, 5 folds"), hits)


def _by_domain(path: Path) -> dict[str, Pairs]:
    found: dict[str, Pairs] = defaultdict(list)
    for row in read_rows(path):
        if row["text"] and row["intent"]:
            found[row["domain"]].append((row["text"], row["intent"]))
    return found


def _sample(pairs: Pairs, most: int) -> Pairs:
    different = list(dict.fromkeys(pairs))
    order = np.random.default_rng(0).permutation(len(different))[:most]
    return [different[at] for at in order]


_REGISTERS: Final = {"Z": "typos", "W": "offence", "Q": "colloquial"}


def registers(data: Path, kind: Variant) -> Iterator[Row]:
    """Measure what typos, offence and colloquial words cost, on Bitext's tagged requests."""
    rows = read_rows(training_file(data, "bitext_support/train.jsonl.gz"))
    order = np.random.default_rng(0).permutation(len(rows))
    held = set(order[: len(rows) * 2 // 5].tolist())
    plain = [(rows[at]["text"], rows[at]["intent"]) for at in order if at not in held
             and not set(_REGISTERS) & set(rows[at]["tags"])]  # fmt: skip
    model = kind.train(plain)
    hits: dict[str, list[bool]] = defaultdict(list)
    for at in held:
        right = model.classify(rows[at]["text"]).top == rows[at]["intent"]
        tagged = [word for tag, word in _REGISTERS.items() if tag in rows[at]["tags"]]
        for word in tagged or ["clean"]:
            hits[word].append(right)
    best = share("", hits["clean"]).value
    yield share(kind.called("Bitext, clean: accuracy"), hits["clean"])
    for word in _REGISTERS.values():
        drop = best - share("", hits[word]).value
        name = kind.called(f"Bitext, {word}: drop against clean")
        yield Row(name, drop, "pts", len(hits[word]), goal=3, at="most")


def demo() -> Iterator[Row]:
    """Measure time on the demo shop with a message of about 100 characters."""
    model = train_playbook(load_release(demo_path()).playbook)
    text = (
        "Hello, could you please tell me when order LF1001 is going to arrive? I leave on Friday."
    )
    value = _milliseconds(model, [text] * 500)
    size = len(model.to_bytes()) / 1e6
    yield Row("demo shop, classify p50", value, "ms", 500, goal=1, at="most")
    yield Row("demo shop, stored model", size, "MB", len(model.weights.intents))


PARTS: Final = {
    "banking": banking,
    "near": near,
    "clinc": clinc,
    "service_turns": service_turns,
    "registers": registers,
}


def main() -> None:
    """Print all figures."""
    options = parser(__doc__, tuple(PARTS)).parse_args()
    folder = Settings().embeddings
    kinds = [Variant("", None)]
    note = "HANDRAIL_EMBEDDINGS names no model folder: the rows with embeddings did not run."
    if folder is not None:
        kinds.append(Variant(" with embeddings", Remembering(open_encoder(folder))))
        note = f"Rows with embeddings use {folder}."
    rows = [] if options.part else list(demo())
    for kind in kinds:
        for name, part in PARTS.items():
            if not options.part or name in options.part:
                rows += part(options.data, kind)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.append(Row("peak memory of all this", peak, "MB", 1))
    show(rows, [note, "One thread; times are processor time."], as_json=options.json)


if __name__ == "__main__":
    main()
