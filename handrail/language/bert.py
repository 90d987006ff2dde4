"""Runs a BERT-style sentence encoder from its safetensors file with NumPy alone."""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handrail.language.features import Floats

_TYPES: Final = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
_LONGEST_HEADER: Final = 50_000_000
_MASKED: Final = np.float32(-1e9)
_ERF: Final = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


class Bert:
    """The encoder's layers; the last hidden states are what pooling makes a sentence of.

    Raises:
        KeyError, ValueError: the files are no BERT encoder; the text names what is missing.
    """

    def __init__(self, folder: Path) -> None:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config.get("model_type") != "bert":
            raise ValueError(f"config.json says model_type {config.get('model_type')!r}, not bert")
        if config.get("hidden_act", "gelu") != "gelu":
            raise ValueError(f"config.json says hidden_act {config['hidden_act']!r}, not gelu")
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config.get("layer_norm_eps", 1e-12))
        tensors = read_safetensors(folder / "model.safetensors")
        named = {name.removeprefix("bert."): value for name, value in tensors.items()}
        self._words = named["embeddings.word_embeddings.weight"]
        self._places = (
            named["embeddings.position_embeddings.weight"]
            + named["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _pair(named, "embeddings.LayerNorm")
        self._layers = [
            _Layer(named, f"encoder.layer.{at}.") for at in range(int(config["num_hidden_layers"]))
        ]
        self.longest = len(self._places)
        """Tokens that the encoder can read."""

    def states(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats:
        """Return the last hidden state of every token: text, token, dimension."""
        state = self._normalised(self._words[ids] + self._places[: ids.shape[1]], self._norm)
        hidden = np.where(mask[:, None, None, :] > 0, np.float32(0), _MASKED)
        for layer in self._layers:
            attended = self._attend(state, layer, hidden)
            state = self._normalised(state + attended, layer.attention_norm)
            wide: Any = _gelu(state @ layer.widen[0] + layer.widen[1])
            state = self._normalised(
                state + wide @ layer.narrow[0] + layer.narrow[1], layer.output_norm
            )
        return state

    def _attend(self, state: Floats, layer: _Layer, hidden: Floats) -> Floats:
        texts, tokens, size = state.shape
        each = size // self._heads
        mixed = (state @ layer.mix[0] + layer.mix[1]).reshape(texts, tokens, 3, self._heads, each)
        query, key, value = mixed.transpose(2, 0, 3, 1, 4)
        scores = query @ key.swapaxes(-1, -2) / np.float32(np.sqrt(each)) + hidden
        raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares = raised / raised.sum(axis=-1, keepdims=True)
        joined = (shares @ value).transpose(0, 2, 1, 3).reshape(texts, tokens, size)
        return joined @ layer.join[0] + layer.join[1]

    def _normalised(self, state: Floats, norm: tuple[Floats, Floats]) -> Floats:
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self._epsilon)
        return centred / spread * norm[0] + norm[1]


class _Layer:
    """The weights of one layer, each as input by output."""

    def __init__(self, named: Mapping[str, Floats], prefix: str) -> None:
        parts = [_matrix(named, f"{prefix}attention.self.{p}") for p in ("query", "key", "value")]
        self.mix = (
            np.ascontiguousarray(np.concatenate([w for w, _ in parts], axis=1)),
            np.concatenate([b for _, b in parts]),
        )
        self.join = _matrix(named, f"{prefix}attention.output.dense")
        self.attention_norm = _pair(named, f"{prefix}attention.output.LayerNorm")
        self.widen = _matrix(named, f"{prefix}intermediate.dense")
        self.narrow = _matrix(named, f"{prefix}output.dense")
        self.output_norm = _pair(named, f"{prefix}output.LayerNorm")


def _matrix(named: Mapping[str, Floats], name: str) -> tuple[Floats, Floats]:
    return np.ascontiguousarray(named[f"{name}.weight"].T), named[f"{name}.bias"]


def _pair(named: Mapping[str, Floats], name: str) -> tuple[Floats, Floats]:
    return named[f"{name}.weight"], named[f"{name}.bias"]


def _gelu(x: Floats) -> Floats:
    """Gaussian error linear unit; the error function after Abramowitz and Stegun 7.1.26."""
    scaled = np.abs(x) * np.float32(0.7071067811865476)
    t = 1 / (1 + np.float32(0.3275911) * scaled)
    series = np.zeros_like(t)
    for coefficient in _ERF:
        series = (series + np.float32(coefficient)) * t
    erf = np.copysign(1 - series * np.exp(-scaled * scaled), x)
    return np.float32(0.5) * x * (1 + erf)


def read_safetensors(path: Path) -> dict[str, Floats]:
    """Read every floating-point tensor of a safetensors file as float32.

    Raises:
        ValueError: the file is none, or a weight has a type other than F32 and F16.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        length = int.from_bytes(data[:8], "little")
        if not 0 < length < min(_LONGEST_HEADER, len(data) - 8):
            raise ValueError(f"{path.name} is no safetensors file")
        header: dict[str, Any] = json.loads(data[8 : 8 + length])
        return {
            name: _tensor(name, facts, data, 8 + length)
            for name, facts in header.items()
            if name != "__metadata__" and not facts["dtype"].startswith(("I", "U", "B"))
        }


def _tensor(name: str, facts: Mapping[str, Any], data: mmap.mmap, start: int) -> Floats:
    if facts["dtype"] not in _TYPES:
        raise ValueError(f"{name} is stored as {facts['dtype']}; save the model as F32 or F16")
    begin, end = facts["data_offsets"]
    raw = data[start + begin : start + end]
    return np.frombuffer(raw, dtype=_TYPES[facts["dtype"]]).reshape(facts["shape"]).astype("f4")
