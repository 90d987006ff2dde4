"""Judges statements by a model of natural language inference in a local ONNX folder.

The folder holds ``model.onnx``, a cross-encoder over premise and hypothesis, and its
``tokenizer.json``; ``config.json`` names the order of the answers (``id2label``). Nothing is
downloaded. Needs the extra ``embeddings``.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handrail.core.errors import ModelUnavailableError
from handrail.core.ports import Judgement
from handrail.core.verdict import Support
from handrail.language.quoting import sentences
from handrail.language.search_terms import search_terms

_LABELS: Final = ("contradiction", "entailment", "neutral")
"""Order of the answers where the folder has no ``config.json``."""
_PREMISES: Final = 8
"""Most passages of evidence that one statement is held against; those that share most words."""
_TOKENS: Final = 256
_SURE: Final = 0.5


class NliJudge:
    """A ``Judge`` over an ONNX folder: ``onnx:/folder``."""

    def __init__(self, session: Any, tokenizer: Any, labels: Sequence[str], *, name: str) -> None:
        self.name = name
        self._session = session
        self._tokenizer = tokenizer
        self.labels = labels
        self._inputs = {one.name for one in session.get_inputs()}

    async def judge(
        self, claims: Sequence[str], evidence: Mapping[str, str]
    ) -> Sequence[Judgement]:
        """Judge each statement by the sentences of the evidence that are nearest to it."""
        premises = [(key, text) for key, whole in evidence.items() for text in _windows(whole)]
        terms = [frozenset(search_terms(text)) for _, text in premises]
        return await asyncio.to_thread(
            lambda: [self._judge(claim, premises, terms) for claim in claims]
        )

    def _judge(
        self,
        claim: str,
        premises: Sequence[tuple[str, str]],
        terms: Sequence[frozenset[str]],
    ) -> Judgement:
        own = frozenset(search_terms(claim))
        order = sorted(range(len(premises)), key=lambda n: len(own & terms[n]), reverse=True)
        near = [premises[n] for n in order[:_PREMISES]]
        if not near:
            return Judgement(support="unsupported")
        chances = self.chances([(text, claim) for _, text in near])
        for label, support in _MEANINGS:
            column = self._column(chances, label)
            best = int(column.argmax())
            if column[best] >= _SURE:
                source, quote = near[best]
                return Judgement(support=support, source=source, quote=quote)
        return Judgement(support="unsupported")

    def _column(self, chances: NDArray[np.float64], label: str) -> NDArray[np.float64]:
        places = [n for n, name in enumerate(self.labels) if name.startswith(label)]
        return chances[:, places[0]] if places else np.zeros(len(chances))

    def chances(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """The chance of each answer, in the order of the labels, for premise and hypothesis."""
        encoded = self._tokenizer.encode_batch(list(pairs))
        given = {
            "input_ids": [one.ids for one in encoded],
            "attention_mask": [one.attention_mask for one in encoded],
            "token_type_ids": [one.type_ids for one in encoded],
        }
        fed = {k: np.array(v, dtype=np.int64) for k, v in given.items() if k in self._inputs}
        logits = np.asarray(self._session.run(None, fed)[0], dtype=np.float64)
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)


_MEANINGS: Final[tuple[tuple[str, Support], ...]] = (
    ("entail", "supported"),
    ("contra", "contradicted"),
)


def _windows(text: str) -> Iterator[str]:
    """Sentences, and each two neighbours with what stands between them: all stand in ``text``."""
    places: list[tuple[int, int]] = []
    end = 0
    for sentence in sentences(text):
        start = text.index(sentence, end)
        end = start + len(sentence)
        places.append((start, end))
    for number, (start, stop) in enumerate(places):
        yield text[start:stop]
        if number + 1 < len(places):
            yield text[start : places[number + 1][1]]


def open_nli(folder: Path) -> NliJudge:
    """Open an ONNX folder.

    Raises:
        ModelUnavailableError: files or packages are missing, or do not fit; the text has the mend.
    """
    try:
        runtime: Any = importlib.import_module("onnxruntime")
        tokenizers: Any = importlib.import_module("tokenizers")
    except ImportError as error:
        raise ModelUnavailableError(
            f"an ONNX judge needs a package that is not installed ({error}); run: "
            f"pip install 'handrail[embeddings]'"
        ) from error
    missing = [name for name in ("model.onnx", "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        raise ModelUnavailableError(
            f"{folder} lacks {' and '.join(missing)}; name a folder with a cross-encoder that was "
            f"exported to ONNX: model.onnx, tokenizer.json and config.json"
        )
    labels = _read_labels(folder / "config.json")
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        session = runtime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # both packages raise exceptions of their own
        raise ModelUnavailableError(
            f"{folder} cannot be read ({type(error).__name__}); export the model and its "
            f"tokenizer again"
        ) from error
    tokenizer.enable_truncation(_TOKENS)
    tokenizer.enable_padding()
    judge = NliJudge(session, tokenizer, labels, name=f"onnx:{folder.name}")
    _try(judge, folder)
    return judge


def _read_labels(file: Path) -> tuple[str, ...]:
    if not file.is_file():
        return _LABELS
    try:
        named: Mapping[str, str] = json.loads(file.read_text(encoding="utf-8"))["id2label"]
        labels = tuple(named[str(number)].casefold() for number in range(len(named)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailableError(
            f"{file} does not name the answers; write id2label: "
            f'{{"0": "contradiction", "1": "entailment", "2": "neutral"}}'
        ) from error
    if not any(label.startswith("entail") for label in labels):
        raise ModelUnavailableError(
            f"{file} names {', '.join(labels)}: no entailment; name a folder with a model of "
            f"natural language inference, or mend id2label"
        )
    return labels


def _try(judge: NliJudge, folder: Path) -> None:
    """Ask once, so that a folder of another kind is refused at the start and not in a turn."""
    try:
        chances = judge.chances([("It is so.", "It is so.")])
        fits = chances.shape == (1, len(judge.labels))
    except Exception as error:
        raise ModelUnavailableError(
            f"{folder}/model.onnx does not answer for a pair of sentences "
            f"({type(error).__name__}); export it as a sequence classifier"
        ) from error
    if not fits:
        raise ModelUnavailableError(
            f"{folder}/model.onnx gives {chances.shape[-1]} answers for {len(judge.labels)} "
            f"labels; add the config.json of the model"
        )
