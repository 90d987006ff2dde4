"""What is read of a sentence the quick way is what the slow one reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handrail.guardrails import learned
from handrail.guardrails.claims import split_claims
from handrail.guardrails.encodings import blocks
from handrail.guardrails.learned import Learned
from handrail.guardrails.rule_words import phrase_of
from handrail.guardrails.terms import (
    LONGEST,
    blanked,
    cut,
    has_long_word,
    inked,
    plain,
    spoken,
    stems,
    zeroed,
)

PIECES = (
    "no", "No", "please", "Please note:", "note", "that", "cannot", "can't", "I", "Monday",
    "sundays", "Business", "three", "3", "11 pm", "11:30", "USD", "$", "%", "_", "-", "(", '"',
    "Gold", "gold", "é", "ﬁ", "ß", "Ω", "x", "a" * 40, "b" * 41, "C" * 95, ",", ".", "!", "\n",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)


@given(texts)
def test_a_sentence_has_the_words_of_its_text(text: str) -> None:
    for one in split_claims(text):
        assert one.plain == plain(one.text.casefold())
        assert one.spoken == spoken(one.text)
        assert one.words == frozenset(cut(plain(one.text.casefold()), LONGEST))
        assert one.stems == stems(one.text)
        assert "\n" not in one.text


@given(texts)
def test_a_phrase_is_the_same_whether_its_words_are_known_or_not(text: str) -> None:
    for one in split_claims(text):
        assert phrase_of(one.text, one.plain).words == phrase_of(one.text).words


@given(st.text(alphabet="aé1 _-\n", max_size=300), st.sampled_from(["", "z" * 39, "z" * 41]))
def test_a_long_word_is_seen(text: str, word: str) -> None:
    text += word
    words = plain(text)
    assert has_long_word(text) == (cut(words, 40) != words)


@given(st.text(), st.text(alphabet=st.characters(max_codepoint=127)))
def test_characters_are_put_alike_in_every_text(text: str, in_ascii: str) -> None:
    for written in (text, in_ascii, f"{in_ascii}é", f"{text} {in_ascii}"):
        assert zeroed(written) == "".join("0" if c.isdecimal() else c for c in written)
        assert inked(written) == "".join(" " if c.isspace() else "a" for c in written)
        assert blanked(written) == "".join(c if c.isalnum() else " " for c in written)


def test_a_short_block_is_none_and_one_of_the_shortest_is_read() -> None:
    assert list(blocks("c2hpcHBlZCB0 73686970706564")) == []
    assert [said for said, _, _ in blocks("c2hpcHBlZCB0b2Rh")] == ["shipped toda"]
    assert [said for said, _, _ in blocks("73 68 69 70 70 65 64 21")] == ["shipped!"]


def test_what_was_learned_is_forgotten_when_it_is_much() -> None:
    asked: list[str] = []

    def find(word: str) -> int:
        asked.append(word)
        return len(word)

    known = Learned(find)
    assert [known["one"], known["one"]] == [3, 3]
    assert asked == ["one"]
    for number in range(learned.MOST):
        assert known[str(number)] == len(str(number))
    assert len(known) <= learned.MOST
    assert "one" not in known
