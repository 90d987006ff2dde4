"""Of the records' words as much is found as if every pair and triple of them were listed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handrail.guardrails.record_terms import RecordTerms
from handrail.guardrails.terms import Terms

words = st.sampled_from(
    ["order", "LF1", "LF12", "status", "of", "the", "shipped", "high", "chairs", "highchairs"]
)
text = st.lists(words, max_size=12).map(" ".join)


@given(text, text)
def test_what_a_text_has_in_common_with_the_records(records: str, said: str) -> None:
    asked = Terms.of(said)
    assert RecordTerms(records).among(asked) == asked.among(Terms.of(records))


def test_stop_words_between_two_words_are_passed() -> None:
    asked = Terms.of("status shipped")
    assert RecordTerms("the status of the shipped order").among(asked).content == asked.content
    assert not RecordTerms("the status of the shipped order").among(asked).pairs
