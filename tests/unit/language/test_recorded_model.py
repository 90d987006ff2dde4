"""A recorded model answers as another did, and says what is different where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handrail.core.errors import ModelUnavailableError
from handrail.core.ports import ChatModel, DraftRequest
from handrail.language.chat_models import open_chat_model
from handrail.language.model_calls import ModelCalls
from handrail.language.model_drafter import ModelDrafter, ModelReply
from handrail.language.models.function import FunctionModel
from handrail.language.models.recorded import RecordedModel
from handrail.language.usage import count_tokens
from handrail.playbook.models import Release

MakeRequest = Callable[..., DraftRequest]


def says(text: str) -> ChatModel:
    """A model that says this, for 7 tokens."""

    def answer(*_: Any) -> dict[str, Any]:
        count_tokens(input_tokens=5, output_tokens=2)
        return {"sentences": [{"text": text}], "confidence": 1}

    return FunctionModel(answer)


def drafter(release: Release, model: ChatModel) -> ModelDrafter:
    return ModelDrafter(release, ModelCalls(model, pause_s=0))


async def test_a_recording_answers_in_place_of_the_model(
    release: Release, make_request: MakeRequest, tmp_path: Path
) -> None:
    file, request = tmp_path / "a.jsonl", make_request("Where is LF1001?", "order_status")
    recording = drafter(release, RecordedModel(file, source=says("It left.")))
    first = await recording.draft(request)
    assert (await recording.draft(request)).text == first.text
    assert len(file.read_text().splitlines()) == 1, "a known request was recorded again"
    replayed = await drafter(release, open_chat_model(f"recorded:{file}")).draft(request)
    assert (replayed.text, replayed.tokens) == ("It left.", 7)
    # What is known is not asked of the model again.
    other = RecordedModel(file, source=says("Something else."))
    assert (await drafter(release, other).draft(request)).text == "It left."


async def test_a_miss_is_loud_and_names_the_nearest_request_and_the_mend(
    release: Release, make_request: MakeRequest, tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    recording = drafter(release, RecordedModel(file, source=says("It left.")))
    await recording.draft(make_request("How do I use a gift card?", "gift_card"))
    await recording.draft(make_request("Where is LF1001?", "order_status"))
    replaying = drafter(release, open_chat_model(f"recorded:{file}"))
    with pytest.raises(ModelUnavailableError) as caught:
        await replaying.draft(make_request("Where is my LF1001?", "order_status"))
    assert "'customer, now: Where is LF1001?'" in caught.value.message
    assert "'customer, now: Where is my LF1001?'" in caught.value.message
    assert f"HANDRAIL_MODEL='recorded:{file}?from=PROVIDER:MODEL'" in caught.value.message


async def test_an_empty_recording_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    with pytest.raises(ModelUnavailableError, match="holds no ModelReply; record it with"):
        await RecordedModel(tmp_path / "a.jsonl").complete([], ModelReply)


def test_a_model_is_recorded_from_by_name(tmp_path: Path) -> None:
    name = f"recorded:{tmp_path / 'a.jsonl'}?from=function:json:loads"
    assert open_chat_model(name).name == name
    with pytest.raises(ModelUnavailableError, match="nobody:x"):
        open_chat_model(f"recorded:{tmp_path / 'a.jsonl'}?from=nobody:x")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "there is no recording"), ("{}", r"a\.jsonl:1 is no recording"), ("[", "jsonl:1 is")],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(ModelUnavailableError, match=words):
        open_chat_model(f"recorded:{tmp_path / 'a.jsonl'}")
    with pytest.raises(ModelUnavailableError, match="write recorded:FILE"):
        open_chat_model("recorded:")
