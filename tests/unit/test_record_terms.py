"""Of the records' words as much is found as if every word and run of them were listed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from handrail.guardrails.reading import Reading
from handrail.guardrails.record_terms import RecordTerms
from handrail.guardrails.terms import Terms, spoken
from handrail.guardrails.word_runs import Runs, WordRow

words = st.sampled_from(
    ["order", "LF1", "LF12", "status", "of", "the", "s", "shipped", "high", "chairs", "highchairs"]
)
text = st.lists(words, max_size=12).map(" ".join)


@given(text, text)
def test_what_a_text_has_in_common_with_the_records(records: str, said: str) -> None:
    asked, known, reading = Terms.of(spoken(said)), RecordTerms(records), Reading(records)
    runs = Runs(asked)
    own, other = known.told(runs.asked), WordRow([reading.terms]).told(runs.asked)
    assert runs.lacking([own]) == runs.lacking([other])
    assert known.words == frozenset(reading.terms.words)
    assert known.stems == reading.stems
    heard = Reading(said).heard
    assert known.words & heard | known.joined(heard) == heard & reading.heard


@given(text, st.lists(text, max_size=3))
def test_a_run_is_known_if_one_text_has_it(said: str, texts: list[str]) -> None:
    known = [run for one in texts for run in _runs(Terms.of(spoken(one)))]
    asked = Terms.of(spoken(said))
    runs = Runs(asked)
    rows = [WordRow([Terms.of(spoken(one)) for one in some]) for some in (texts[:1], texts[1:])]
    lacking = runs.lacking([row.told(runs.asked) for row in rows])
    assert list(b"".join(lacking)) == [run not in known for run in _runs(asked)]


def _runs(text: Terms) -> list[tuple[str, ...]]:
    content = [w for w, telling in zip(text.words, text.content, strict=True) if telling]
    triples = zip(text.words, text.words[1:], text.words[2:], strict=False)
    marked = (("content", *pair) for pair in pairwise(content))
    return [*(("", *pair) for pair in pairwise(text.words)), *triples, *marked]


def test_stop_words_between_two_words_are_passed() -> None:
    asked = Terms.of(["status", "shipped"])
    runs = Runs(asked)
    told = RecordTerms("the status of the shipped order").told(runs.asked)
    assert runs.lacking([told]) == (b"\1", b"", b"\0")
