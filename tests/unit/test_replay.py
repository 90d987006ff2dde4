"""Replay of recorded conversations: nothing is sent, bad lines are named, the rest runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handrail.core.errors import ImportDataError
from handrail.desk.replaying import replay
from handrail.desk.settings import Settings
from handrail.desk.transcripts import Said, Transcript, read_transcripts


def test_bad_lines_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    file = tmp_path / "talks.jsonl"
    good = {"id": "a", "messages": [{"role": "user", "text": "hello"}]}
    lines = [json.dumps(good), "not json", "", json.dumps({"id": "b", "messages": []})]
    file.write_text("\n".join(lines), encoding="utf-8")
    transcripts, bad = read_transcripts(file)
    assert [t.id for t in transcripts] == ["a"]
    assert [line.line for line in bad] == [2, 4]
    assert "messages" in bad[1].problem


def test_missing_file_names_the_mend(tmp_path: Path) -> None:
    with pytest.raises(ImportDataError, match="name a JSONL file"):
        read_transcripts(tmp_path / "none.jsonl")


def test_turns_are_bursts_with_their_replies() -> None:
    roles = "caccaac"
    said = tuple(
        Said.model_validate({"role": {"c": "user", "a": "assistant"}[r], "text": str(i)})
        for i, r in enumerate(roles)
    )
    talk = Transcript(id="t", messages=said)
    turns = [([m.text for m in asked], [m.text for m in told]) for asked, told in talk.turns()]
    assert turns == [(["0"], ["1"]), (["2", "3"], ["4", "5"]), (["6"], [])]


async def test_replay_reports_what_would_have_happened(tmp_path: Path) -> None:
    talk = Transcript.model_validate(
        {
            "id": "one",
            "customer": "cust_001",
            "messages": [
                {"role": "customer", "text": "Where is my order?", "intent": "order_status"},
                {"role": "agent", "text": "It is on its way."},
                {"role": "customer", "text": "Then please cancel my order", "intent": "gift_card"},
                {"role": "agent", "text": "Done."},
                {"role": "customer", "text": "\u200b"},
            ],
        }
    )
    ticks: list[int] = []
    report = await replay(
        [talk], settings=Settings(home=tmp_path), progress=lambda: ticks.append(1)
    )
    assert [turn.outcome for turn in report.turns] == ["sent", "review", "unreadable"]
    assert report.labelled == (2, 1)
    assert report.reasons("review") == {"mode:supervised": 1}
    assert ticks == [1]
    assert json.loads(json.dumps(report.as_dict()))["turns"] == 3
