"""Replay of recorded conversations: nothing is sent, bad lines are named, the rest runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from handrail.core.errors import ImportDataError
from handrail.desk.replaying import replay
from handrail.desk.settings import Settings
from handrail.desk.transcripts import Said, Transcript, read_transcripts
from handrail.playbook.loading import demo_path


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


def test_an_action_that_contradicts_itself_is_a_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "talks.jsonl"
    said = [{"role": "user", "text": "hello"}]
    ways = ({"action": "refund", "amount": "5"}, {"action": ""}, {"name": "refund"})
    file.write_text(
        "\n".join(json.dumps({"id": "a", "messages": said, "actions": [way]}) for way in ways)
    )
    transcripts, bad = read_transcripts(file)
    assert transcripts == []
    assert [line.line for line in bad] == [1, 2, 3]
    assert "currency" in bad[0].problem


async def test_what_was_done_meanwhile_counts_from_then_on(tmp_path: Path) -> None:
    playbook = tmp_path / "playbook"
    shutil.copytree(demo_path(), playbook)
    intent = playbook / "intents" / "cancel_order.yaml"
    head, _, _ = intent.read_text(encoding="utf-8").partition("templates:")
    said = "templates:\n  - text: I have cancelled your order {{order.id}}.\n"
    intent.write_text(head + said, encoding="utf-8")
    asks = {"role": "customer", "text": "Please cancel my order LF1001"}
    again = {"role": "customer", "text": "Can you please cancel order LF1001?"}
    done = {"action": "cancel_order", "record_kind": "order", "record": "LF1001"}
    reply = {"role": "agent", "text": "One moment.", "actions": [done]}

    async def claimed(*messages: dict[str, Any], **more: Any) -> list[bool]:
        """Whether each turn's reply says so still, after the guardrails' repairs."""
        talk = Transcript.model_validate({"id": "one", "messages": messages, **more})
        report = await replay([talk], playbook=playbook, settings=Settings(home=tmp_path))
        return ["have cancelled" in turn.text for turn in report.turns]

    mine = {"customer": "cust_001"}
    assert await claimed(asks, reply, again, **mine) == [False, True]
    assert await claimed({**asks, "actions": [done]}, **mine) == [True]
    assert await claimed(asks, actions=[done], **mine) == [True]


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
