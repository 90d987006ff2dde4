"""What statements share with the sentences of all sources is what counting one by one finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handrail.guardrails.likeness import Comparison
from handrail.guardrails.reading import Reading, Source, read_published
from handrail.guardrails.shelf import Shelf, read_shelf
from handrail.guardrails.values import find_values

words = st.sampled_from("lamp post glass oil wick 12 boxes not lost paper".split())  # noqa: SIM905
sentence = st.lists(words, min_size=1, max_size=6).map(" ".join)
text = st.lists(sentence, max_size=5).map(lambda parts: ". ".join([*parts, ""]))
contents = st.lists(st.frozensets(words.map(lambda word: word[:6]), max_size=5), max_size=4)


def shelves(*texts: list[str]) -> list[Shelf]:
    numbered = [(f"article:{n}.{m}", one) for n, some in enumerate(texts)
                for m, one in enumerate(some)]  # fmt: skip
    ids = iter(numbered)
    return [Shelf(tuple(Source(next(ids)[0], Reading(one)) for one in some)) for some in texts]


@given(st.lists(text, max_size=3), st.lists(text, max_size=3), contents)
def test_every_count_is_that_of_the_sets(
    first: list[str], second: list[str], said: list[frozenset[str]]
) -> None:
    both = shelves(first, second)
    compared = Comparison(said, both)
    readings = [source.reading for shelf in both for source in shelf.sources]
    rows = [(reading, row) for reading in readings for row in reading.sentences]
    assert compared.rows == tuple(row for _, row in rows)
    for number, content in enumerate(said):
        assert compared.shared[number].tolist() == [len(content & row.stems) for _, row in rows]
        held = compared.held(np.full(len(rows), number), np.arange(len(rows)))
        assert held.tolist() == [len(content & one.stems) for one, _ in rows]
        assert compared.most[number] == max(
            (len(content & row.stems) for _, row in rows), default=0
        )


def test_a_value_and_a_quote_are_those_of_the_first_source_that_has_them() -> None:
    (shelf,) = shelves(["It costs 5 EUR or 7 USD.", "Now it costs 5 USD and more than that."])
    (value,) = find_values("5 USD")
    found = shelf.find(value)
    assert found
    assert (found.source, found.quote) == ("article:0.1", "5 USD")
    assert shelf.holder(" it costs 5 ") == "article:0.0"
    assert shelf.holder(" usd now it ") is None
    assert shelf.holder(" it costs 6 ") is None


def test_a_published_shelf_is_read_once_and_keeps_no_word_of_a_draft() -> None:
    sources = (Source("article:1", read_published("Lamps burn oil.")),)
    shelf = read_shelf(sources)
    assert read_shelf((Source("article:1", read_published("Lamps burn oil.")),)) is shelf
    counts = shelf.content.count([frozenset({"lamp", "secret"})])
    assert counts.tolist() == [[1, 1]]
    assert "secret" not in repr(vars(shelf.content))
