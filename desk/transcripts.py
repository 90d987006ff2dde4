"""Recorded conversations as a file: one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from handrail.core.conversation import ActionNotice, Label
from handrail.core.errors import ImportDataError


class Done(BaseModel):
    """Something that was done for the customer, as :class:`ActionEvent` has it."""

    model_config = ConfigDict(extra="forbid")

    action: Label
    record_kind: Label | None = None
    record: Label | None = None
    outcome: Literal["done", "failed", "pending"] = "done"
    amount: str | None = None
    currency: str | None = None
    actor: Label | None = None
    details: dict[Label, Label] = Field(default_factory=dict)

    def notice(self, name: str, customer_id: str, at: datetime) -> ActionNotice:
        """Tell of it under a name, as done at a moment."""
        return ActionNotice(id=name, customer_id=customer_id, at=at, **dict(self))

    @model_validator(mode="after")
    def _is_action(self) -> Self:
        self.notice("-", "-", datetime.now(UTC))
        return self


class Said(BaseModel):
    """One message of a recorded conversation."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["customer", "agent"]
    """``user`` is read as customer, ``assistant`` and ``ai`` as agent."""
    text: str
    intent: str | None = None
    """What the customer wanted, where somebody labelled it."""
    actions: tuple[Done, ...] = ()
    """What had been done since the message before."""

    @field_validator("role", mode="before")
    @classmethod
    def _usual_names(cls, role: object) -> object:
        return {"user": "customer", "assistant": "agent", "ai": "agent"}.get(str(role), role)


class Transcript(BaseModel):
    """One recorded conversation."""

    model_config = ConfigDict(extra="ignore")

    id: str
    customer: str | None = None
    """Id of a customer of the playbook's data; without one no records are used."""
    channel: str = "web"
    messages: tuple[Said, ...] = Field(min_length=1)
    intent: str | None = None
    """Intent of the first customer message, where messages carry none."""
    actions: tuple[Done, ...] = ()
    """What had been done before the first message; only where the customer is named."""

    def turns(self) -> Iterator[tuple[tuple[Said, ...], tuple[Said, ...]]]:
        """Yield each burst of customer messages with the replies that followed it."""
        asked: list[Said] = []
        replied: list[Said] = []
        for message in self.messages:
            if message.role == "customer" and replied:
                if asked:
                    yield tuple(asked), tuple(replied)
                asked, replied = [], []
            (asked if message.role == "customer" else replied).append(message)
        if asked:
            yield tuple(asked), tuple(replied)


@dataclass(frozen=True)
class BadLine:
    """A line that is no conversation."""

    line: int
    """From 1."""
    problem: str


def read_transcripts(path: Path) -> tuple[list[Transcript], list[BadLine]]:
    """Read a file; lines that are wrong are returned apart, and the others are still used.

    Raises:
        ImportDataError: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImportDataError(f"cannot read {path}: {error.strerror}; name a JSONL file") from error
    good: list[Transcript] = []
    bad: list[BadLine] = []
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            good.append(Transcript.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            bad.append(BadLine(number, f"{where}: {first['msg']}" if where else first["msg"]))
    return good, bad
