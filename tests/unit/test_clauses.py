"""A sentence is cut into clauses at its marks and conjunctions, and read around a place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handrail.core.conversation import ConversationFacts, Customer, Record, Snapshot
from handrail.guardrails.claims import split_claims
from handrail.guardrails.clauses import Clause, Clauses
from handrail.guardrails.customer_records import CustomerRecords
from handrail.guardrails.terms import plain
from handrail.guardrails.values import find_values

RECORDS = CustomerRecords(
    Snapshot(
        conversation=ConversationFacts(id="k", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1"),
        verified=True,
        messages=(),
        records=(Record(kind="order", id="W100", customer_id="c1", fields={}),),
        now=datetime(2026, 3, 5, 10, tzinfo=UTC),
        release="rel",
    )
)


def clauses_of(text: str) -> list[Clause]:
    read = Clauses(text, frozenset(plain(text)), find_values(text), RECORDS, {})
    return read.of(split_claims(text)[0])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("your order is here", ["your order is here"]),
        ("it shipped and (sadly) is late", ["it shipped ", "and ", "(sadly", ") is late"]),
        ("the sandy whiles, y el total", ["the sandy whiles", ", ", "y el total"]),
        ("the total of $1,000.00 is paid", ["the total of           is paid"]),
    ],
)
def test_a_clause_ends_at_marks_and_at_whole_words_but_not_in_a_value(
    text: str, parts: list[str]
) -> None:
    assert [one.text[one.start : one.end] for one in clauses_of(text)] == parts


def test_the_words_around_a_value_are_those_of_its_clause() -> None:
    text = "order w100 is here, the refund of $5.00 was paid and the rest follows"
    _, refund, _ = clauses_of(text)
    start = text.index("$5.00")
    assert refund.before(start) == [",", "the", "refund", "of"]
    assert refund.after(start + len("$5.00")) == ["was", "paid"]
    assert refund.before(start, since=text.index("of")) == ["of"]


def test_a_mention_belongs_to_the_clause_it_stands_in() -> None:
    first, second = clauses_of("the rest is late, order w100 is here")
    assert not first.mentions
    assert [mention.sheets[0].record.id for mention in second.mentions] == ["W100"]
