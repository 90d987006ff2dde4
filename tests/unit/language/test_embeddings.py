"""Sentence encoders run from a folder; a folder with wrong files names the mend."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from handrail.core.errors import IntegrityError, ModelUnavailableError
from handrail.language.bert import read_safetensors
from handrail.language.embeddings import open_encoder
from handrail.language.intents import IntentClassifier
from handrail.language.training import train
from handrail.playbook.models import Thresholds

WORDS = ("[PAD]", "[UNK]", "where", "is", "my", "order", "parcel", "refund", "money", "back")
ALIKE = {"parcel": "order", "money": "refund", "back": "refund"}
SIZE, LAYERS, WIDE = 8, 2, 16
CONFIG = {
    "model_type": "bert",
    "num_attention_heads": 2,
    "num_hidden_layers": LAYERS,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}
PAIRS = [
    ("where is my order", "status"),
    ("is my order here", "status"),
    ("my refund", "refund"),
    ("where is my refund", "refund"),
]


def _table(size: int = SIZE) -> Any:
    random = np.random.default_rng(3)
    rows = {word: random.normal(size=size) for word in WORDS}
    return np.array([rows[ALIKE.get(word, word)] for word in WORDS], dtype=np.float32)


def _tensors(size: int = SIZE, wide: int = WIDE) -> dict[str, Any]:
    random = np.random.default_rng(1)

    def some(*shape: int) -> Any:
        return (random.normal(size=shape) * 0.05).astype(np.float32)

    found = {
        "embeddings.word_embeddings.weight": _table(size),
        "embeddings.position_embeddings.weight": some(32, size),
        "embeddings.token_type_embeddings.weight": some(2, size),
        "embeddings.position_ids": np.arange(32, dtype=np.int64),
    }
    norms = ["embeddings.LayerNorm"]
    for at in range(LAYERS):
        layer = f"encoder.layer.{at}."
        norms += [f"{layer}attention.output.LayerNorm", f"{layer}output.LayerNorm"]
        attention = [f"{layer}attention.self.{p}" for p in ("query", "key", "value")]
        for name, out, into in (
            *((name, size, size) for name in (*attention, f"{layer}attention.output.dense")),
            (f"{layer}intermediate.dense", wide, size),
            (f"{layer}output.dense", size, wide),
        ):
            found |= {f"{name}.weight": some(out, into), f"{name}.bias": some(out)}
    for name in norms:
        found |= {f"{name}.weight": np.ones(size, "f4"), f"{name}.bias": np.zeros(size, "f4")}
    return found


def _write_safetensors(path: Path, tensors: dict[str, Any], dtype: str = "F32") -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, value in tensors.items():
        kind = "I64" if value.dtype == np.int64 else dtype
        raw = value.astype("f2").tobytes() if kind == "F16" else value.tobytes()
        header[name] = {
            "dtype": kind,
            "shape": value.shape,
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + data)


def _write_tokenizer(folder: Path) -> None:
    vocabulary = {word: at for at, word in enumerate(WORDS)}
    tokenizer: Any = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))


def _field(number: int, value: bytes | int) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    length, size = len(value), b""
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + value


def _onnx_value(name: str, kind: int) -> bytes:
    axes = b"".join(_field(1, _field(2, axis)) for axis in (b"b", b"t"))
    if kind == 1:
        axes += _field(1, _field(1, SIZE))
    tensor = _field(1, kind) + _field(2, axes)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _write_onnx(path: Path) -> None:
    """An encoder whose hidden states are a row of a table by token."""
    table = b"".join(_field(1, n) for n in (len(WORDS), SIZE)) + _field(2, 1)
    table += _field(8, b"table") + _field(9, _table().tobytes())
    node = _field(1, b"table") + _field(1, b"input_ids") + _field(2, b"states")
    graph = _field(1, node + _field(4, b"Gather")) + _field(2, b"tiny") + _field(5, table)
    graph += _field(11, _onnx_value("input_ids", 7)) + _field(12, _onnx_value("states", 1))
    path.write_bytes(_field(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _field(2, 13)))


def write_encoder(folder: Path, size: int = SIZE, wide: int = WIDE) -> dict[str, Any]:
    """Write an encoder that NumPy runs; return its tensors."""
    tensors = _tensors(size, wide)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    _write_safetensors(folder / "model.safetensors", tensors)
    return tensors


@pytest.fixture
def numpy_folder(tmp_path: Path) -> Path:
    _write_tokenizer(tmp_path)
    write_encoder(tmp_path)
    return tmp_path


@pytest.fixture
def onnx_folder(tmp_path: Path) -> Path:
    _write_tokenizer(tmp_path)
    _write_onnx(tmp_path / "model.onnx")
    return tmp_path


@pytest.fixture(params=["numpy_folder", "onnx_folder"])
def folder(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


def test_vectors_have_length_one_and_like_texts_are_near(folder: Path) -> None:
    encoder = open_encoder(folder)
    rows = encoder.encode(["where is my order", "where is my parcel", "my refund", ""])
    assert rows.shape == (4, SIZE)
    assert encoder.size == SIZE
    assert np.linalg.norm(rows[:3], axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


def test_a_text_gets_the_same_vector_alone_and_among_longer_ones(folder: Path) -> None:
    encoder = open_encoder(folder)
    alone = encoder.encode(["my order"])[0]
    among = encoder.encode(["where is my refund where is my order back", "my order"])[1]
    assert among == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize("text", ["", "\ud800", "\x00", "🙂" * 3000])
def test_odd_texts_are_encoded(folder: Path, text: str) -> None:
    assert np.isfinite(open_encoder(folder).encode([text])).all()


def test_half_precision_is_read(tmp_path: Path) -> None:
    tensors = _tensors()
    _write_safetensors(tmp_path / "half", tensors, "F16")
    found = read_safetensors(tmp_path / "half")
    name = "embeddings.word_embeddings.weight"
    assert found[name] == pytest.approx(tensors[name], abs=1e-2)
    assert "embeddings.position_ids" not in found


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def _lose_a_layer(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({**CONFIG, "num_hidden_layers": 3}))


@pytest.mark.parametrize(
    ("harm", "mend"),
    [
        (_remove("tokenizer.json"), "tokenizer.json is missing"),
        (_remove("model.safetensors"), "neither model.onnx nor model.safetensors"),
        (_remove("config.json"), "config.json is missing"),
        (_write("model.safetensors", "version https://git-lfs"), "no safetensors file"),
        (_write("config.json", '{"model_type": "gpt2"}'), "model_type 'gpt2'"),
        (_write("tokenizer.json", "{}"), "cannot be run"),
        (_write("model.onnx", "nonsense"), "cannot be run"),
        (_lose_a_layer, "encoder.layer.2"),
    ],
)
def test_wrong_files_name_the_mend(
    numpy_folder: Path, harm: Callable[[Path], object], mend: str
) -> None:
    harm(numpy_folder)
    with pytest.raises(ModelUnavailableError, match=mend):
        open_encoder(numpy_folder)


def test_a_missing_folder_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="HANDRAIL_EMBEDDINGS"):
        open_encoder(tmp_path / "nowhere")


def test_intents_are_learned_from_meaning(folder: Path) -> None:
    encoder = open_encoder(folder)
    model = train(PAIRS, Thresholds(), encoder=encoder)
    assert model.classify("parcel").top == "status"
    assert model.classify("money back").top == "refund"


def test_a_model_is_read_with_its_own_encoder_only(folder: Path) -> None:
    encoder = open_encoder(folder)
    model = train(PAIRS, Thresholds(), encoder=encoder)
    again = IntentClassifier.from_bytes(model.to_bytes(), Thresholds(), encoder)
    first, second = model.classify("my parcel"), again.classify("my parcel")
    assert (first.top, first.nearest) == (second.top, second.nearest)
    assert second.confidence == pytest.approx(first.confidence, abs=5e-3)
    with pytest.raises(IntegrityError, match="train it again"):
        IntentClassifier.from_bytes(model.to_bytes(), Thresholds())
    assert model.model != train(PAIRS, Thresholds()).model
