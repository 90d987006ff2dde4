"""The encoder in NumPy computes what the layers of a BERT say, in the plainest words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import erf

from handrail.language.bert import Bert
from tests.unit.language.test_embeddings import CONFIG, write_encoder

HEADS = int(CONFIG["num_attention_heads"])


def _plainly(tensors: dict[str, Any], ids: list[int]) -> Any:
    """The states of one text in double precision, one operation after the other."""
    named = {name: value.astype(float) for name, value in tensors.items()}

    def dense(rows: Any, name: str) -> Any:
        return rows @ named[f"{name}.weight"].T + named[f"{name}.bias"]

    def normalised(rows: Any, name: str) -> Any:
        centred = rows - rows.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
        return scaled * named[f"{name}.weight"] + named[f"{name}.bias"]

    state = named["embeddings.word_embeddings.weight"][ids]
    state = state + named["embeddings.position_embeddings.weight"][: len(ids)]
    state = state + named["embeddings.token_type_embeddings.weight"][0]
    state = normalised(state, "embeddings.LayerNorm")
    for at in range(int(CONFIG["num_hidden_layers"])):
        layer = f"encoder.layer.{at}."
        parts = [dense(state, f"{layer}attention.self.{p}") for p in ("query", "key", "value")]
        heads: list[Any] = []
        for query, key, value in zip(*(np.split(p, HEADS, axis=1) for p in parts), strict=True):
            raised = np.exp(query @ key.T / np.sqrt(query.shape[1]))
            heads.append(raised / raised.sum(axis=1, keepdims=True) @ value)
        attended = dense(np.hstack(heads), f"{layer}attention.output.dense")
        state = normalised(state + attended, f"{layer}attention.output.LayerNorm")
        wide = dense(state, f"{layer}intermediate.dense")
        wide = wide * (1 + erf(wide / np.sqrt(2))) / 2
        state = normalised(state + dense(wide, f"{layer}output.dense"), f"{layer}output.LayerNorm")
    return state


@pytest.mark.parametrize(("size", "wide"), [(8, 16), (384, 512), (312, 200)])
def test_states_are_those_of_the_layers(tmp_path: Path, size: int, wide: int) -> None:
    tensors = write_encoder(tmp_path, size, wide)
    texts = [[2, 3, 4, 5, 9], [6, 1, 7]]
    ids = np.array([texts[0], [*texts[1], 0, 0]])
    found = Bert(tmp_path).states(ids, np.array([[1] * 5, [1] * 3 + [0] * 2]))
    for row, text in zip(found, texts, strict=True):
        assert row[: len(text)] == pytest.approx(_plainly(tensors, text), abs=5e-5)
        alone = Bert(tmp_path).states(np.array([text]), np.ones((1, len(text)), dtype=np.int64))
        assert alone[0] == pytest.approx(row[: len(text)], abs=5e-5)
