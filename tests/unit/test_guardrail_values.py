"""Typed values: one key for all spellings of a value."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.guardrails.claims import split_claims
from handrail.guardrails.normalisation import fold, lowered
from handrail.guardrails.value_patterns import CURRENCIES, MONTHS, UNIT_OF, VALUE
from handrail.guardrails.values import find_spellings, find_values, number_key, same_currency


def keys(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(value.kind, value.keys) for value in find_values(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$1,299.00", ("money", ("1299",))),
        ("1.299,00 €", ("money", ("1299",))),
        ("EUR 20", ("money", ("20",))),
        ("20 euros", ("money", ("20",))),
        ("$5k", ("money", ("5000",))),
        ("50 cents", ("money", ("0.5",))),
        ("20%", ("percent", ("20",))),
        ("fifty percent", ("percent", ("50",))),
        ("March 3rd, 2026", ("date", ("2026-03-03",))),
        ("3 de marzo de 2026", ("date", ("2026-03-03",))),
        ("2026-03-03T10:00:00Z", ("date", ("2026-03-03",))),
        ("03/04/2026", ("date", ("2026-03-04", "2026-04-03"))),
        ("2:30 p.m.", ("time", ("14:30",))),
        ("two weeks", ("duration", ("20160 minutes",))),
        ("14 days", ("duration", ("20160 minutes",))),
        ("5 business days", ("duration", ("5 business day",))),
        ("1 year", ("duration", ("12 month",))),
        ("#1001", ("id", ("1001",))),
        ("ORD-1234", ("id", ("ord1234",))),
        ("ana@shop.example", ("email", ("ana@shop.example",))),
        ("+44 20 1234 5678", ("phone", ("442012345678",))),
        ("300kg", ("quantity", ("300",))),
        ("3 pools", ("quantity", ("3",))),
    ],
)
def test_spelling_has_its_key(text: str, expected: tuple[str, tuple[str, ...]]) -> None:
    assert keys(text) == [expected]


def test_ranges_give_both_ends() -> None:
    assert keys("3-5 days") == [("duration", ("4320 minutes",)), ("duration", ("7200 minutes",))]
    assert keys("4 and 7 pm") == [("time", ("16:00",)), ("time", ("19:00",))]
    assert [key for _, (key,) in keys("Monday to Wednesday")] == ["0", "1", "2"]


COINS = [word for word in CURRENCIES if word.isalpha()]


@pytest.mark.parametrize(
    ("words", "kind"), [(UNIT_OF, "duration"), (MONTHS, "date"), (COINS, "money")]
)
def test_the_word_behind_a_number_says_what_it_is(words: Iterable[str], kind: str) -> None:
    assert {found for word in words for found, _ in keys(f"7 {word}, 7 {word}")} == {kind}


@pytest.mark.parametrize(
    "text",
    ["7 kg", "7 per cent", "7 p.m.", "7 of march", "7 x 9", "7 to 9 pm", "7 or 9 days", "7 us$"],
)
def test_words_between_a_number_and_what_it_is_belong_to_it(text: str) -> None:
    assert {value.text for value in find_values(f"No {text}, and 3 more")} == {text, "3"}


_PIECES = (
    "one two May 2026-03-03 $5 5k US$10 r$3 a-b-12 --x99999 ana.b+c@x.com -a@b.co é@b.co éa123 LF12"
    " #W1 (+34) www.x.com https://a.b/c?1 Monday weekdays noon fifty percent two-three days usd5"
    " pen 1,299.00 9:30-10:45 kg don't someone money İ ı 1. \n1. \u00a0 . - _ @ ( ٣ ５ £ to of x"
)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*_PIECES.split(" "), " ", " ", " ", "\n"]), max_size=14))
def test_no_value_stands_where_none_is_looked_for(pieces: list[str]) -> None:
    lower = lowered("".join(pieces))
    spelled = [match.span() for match in VALUE.finditer(lower)]
    found = {(start, start + len(text)) for _, start, text in find_spellings(lower)}
    items = [span for span in spelled if span not in found]
    assert found <= set(spelled)
    assert all(lower[end : end + 2] in (". ", ") ") for _, end in items)


@pytest.mark.parametrize("text", ["B2B", "COVID-19", "MP3", "1. First\n2. Second"])
def test_words_and_list_numbers_are_no_values(text: str) -> None:
    assert keys(text) == []


@settings(deadline=None)
@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_number_key_is_canonical(number: object) -> None:
    text = f"{number}"
    assert number_key(text) == number_key(f"{number}00")


@settings(deadline=None)
@given(st.text(max_size=300))
def test_spans_stand_in_the_text(text: str) -> None:
    for value in find_values(text):
        assert text[value.start : value.end] == value.text
    end = 0
    for claim in split_claims(text):
        assert text[claim.start : claim.end] == claim.text
        assert end <= claim.start
        end = claim.end


@settings(deadline=None)
@given(st.text(max_size=200))
def test_folding_twice_changes_nothing(text: str) -> None:
    folded = fold(text)
    assert fold(folded.text).text == folded.text
    start, end = folded.span(0, len(folded.text))
    assert 0 <= start <= end <= len(text)


def test_folding_keeps_the_way_back() -> None:
    written = "pa\u200bssw\u043erd ＄５"
    folded = fold(written)
    assert folded.text == "password $5"
    start = folded.text.index("password")
    assert written[slice(*folded.span(start, start + 8))] == "pa\u200bssw\u043erd"
    assert fold("привет").text == "привет"
    assert fold("👩\u200d👧").text == "👩\u200d👧"


def test_claims_know_what_they_do() -> None:
    kinds = [
        claim.kind
        for claim in split_claims(
            "Hi Ana! Refunds take 5 days, e.g. for cards. Would you like one? Let me know."
        )
    ]
    assert kinds == ["courtesy", "statement", "question", "offer"]


def test_a_no_ends_a_sentence_unless_a_number_follows() -> None:
    text = "The answer is no. It is in art. 5 and stands beside No. 7 in row no. #8."
    assert [claim.text for claim in split_claims(text)] == ["The answer is no.", text[18:]]


def test_an_answering_no_does_not_negate() -> None:
    (claim,) = split_claims("No, pets are welcome.")
    assert not claim.negated
    (claim,) = split_claims("No, pets are not welcome.")
    assert claim.negated


def test_a_dollar_may_be_any_dollar_but_no_euro() -> None:
    assert same_currency("$", "USD")
    assert same_currency(None, "EUR")
    assert not same_currency("$", "EUR")
