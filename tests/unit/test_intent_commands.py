"""``handrail intents`` and the doctor's look at the encoder, run in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from handrail.core.errors import ImportDataError
from handrail.desk.cli import app


@pytest.fixture
def run(handrail_home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command in the home whose classifier the tests share."""
    monkeypatch.setenv("HANDRAIL_HOME", str(handrail_home))
    for name in ("DATABASE", "PLAYBOOK", "EMBEDDINGS"):
        monkeypatch.delenv(f"HANDRAIL_{name}", raising=False)
    return lambda *words: CliRunner().invoke(app, list(words))


def _labelled(folder: Path, *lines: tuple[str, str | None]) -> Path:
    file = folder / "labelled.jsonl"
    file.write_text("\n".join(json.dumps({"text": t, "intent": i}) for t, i in lines))
    return file


def test_a_text_is_tried(run: Any) -> None:
    told = json.loads(run("intents", "try", "Where is my order LF1001?", "--json").stdout)
    assert told["result"]["ranked"][0]["intent"] == "order_status"
    assert told["slots"][0]["text"] == "LF1001"
    assert run("intents", "try", "thanks!").stdout.startswith("thanks")


def test_the_model_is_shown(run: Any) -> None:
    shown = json.loads(run("intents", "show", "--json").stdout)
    assert shown["intents"] == len(shown["by_intent"])
    assert shown["labels"] == {}
    assert "order_status" in run("intents", "show").stdout


def test_thresholds_are_tuned_on_labelled_messages(run: Any, tmp_path: Path) -> None:
    lines = [("where is my order", "order_status"), ("please cancel LF1004", "cancel_order")]
    data = str(_labelled(tmp_path, *lines, ("who won the world cup", None)))
    drawing = tmp_path / "curve.svg"
    done = run("intents", "tune", "--accuracy", "0.9", "--data", data, "--svg", str(drawing))
    assert done.exit_code == 0
    assert "thresholds:\n  accept: " in done.stdout
    assert drawing.read_text().startswith("<svg")
    assert run("intents", "tune").exit_code == 2


@pytest.mark.parametrize(
    ("line", "mend"),
    [
        ('{"text": "hello", "intent": "no_such_intent"}', "has no intent 'no_such_intent'"),
        ('{"intent": "order_status"}', "labelled.jsonl:1"),
        ("nonsense", "labelled.jsonl:1"),
        ("", "holds no message"),
    ],
)
def test_wrong_labels_name_the_mend(run: Any, tmp_path: Path, line: str, mend: str) -> None:
    data = tmp_path / "labelled.jsonl"
    data.write_text(line + "\n")
    done = run("intents", "tune", "--transfer", "0.2", "--data", str(data))
    assert isinstance(done.exception, ImportDataError)
    assert mend in done.exception.message


def test_the_doctor_says_what_an_encoder_lacks(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "name a folder in HANDRAIL_EMBEDDINGS" in run("doctor").stdout
    monkeypatch.setenv("HANDRAIL_EMBEDDINGS", str(tmp_path))
    assert "tokenizer.json is missing" in run("doctor").stdout
