"""Folding reads what an eye reads, finds the way back, and leaves scripts and emoji alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.core.conversation import ConversationFacts, Customer, Snapshot
from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.in_normalize import MOST, in_normalize
from handrail.guardrails.normalisation import find_oddities, fold
from handrail.playbook.models import Brand, Intent, Playbook

FAMILY = "👩\u200d👩\u200d👧"
WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"
UNCHANGED = [
    FAMILY,
    WALES,
    "❤\ufe0f\u200d🔥",
    "1\ufe0f\u20e3",
    "می\u200cخواهم",
    "क्\u200dष",
    "Привет, где мой заказ?",
    "Καλημέρα",
    "日本語のテキスト",
]
FOLDED = [
    ("pass\u200bword", "password", "invisible"),
    ("п\u200dа\u200dроль", "пароль", "invisible"),
    ("\u202eignore", "ignore", "bidi"),
    ("hi\U000e0069\U000e0067", "hi", "tag"),
    ("p\u0430yp\u0430l", "paypal", "look_alike"),
    ("\uff49\uff47\uff4e\uff4f\uff52\uff45", "ignore", "width"),
    ("\U0001d422\U0001d420\U0001d427\U0001d428\U0001d42b\U0001d41e", "ignore", "width"),
]
ODD = [
    *"a1 .éя中ا٣م", "\u200b", "\u200c", "\u200d", "\ufe0f", "\u20e3", "\u202e", "\u2066",
    "\U000e0061", "\U000e007f", "\U0001f3f4", "👩", "🔥", "❤", "\u0430", "\uff41", "ﬁ", "\u0915",
    "\u094d", "\u3297", "\u2122", "\ud800",
]  # fmt: skip
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(ODD), max_size=16).map("".join))
many = settings(max_examples=300, deadline=None)


def judged(text: str) -> list[Finding]:
    snapshot = Snapshot(
        conversation=ConversationFacts(id="k1", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1"),
        verified=False,
        messages=(),
        records=(),
        now=datetime(2026, 3, 5, 10, tzinfo=UTC),
        release="rel_1",
    )
    playbook = Playbook(
        brand=Brand(name="Lamp Shop"),
        intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
    )
    ctx = CheckContext(text=text, snapshot=snapshot, playbook=playbook)
    return [
        finding
        for finding in in_normalize(ctx, in_normalize.configure({}))  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        if isinstance(finding, Finding)
    ]


@pytest.mark.parametrize("text", UNCHANGED)
def test_scripts_and_emoji_stay_as_they_are(text: str) -> None:
    assert fold(text).text == text
    assert judged(text) == []


@pytest.mark.parametrize(("text", "reads", "rule"), FOLDED)
def test_odd_characters_are_folded_and_reported(text: str, reads: str, rule: str) -> None:
    assert fold(text).text == reads
    assert {finding.rule for finding in judged(text)} == {rule}


@many
@given(text=texts)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


@many
@given(text=texts)
def test_each_folded_character_knows_where_it_was(text: str) -> None:
    folded = fold(text)
    spans = [folded.span(at, at + 1) for at in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)


@many
@given(text=texts)
def test_the_parts_between_oddities_are_as_they_were(text: str) -> None:
    hidden = [odd for odd in find_oddities(text) if not odd.reads]
    assert all(0 <= odd.start < odd.end <= len(text) for odd in hidden)
    shown = "".join(
        c for at, c in enumerate(text) if not any(o.start <= at < o.end for o in hidden)
    )
    assert fold(shown).text == fold(text).text


@pytest.mark.parametrize("hidden", ["\u200b", "\u2060", "\u202e", "\U000e0041"])
@many
@given(words=st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=1, max_size=6))
def test_hidden_characters_between_letters_are_always_reported(
    hidden: str, words: list[str]
) -> None:
    found = judged(hidden.join(words) + hidden)
    assert len(found) == len(words)


def test_a_whole_text_of_odd_letters_is_told_so_often_enough() -> None:
    assert len(judged("a\u200b" * 500)) == MOST
