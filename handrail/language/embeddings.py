"""Turns sentences into vectors with an encoder from a local model folder; nothing is downloaded.

The folder holds ``tokenizer.json`` and either ``model.onnx`` (run by onnxruntime) or
``model.safetensors`` with ``config.json`` (a BERT-style encoder, run by NumPy).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from handrail.core.errors import ModelUnavailableError
from handrail.language.bert import Bert
from handrail.language.features import Floats

_LONGEST: Final = 128
"""Tokens that are read of a message; what a customer wants stands in the first hundred words."""
_BATCH: Final = 32
_States = Callable[[NDArray[np.int64], NDArray[np.int64]], Floats]


class Encoder(Protocol):
    """Turns texts into vectors of length one whose product is their likeness in meaning."""

    @property
    def id(self) -> str:
        """Digest of the encoder; vectors of another one mean nothing to a trained model."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one row by text."""
        ...


class FolderEncoder:
    """The encoder of a model folder: mean of the last hidden states, of length one."""

    def __init__(self, folder: Path, tokenizer: Any, states: _States, longest: int) -> None:
        self.id: str = _digest(folder)
        self._tokenizer = tokenizer
        self._tokenizer.enable_truncation(max_length=min(_LONGEST, longest))
        self._tokenizer.enable_padding()
        self._states = states
        self.size = 0
        """Dimensions of a vector; known once it has run."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one row by text; texts of like length are run together."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        rows: list[Floats | None] = [None] * len(texts)
        for start in range(0, len(order), _BATCH):
            part = order[start : start + _BATCH]
            for at, row in zip(part, self._batch([texts[at] for at in part]), strict=True):
                rows[at] = row
        return np.array(rows, dtype=np.float32)

    def _batch(self, texts: Sequence[str]) -> Floats:
        readable = [text.encode("utf-8", "replace").decode() for text in texts]
        encoded = self._tokenizer.encode_batch(readable)
        ids = np.array([one.ids for one in encoded], dtype=np.int64)
        mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
        if not ids.size:  # texts without a single token
            ids = mask = np.zeros((len(texts), 1), dtype=np.int64)
        states = self._states(ids, mask)
        if states.ndim == 3:
            states = (states * mask[:, :, None]).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)[
                :, None
            ]
        length = np.linalg.norm(states, axis=1, keepdims=True)
        return (states / np.maximum(length, 1e-9)).astype(np.float32)


@lru_cache(maxsize=2)
def open_encoder(folder: Path) -> FolderEncoder:
    """Open a model folder.

    Raises:
        ModelUnavailableError: a package or a file is missing, or the files are of another kind
            of model; the text names the mend.
    """
    missing = _missing(folder)
    if missing:
        raise ModelUnavailableError(f"embedding model {folder}: {missing}")
    from tokenizers import Tokenizer  # noqa: PLC0415 - of the extra `embeddings`

    try:
        tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        states, longest = (
            _onnx(folder / "model.onnx") if (folder / "model.onnx").is_file() else _numpy(folder)
        )
        encoder = FolderEncoder(folder, tokenizer, states, longest)
        encoder.size = encoder.encode(["does it run?"]).shape[1]
    except Exception as error:
        # The libraries raise plain Exception for any wrong file.
        raise ModelUnavailableError(
            f"embedding model {folder} cannot be run: {_said(error)}; "
            "name a folder of a BERT-style sentence encoder, or unset HANDRAIL_EMBEDDINGS"
        ) from error
    return encoder


def _said(error: Exception) -> str:
    text = str(error).split("\n")[0][:200]
    return f"{text} is missing" if isinstance(error, KeyError) else text or type(error).__name__


def _missing(folder: Path) -> str | None:
    """Say what is missing and how to mend it; ``None`` where all is there."""
    if not folder.is_dir():
        return "there is no such folder; name one in HANDRAIL_EMBEDDINGS, or unset it"
    if not (folder / "tokenizer.json").is_file():
        return "tokenizer.json is missing; copy it from where the model was saved"
    onnx = (folder / "model.onnx").is_file()
    if not onnx and not (folder / "model.safetensors").is_file():
        return "neither model.onnx nor model.safetensors is there; copy one of them"
    if not onnx and not (folder / "config.json").is_file():
        return "config.json is missing beside model.safetensors; copy it from the same model"
    needed = ("tokenizers", "onnxruntime") if onnx else ("tokenizers",)
    absent = [name for name in needed if find_spec(name) is None]
    if absent:
        return f"{' and '.join(absent)} not installed; pip install 'handrail[embeddings]'"
    return None


def _numpy(folder: Path) -> tuple[_States, int]:
    model = Bert(folder)
    return model.states, model.longest


def _onnx(path: Path) -> tuple[_States, int]:
    import onnxruntime  # noqa: PLC0415 - of the extra `embeddings`

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session: Any = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    wanted = [given.name for given in session.get_inputs()]

    def states(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats:
        known = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        output: Any = session.run(None, {name: known[name] for name in wanted})[0]
        return output

    return states, _LONGEST


def _digest(folder: Path) -> str:
    """Digest of the model file; large ones by their size and both ends, which is quick."""
    names = ("model.onnx", "model.safetensors")
    path = next(folder / name for name in names if (folder / name).is_file())
    with path.open("rb") as file:
        first = file.read(1_000_000)
        file.seek(-min(1_000_000, path.stat().st_size), 2)
        last = file.read()
    size = str(path.stat().st_size).encode()
    return "enc_" + hashlib.sha256(size + first + last).hexdigest()[:16]
