"""The schema of a decision, as whoever answers an interrupt is given it."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from handrail.core.decisions import Decided, Decision


def test_the_schema_of_an_answer_stands_by_itself() -> None:
    schema = TypeAdapter(Decided).json_schema()

    members = get_args(get_args(Decision)[0])
    kinds = {member.model_fields["kind"].default for member in members}
    described = schema["properties"]["decision"]["oneOf"]
    assert {one["properties"]["kind"]["const"] for one in described} == kinds
    assert "$ref" not in json.dumps(schema)
    assert set(schema["properties"]) == set(Decided.model_fields)
    needed = {name for name, field in Decided.model_fields.items() if field.is_required()}
    assert set(schema["required"]) == needed


def test_each_caller_gets_a_schema_of_its_own() -> None:
    TypeAdapter(Decided).json_schema().clear()

    assert TypeAdapter(Decided).json_schema()["properties"]


def test_an_answer_is_still_validated() -> None:
    with pytest.raises(ValidationError):
        Decided.model_validate({"decision": {"kind": "approve", "text": "x"}, "actor": "kim"})
