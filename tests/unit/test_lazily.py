"""A property is found once, when first asked for, on every Python alike."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from handrail.guardrails.lazily import cached_property


@dataclass
class _Text:
    words: str
    counted: list[int] = field(default_factory=list)

    @cached_property
    def length(self) -> int:
        """How many words there are."""
        self.counted.append(1)
        return len(self.words.split())


def test_it_is_found_when_first_asked_for_and_kept() -> None:
    text = _Text("one two")
    assert not text.counted
    assert (text.length, text.length) == (2, 2)
    assert len(text.counted) == 1


def test_each_holder_has_its_own() -> None:
    first, second = _Text("one two"), _Text("one")
    assert (first.length, second.length) == (2, 1)


def test_what_cannot_be_found_is_looked_for_again() -> None:
    text = _Text("")
    text.words = None  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AttributeError):
        assert text.length
    text.words = "one"
    assert text.length == 1


def test_it_is_described_on_its_class() -> None:
    assert _Text.length.__doc__ == "How many words there are."
