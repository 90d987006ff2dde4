"""The forms that a language model fills in."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


def _without_defaults(schema: dict[str, Any]) -> None:
    # A provider that holds a model to a schema refuses defaults; a missing field has one here.
    for part in schema.get("properties", {}).values():
        part.pop("default", None)


class Answered(BaseModel):
    """A form that a model fills in."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)
