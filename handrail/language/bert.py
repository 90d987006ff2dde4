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
_AT_ONCE: Final = 1_000_000 // 16
"""Weights in a block: OpenBLAS copies none for up to 100^3 multiplications, here of 16 rows."""
_FAR: Final = np.float32(40)
_ERF: Final = tuple(
    np.float32(part)
    for part in (1.11908776e-06, -3.05810986e-05, -1.24861296e-04, 3.64687903e-02, 7.97828136e-01)
)


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
        self._heads = heads = int(config["num_attention_heads"])
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
            _Layer(named, f"encoder.layer.{at}.", heads)
            for at in range(int(config["num_hidden_layers"]))
        ]
        self.longest = len(self._places)
        """Tokens that the encoder can read."""

    def states(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats:
        """Return the last hidden state of every token: text, token, dimension."""
        texts, tokens = ids.shape
        placed = self._words[ids] + self._places[:tokens]
        state = self._normalised(placed.reshape(texts * tokens, -1), self._norm)
        hidden = None
        if not mask.all():
            hidden = np.where(mask[:, None, None, :] > 0, np.float32(0), _MASKED)
        for layer in self._layers:
            state += self._attend(state, layer, hidden, tokens)
            state = self._normalised(state, layer.attention_norm)
            state += layer.narrow(_gelu(layer.widen(state)))
            state = self._normalised(state, layer.output_norm)
        return state.reshape(texts, tokens, -1)

    def _attend(self, state: Floats, layer: _Layer, hidden: Floats | None, tokens: int) -> Floats:
        rows, size = state.shape
        mixed = layer.mix(state).reshape(-1, tokens, 3, self._heads, size // self._heads)
        query, key, value = mixed.transpose(2, 0, 3, 1, 4)
        shares = query @ key.swapaxes(-1, -2)
        if hidden is not None:
            shares += hidden
        shares -= shares.max(axis=-1, keepdims=True)
        np.exp(shares, out=shares)
        shares /= shares.sum(axis=-1, keepdims=True)
        return layer.join((shares @ value).transpose(0, 2, 1, 3).reshape(rows, size))

    def _normalised(self, state: Floats, norm: tuple[Floats, Floats]) -> Floats:
        """Scale each row to mean 0 and spread 1, in place, and then by the learned weights."""
        state -= state.mean(axis=-1, keepdims=True)
        squares = np.einsum("ij,ij->i", state, state)[:, None] / np.float32(state.shape[1])
        state *= norm[0] / np.sqrt(squares + self._epsilon)
        state += norm[1]
        return state


class _Dense:
    """A product with weights, input by output, and a shift.

    The weights lie in blocks of columns so narrow that OpenBLAS multiplies the rows of a short
    text with them at once; before larger products it copies all weights, which takes longer than
    the product itself.
    """

    def __init__(self, weights: Floats, bias: Floats) -> None:
        inner, outer = weights.shape
        width = 1 << max(0, (_AT_ONCE // inner).bit_length() - 1)
        width = width if outer % width == 0 else outer
        self._blocks = np.ascontiguousarray(weights.reshape(inner, -1, width).swapaxes(0, 1))
        self._bias = bias

    def __call__(self, rows: Floats) -> Floats:
        product = (rows @ self._blocks).swapaxes(0, 1).reshape(len(rows), -1)
        product += self._bias
        return product


class _Layer:
    """The weights of one layer."""

    def __init__(self, named: Mapping[str, Floats], prefix: str, heads: int) -> None:
        parts = [_pair(named, f"{prefix}attention.self.{p}") for p in ("query", "key", "value")]
        scale = np.float32((len(parts[0][1]) // heads) ** -0.5)  # of the product of both
        parts[0] = (parts[0][0] * scale, parts[0][1] * scale)
        self.mix = _Dense(
            np.concatenate([w for w, _ in parts]).T, np.concatenate([b for _, b in parts])
        )
        self.join = _dense(named, f"{prefix}attention.output.dense")
        self.attention_norm = _pair(named, f"{prefix}attention.output.LayerNorm")
        self.widen = _dense(named, f"{prefix}intermediate.dense")
        self.narrow = _dense(named, f"{prefix}output.dense")
        self.output_norm = _pair(named, f"{prefix}output.LayerNorm")


def _dense(named: Mapping[str, Floats], name: str) -> _Dense:
    weights, bias = _pair(named, name)
    return _Dense(weights.T, bias)


def _pair(named: Mapping[str, Floats], name: str) -> tuple[Floats, Floats]:
    return named[f"{name}.weight"], named[f"{name}.bias"]


def _gelu(x: Floats) -> Floats:
    """Gaussian error linear unit, in place; at most 4e-6 away.

    The error function of it is the hyperbolic tangent of a polynomial, fitted to its values.
    """
    squared = np.minimum(x * x, _FAR)
    inner = squared * _ERF[0]
    for coefficient in _ERF[1:-1]:
        inner += coefficient
        inner *= squared
    inner += _ERF[-1]
    inner *= x
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    x *= np.float32(0.5)
    x *= inner
    return x


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
