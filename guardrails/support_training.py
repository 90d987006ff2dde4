"""Trains the scorer of ``fact.grounded`` on approved replies: ``python -m`` this module.

The input is JSON lines with ``reply``, ``evidence`` (a list of texts) and ``subject``. Replies that
people have labelled also have ``unsupported``, a list of spans, empty where all is borne out; they
may have ``said``, the question. Nothing is corrupted then.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from handrail.core.errors import ConfigurationError, HandrailError
from handrail.guardrails.claim_conflicts import CONFLICTS
from handrail.guardrails.claim_features import BEGINNING, KNOWN, NEW
from handrail.guardrails.support_examples import (
    FOLDS,
    Approved,
    Example,
    Judged,
    corrupt,
    judgeable,
    measure,
)
from handrail.guardrails.support_scorer import Node, SupportScorer, weigh_words
from handrail.guardrails.support_threshold import best_threshold, threshold_for

FALSE_ALARM: Final = 0.015
"""Share of approved replies in which a sentence may be flagged, measured on replies set aside.

Of replies about what no example was about, two to five times as many are flagged.
"""
_SEEN: Final = 10
"""Words in fewer sentences have no weight."""
_PRIOR: Final = 3.0
_PLACES: Final = ("place", "place_share", "sentences", "chars", "sources", "question_words")
"""Tell more of how examples are made than of what supports them."""


@dataclass(frozen=True)
class Trained:
    """A scorer, and how it did on what it had not seen."""

    scorer: SupportScorer
    scores: list[list[float]]
    """For each example the scores of its sentences, from a fold that was not trained on it."""

    @property
    def worst(self) -> list[float]:
        """The score of each example: that of its worst sentence."""
        return [max(each, default=0.0) for each in self.scores]


def train(
    examples: Sequence[Example],
    *,
    data: str,
    without: Sequence[str] = (*_PLACES, *CONFLICTS),
    trees: int = 40,
    leaves: int = 6,
    false_alarm: float = FALSE_ALARM,
) -> Trained:
    """Train a scorer; the threshold comes from folds that were not trained on.

    Args:
        examples: Texts whose unsupported spans are known; some ``untouched``.
        data: Says what they are, for the reader of the scorer.
        without: Features left out.
        trees: Number of boosted trees.
        leaves: Most leaves of a tree.
        false_alarm: Share of untouched examples that may be flagged.
    """
    import numpy as np  # noqa: PLC0415 - training alone needs it
    from sklearn.model_selection import GroupKFold  # noqa: PLC0415

    measured = [measure(example) for example in examples]
    names = tuple(name for name in measured[0][0].measured.figures if name not in without)
    groups = [example.group for example in examples]

    def fitted(places: Sequence[int]) -> SupportScorer:
        judged = [one for place in places for one in measured[place] if judgeable(one.claim)]
        return _fit(judged, names, data, trees, leaves)

    scores: dict[int, list[float]] = {}
    for learn, test in GroupKFold(FOLDS).split(groups, groups=groups):
        scorer = fitted(learn.tolist())
        scores.update((place, score_all(scorer, measured[place])) for place in test)
    clean = [max(scores[n], default=0.0) for n, one in enumerate(examples) if one.untouched]
    threshold = float(np.quantile(clean, 1 - false_alarm)) if clean else 0.5
    whole = fitted(range(len(examples)))
    return Trained(
        whole.model_copy(update={"threshold": round(threshold, 4)}),
        [scores[place] for place in range(len(examples))],
    )


def score_all(scorer: SupportScorer, sentences: Sequence[Judged]) -> list[float]:
    """The scores of a text's sentences, those that are not scored left out."""
    return [scorer.score(one.measured) for one in sentences if judgeable(one.claim)]


def _fit(
    judged: Sequence[Judged], names: tuple[str, ...], data: str, trees: int, leaves: int
) -> SupportScorer:
    import numpy as np  # noqa: PLC0415
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    # What a sentence's own words weigh must not have been learnt from that sentence.
    beside = [_weigh([one for one in judged if one.fold != fold]) for fold in range(FOLDS)]
    rows = np.array(
        [
            [
                *(one.measured.figures[name] for name in names),
                *weigh_words(beside[one.fold], one.measured),
            ]
            for one in judged
        ],
        dtype=float,
    )
    wanted = np.array([one.unsupported for one in judged])
    centre, scale = rows.mean(0), rows.std(0) + 1e-9
    boosting: Any = HistGradientBoostingClassifier
    boosted: Any = boosting(
        max_iter=trees, max_leaf_nodes=leaves, learning_rate=min(0.15, 9 / trees),
        l2_regularization=1.0, min_samples_leaf=40, early_stopping=False, random_state=0,
    )  # fmt: skip
    with threadpool_limits(1):  # the steps are so small that threads only wait for each other
        linear: Any = LogisticRegression(C=0.1, max_iter=500).fit((rows - centre) / scale, wanted)
        boosted.fit(rows, wanted)
    return SupportScorer(
        data=data,
        features=names,
        words={word: float(f"{weight:.3g}") for word, weight in _weigh(judged).items()},
        centre=tuple(_short(centre)),
        weights=tuple(_short(linear.coef_[0] / scale)),
        bias=float(linear.intercept_[0]),
        trees=tuple(_nodes(each[0].nodes) for each in boosted._predictors),  # noqa: SLF001
        start=float(boosted._baseline_prediction[0, 0]),  # noqa: SLF001
        threshold=0.5,
    )


