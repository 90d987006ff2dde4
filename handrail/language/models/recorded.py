"""A model that answers as another one did before, from a file: for tests that need no network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from handrail.core.errors import ModelUnavailableError
from handrail.core.ports import ChatModel, Tell
from handrail.core.registry import register
from handrail.language.chat_models import open_chat_model
from handrail.language.fences import FENCE
from handrail.language.usage import count_tokens, counted

_MOST_SHOWN = 120
"""Most characters of a line that a message shows."""


class Recording(BaseModel):
    """One line of the file: a request and its answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: str
    """Digest of the messages and the form; what a request is found by."""
    form: str
    """Name of the form that was asked for."""
    messages: tuple[dict[str, str], ...]
    """For people, and to say what is different in a request that is not there."""
    answer: dict[str, Any]
    input_tokens: int = 0
    output_tokens: int = 0


class RecordedModel:
    """Replays answers from a file, and records what is not there where another model is given.

    Args:
        file: JSON lines, one :class:`Recording` each.
        source: The model to record from; without it a request that is not there is an error.
        name: As in ``HANDRAIL_MODEL``.

    Raises:
        ModelUnavailableError: the file is missing or a line of it is no recording.
    """

    def __init__(self, file: Path, *, source: ChatModel | None = None, name: str = "") -> None:
        self.file = file
        self.name = name or f"recorded:{file}"
        self._source = source
        self._known = {each.request: each for each in _read(file, optional=source is not None)}

    async def complete(self, messages: Sequence[Mapping[str, str]], schema: type[Any]) -> Any:
        """Answer as recorded.

        Raises:
            ModelUnavailableError: nothing was recorded for this request. Not a failed call, so
                that no test goes on with a template in its place.
        """
        digest = _digest(messages, schema)
        known = self._known.get(digest)
        if known is None:
            known = await self._record(digest, messages, schema)
        else:
            count_tokens(input_tokens=known.input_tokens, output_tokens=known.output_tokens)
        return schema.model_validate(known.answer)

    async def stream(
        self, messages: Sequence[Mapping[str, str]], schema: type[Any], tell: Tell
    ) -> Any:
        """Answer as recorded, told of at once: how fast it came was not recorded.

        Raises:
            ModelUnavailableError: nothing was recorded for this request.
        """
        answer = await self.complete(messages, schema)
        tell(answer.model_dump(mode="json"))
        return answer

    async def _record(
        self, digest: str, messages: Sequence[Mapping[str, str]], schema: type[Any]
    ) -> Recording:
        if self._source is None:
            raise ModelUnavailableError(self._miss(messages, schema))
        with counted() as usage:
            answer = await self._source.complete(messages, schema)
        made = Recording(
            request=digest,
            form=schema.__name__,
            messages=tuple(dict(message) for message in messages),
            answer=answer.model_dump(mode="json"),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
        )
        with self.file.open("a", encoding="utf-8") as file:
            file.write(made.model_dump_json() + "\n")
        self._known[digest] = made
        return made

    def _miss(self, messages: Sequence[Mapping[str, str]], schema: type[Any]) -> str:
        mend = (
            f"record it with HANDRAIL_MODEL='recorded:{self.file}?from=PROVIDER:MODEL' and keep "
            "the file with the test"
        )
        asked = _lines(messages)
        alike = [each for each in self._known.values() if each.form == schema.__name__]
        nearest = max(alike, key=lambda each: _likeness(asked, _lines(each.messages)), default=None)
        if nearest is None:
            return f"{self.file} holds no {schema.__name__}; {mend}"
        return (
            f"{self.file} does not hold this request for {schema.__name__}; the nearest one, "
            f"{nearest.request[:12]}, {_difference(_lines(nearest.messages), asked)}; {mend}"
        )


def _digest(messages: Iterable[Mapping[str, str]], schema: type[Any]) -> str:
    content = json.dumps([schema.__name__, *map(dict, messages)], sort_keys=True)
    return sha256(content.encode()).hexdigest()


def _lines(messages: Iterable[Mapping[str, str]]) -> list[str]:
    """Lines to compare; fences are left out, for they are never the same in two requests."""
    text = "\n".join(message["content"] for message in messages)
    return FENCE.sub("===", text).splitlines()


def _likeness(one: list[str], other: list[str]) -> float:
    return SequenceMatcher(a=one, b=other, autojunk=False).ratio()


def _difference(recorded: list[str], asked: list[str]) -> str:
    for tag, *(a, b, c, d) in SequenceMatcher(a=recorded, b=asked, autojunk=False).get_opcodes():
        if tag != "equal":
            was, now = (recorded[a:b] or ["nothing"])[0], (asked[c:d] or ["nothing"])[0]
            return f"has {was[:_MOST_SHOWN]!r} where this has {now[:_MOST_SHOWN]!r}"
    return "has the same lines with other fences or roles"


def _read(file: Path, *, optional: bool) -> list[Recording]:
    if not file.is_file():
        if optional:
            return []
        raise ModelUnavailableError(
            f"there is no recording {file}; make it with "
            f"HANDRAIL_MODEL='recorded:{file}?from=PROVIDER:MODEL'"
        )
    lines = file.read_text(encoding="utf-8").splitlines()
    return [_recording(file, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _recording(file: Path, number: int, line: str) -> Recording:
    try:
        return Recording.model_validate_json(line)
    except ValidationError as error:
        raise ModelUnavailableError(
            f"{file}:{number} is no recording ({error.errors()[0]['msg']}); take the line out and "
            "record it anew"
        ) from error


def open_recorded(name: str) -> ChatModel:
    """Open ``recorded:FILE``, or ``recorded:FILE?from=openai:NAME`` to record what is missing.

    Raises:
        ModelUnavailableError: the file or the model to record from cannot be used.
    """
    path, _, source = name.partition(":")[2].partition("?from=")
    if not path:
        raise ModelUnavailableError(f"{name!r} names no file; write recorded:FILE")
    return RecordedModel(Path(path), source=open_chat_model(source) if source else None, name=name)


register(open_recorded, "model", "recorded")
