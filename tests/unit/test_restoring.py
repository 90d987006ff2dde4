"""Values that fit are the same after a deploy, whatever they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, NamedTuple
from uuid import UUID

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import BaseModel, Field

from handrail.core.errors import StrandedError
from handrail.engine import restoring, saver


class Colour(Enum):
    """A choice."""

    RED = "red"


@dataclass(frozen=True)
class Point:
    """A dataclass."""

    x: int
    at: time


class Pair(NamedTuple):
    """A named tuple."""

    left: str
    right: int


class Line(BaseModel):
    """A model in a model."""

    name: str
    price: Decimal = Decimal(0)


class Order(BaseModel):
    """A model with all kinds of fields, one of them with an alias."""

    lines: tuple[Line, ...] = ()
    made: datetime
    kind: Literal["new", "old"] = "new"
    number: str = Field(default="", alias="no")
    extra: dict[str, Any] = {}


NOW = datetime(2026, 1, 5, 9, 30, tzinfo=timezone(timedelta(hours=2)))
VALUES: list[tuple[Any, Any]] = [
    (Order, Order(lines=(Line(name="a", price=Decimal("1.20")),), made=NOW, no="7")),
    (list[Order], [Order(made=NOW, extra={"a": [1, {"b": None}]})]),
    (dict[str, Line], {"a": Line(name="a")}),
    (Line | None, None),
    (Line | Order, Line(name="a")),
    (Point, Point(1, time(9, 30))),
    (Pair, Pair("a", 1)),
    (Colour, Colour.RED),
    (set[int], {1, 2}),
    (frozenset[str], frozenset({"a"})),
    (tuple[str, ...], ("a", "b")),
    (time, time(9, 30, 5)),
    (date, date(2026, 1, 5)),
    (datetime, NOW),
    (timedelta, timedelta(days=1, seconds=2)),
    (UUID, UUID(int=7)),
    (Decimal, Decimal("1.20")),
    (bytes, b"\x00\xff"),
    (Literal["a"], "a"),
    (Any, {"a": 1}),
    (float, 1.5),
]


def stored(value: Any) -> Any:
    """A value as it is read from a checkpoint for validation."""
    plain: Any = saver._PLAIN  # pyright: ignore[reportPrivateUsage]
    return plain.loads_typed(JsonPlusSerializer().dumps_typed(value))


def fitted(value: Any, kind: Any) -> Any:
    """A stored value as the state's annotation wants it."""
    fitting: Any = restoring._fitting  # pyright: ignore[reportPrivateUsage]
    return fitting("key", stored(value), kind)


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=lambda item: str(item)[:40])
def test_a_value_that_fits_is_the_same(kind: Any, value: Any) -> None:
    again = fitted(value, kind)
    assert again == value
    assert type(again) is type(value)


class Narrow(BaseModel):
    """What became of ``Line``."""

    name: str


class Renamed(BaseModel):
    """What became of ``Order``."""

    lines: tuple[Narrow, ...] = ()
    made: datetime
    kind: str = "new"
    number: str = ""
    extra: dict[str, Any] = {}


def test_a_lost_field_deep_inside_is_named() -> None:
    order = Order(lines=(Line(name="a"), Line(name="b")), made=NOW)
    with pytest.raises(StrandedError, match=r"key\.lines\.0\.price is stored"):
        fitted(order, Renamed)


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(StrandedError, match="'key' no longer fits"):
        fitted(["a"], dict[str, str])