def _weigh(judged: Sequence[Judged]) -> dict[str, float]:
    """Log odds of each word in false sentences against true ones, drawn towards none."""
    false: Counter[str] = Counter()
    true: Counter[str] = Counter()
    for one in judged:
        (false if one.unsupported else true).update(
            {*one.measured.new, *one.measured.known, *one.measured.beginning}
        )
    for word, count in (false + true).items():
        if count < _SEEN:
            false[word[0]] += false.pop(word, 0)
            true[word[0]] += true.pop(word, 0)
    many = sum(one.unsupported for one in judged)
    return {
        word: math.log((false[word] + _PRIOR) / (many + _PRIOR))
        - math.log((true[word] + _PRIOR) / (len(judged) - many + _PRIOR))
        for word in sorted({NEW, KNOWN, BEGINNING, *false, *true})
    }


def _short(values: Sequence[float]) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _nodes(nodes: Any) -> tuple[Node, ...]:
    return tuple(
        (-1, 0.0, 0, 0, float(f"{node['value']:.5g}"))
        if node["is_leaf"]
        else (
            int(node["feature_idx"]),
            float(node["num_threshold"]),
            int(node["left"]),
            int(node["right"]),
            0.0,
        )
        for node in nodes
    )


def _labelled(row: dict[str, Any]) -> Example:
    spans = tuple((int(start), int(end)) for start, end in row.get("unsupported", ()))
    return Example(
        row["reply"], tuple(row["evidence"]), spans, row.get("said", ""), row.get("subject", ""),
        untouched=not spans,
    )  # fmt: skip


def train_labelled(examples: Sequence[Example], *, data: str) -> Trained:
    """Train on labelled replies, in every way that a sentence can be measured.

    The threshold is that with the best F1 on replies of subjects that were not trained on.

    Args:
        examples: Replies whose unsupported spans are marked.
        data: Says what they are, for the reader of the scorer.
    """
    trained = train(examples, data=data, without=(), trees=120, leaves=10)
    threshold = best_threshold([bool(one.unsupported) for one in examples], trained.worst)
    scorer = trained.scorer.model_copy(update={"threshold": threshold})
    return Trained(scorer, trained.scores)


def fit_to(trained: Trained, examples: Sequence[Example], recent: Sequence[float]) -> SupportScorer:
    """Set the threshold for the share of wrong ones among replies as they come now.

    Args:
        trained: What was trained on ``examples``.
        examples: Replies whose unsupported spans are marked.
        recent: Scores of replies without labels.
    """
    wrong = [bool(one.unsupported) for one in examples]
    threshold = threshold_for(wrong, trained.worst, recent)
    return trained.scorer.model_copy(update={"threshold": threshold})


def score_reply(scorer: SupportScorer, example: Example) -> float:
    """The score of a whole reply: that of its worst sentence."""
    return max(score_all(scorer, measure(example)), default=0.0)


def _trained_on_labels(
    rows: Sequence[dict[str, Any]], data: str, recent: Sequence[dict[str, Any]]
) -> SupportScorer:
    examples = [_labelled(row) for row in rows]
    trained = train_labelled(examples, data=data)
    scores = [score_reply(trained.scorer, _labelled(row)) for row in recent]
    return fit_to(trained, examples, scores) if recent else trained.scorer


def _trained_on_approved(
    rows: Sequence[dict[str, Any]], data: str, _: Sequence[dict[str, Any]]
) -> SupportScorer:
    approved = [Approved(row["reply"], tuple(row["evidence"]), row["subject"]) for row in rows]
    return train(list(corrupt(approved)), data=data).scorer


def _read(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_row(line, f"{path}:{no}") for no, line in enumerate(lines, start=1) if line.strip()]


def _row(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ConfigurationError(f"{place}: this is no JSON: {error}") from error
    if not isinstance(row, dict) or not {"reply", "evidence", "subject"} <= row.keys():
        raise ConfigurationError(
            f'{place}: a line is an object like {{"reply": "...", "evidence": ["..."], '
            '"subject": "..."}'
        )
    return row


def main() -> None:
    """Train on a file of approved or labelled replies and write the scorer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("replies", type=Path, help="JSON lines: reply, evidence, subject")
    parser.add_argument("scorer", type=Path, help="where the scorer is written to")
    parser.add_argument("--recent", type=Path, help="JSON lines: replies as they come now")
    asked = parser.parse_args()
    try:
        scorer = _trained(asked.replies, asked.recent)
    except (HandrailError, OSError) as error:
        parser.error(str(error))
    asked.scorer.write_text(scorer.model_dump_json() + "\n", encoding="utf-8")


def _trained(replies: Path, recent: Path | None) -> SupportScorer:
    rows = _read(replies)
    labelled = any("unsupported" in row for row in rows)
    if recent and not labelled:
        raise ConfigurationError(
            "--recent needs replies that are labelled: give each its unsupported spans"
        )
    if labelled and len({bool(row.get("unsupported")) for row in rows}) == 1:
        raise ConfigurationError(
            "all replies are labelled alike; some must be wrong and some right"
        )
    train_on = _trained_on_labels if labelled else _trained_on_approved
    data = f"{len(rows)} replies of {replies.name}"
    return train_on(rows, data, _read(recent) if recent else ())


if __name__ == "__main__":
    main()
