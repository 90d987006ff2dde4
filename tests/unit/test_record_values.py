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
    named = [(f"record:order/W1#{number}", one) for number, one in enumerate(texts)]
    together = RecordValues(named)
    apart = Shelf(tuple(Source(id_, Reading(one)) for id_, one in named))
    for value in find_values(" ; ".join((asked, *texts))):
        assert together.find(value) == apart.find(value)
        assert RecordValues(named).has(value) == together.has(value) == apart.has(value)


def test_a_value_never_reaches_from_one_text_into_the_next() -> None:
    together = RecordValues(
        [("record:order/W1#note", "Lantern 30"), ("record:order/W2#note", "days")]
    )
    (days,) = find_values("30 days")
    assert together.find(days) is None
    (number,) = find_values("30")
    found = together.find(number)
    assert found
    assert (found.source, found.quote, found.start) == ("record:order/W1#note", "30", 8)
