"""Many short texts that are read in one pass have the values that each has by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handrail.guardrails.reading import Reading, Source
from handrail.guardrails.record_values import RecordValues
from handrail.guardrails.shelf import Shelf
from handrail.guardrails.values import find_values

pieces = st.sampled_from(
    [
        "5", "12", "1,299.00", "$", "EUR", "%", "days", "two", "3 March", ",", "2026", " ", "-",
        ".", "1.", "\n", "\0", "http://", "#", "a@b.co", "+1 (", "W", "AB12", " x ", "to", "10:00",
        "pm", "2026-03-03", "Monday", "Σ", "İ", "\u2013",
    ]
)  # fmt: skip
text = st.lists(pieces, max_size=8).map("".join)


@given(st.lists(text, max_size=6), text)
def test_every_value_stands_where_reading_each_text_alone_finds_it(
    texts: list[str], asked: str
) -> None:
    together = RecordValues(texts)
    apart = Shelf(tuple(Source(str(number), Reading(one)) for number, one in enumerate(texts)))
    for value in find_values(" ; ".join((asked, *texts))):
        found, alone = together.find(value), apart.find(value)
        assert (found and (str(found[0]), found[1].start, found[1].end)) == (
            alone and (alone.source, alone.start, alone.end)
        )
        assert RecordValues(texts).has(value) == together.has(value) == apart.has(value)


def test_a_value_never_reaches_from_one_text_into_the_next() -> None:
    together = RecordValues(["Lantern 30", "days"])
    (days,) = find_values("30 days")
    assert together.find(days) is None
    (number,) = find_values("30")
    found = together.find(number)
    assert found
    assert (found[0], found[1].text, found[1].start) == (0, "30", 8)
