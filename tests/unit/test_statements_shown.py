"""The statements of a draft as the desk lists them: the wrong first, each with its sources."""

from __future__ import annotations

import pytest

from handrail.core.conversation import Passage
from handrail.core.verdict import ClaimVerdict, EvidenceSpan, Finding, Support
from handrail.desk.sources import source_title
from handrail.desk.statements import statements

TEXT = "Gifts are free. Two lamps are 110 EUR. We call you. Returns cost 9 EUR. Ask us."
PASSAGE = Passage(id="gifts#1", article_id="gifts", title="Gift wrapping", text="Gifts are free.")


def claim(words: str, support: Support, *evidence: EvidenceSpan, by: str = "rule") -> ClaimVerdict:
    start = TEXT.index(words)
    return ClaimVerdict(
        start=start, end=start + len(words), support=support, by=by, evidence=evidence
    )


def span(source: str, quote: str, relation: str = "supports") -> EvidenceSpan:
    return EvidenceSpan.model_validate({"source": source, "quote": quote, "relation": relation})


CLAIMS = (
    claim("Gifts are free.", "supported", span("article:gifts#1", "Gifts are free."), by="quote"),
    claim("Two lamps are 110 EUR.", "unverified"),
    claim("We call you.", "unsupported", span("rule:evidence", "", "absent"), by="shop:judge"),
    claim("Returns cost 9 EUR.", "contradicted", span("article:x#2", "Free.", "contradicts")),
    claim("Ask us.", "unverified"),
)
SUM = Finding(
    check="fact.value",
    rule="derived",
    severity="low",
    start=TEXT.index("110"),
    end=TEXT.index("110") + 7,
    message="This amount is worked out from others: = 2 x 55.00 (order W1 price).",
    evidence=(span("record:order/W1#price", "55.00"),),
)


def test_the_wrong_comes_first_and_what_is_fine_last() -> None:
    shown = statements(TEXT, CLAIMS, [SUM], [PASSAGE])
    assert [(one.text, one.standing, one.fine) for one in shown] == [
        ("Returns cost 9 EUR.", "contradicted", False),
        ("We call you.", "unsupported", False),
        ("Ask us.", "unverified", False),
        ("Two lamps are 110 EUR.", "derived", True),
        ("Gifts are free.", "supported", True),
    ]


def test_each_has_the_title_and_the_words_of_its_source() -> None:
    shown = {one.text: one for one in statements(TEXT, CLAIMS, [SUM], [PASSAGE])}
    (ground,) = shown["Gifts are free."].grounds
    assert (ground.title, ground.quote, ground.against) == (
        "Gift wrapping", "Gifts are free.", False,
    )  # fmt: skip
    (ground,) = shown["Returns cost 9 EUR."].grounds
    assert (ground.title, ground.quote, ground.against) == ("article x#2", "Free.", True)
    assert shown["We call you."].grounds == ()
    assert shown["We call you."].by == "shop:judge"


def test_an_amount_that_follows_from_a_record_shows_its_sum() -> None:
    (one,) = [one for one in statements(TEXT, CLAIMS, [SUM]) if one.standing == "derived"]
    assert one.witness == SUM.message
    assert [(ground.title, ground.quote) for ground in one.grounds] == [
        ("order W1, price", "55.00")
    ]


def test_a_sum_makes_nothing_right_that_is_contradicted() -> None:
    wrong = claim("Two lamps are 110 EUR.", "contradicted")
    (one,) = statements(TEXT, [wrong], [SUM])
    assert (one.standing, one.fine, one.witness) == ("contradicted", False, "")


def test_what_a_finding_stands_in_comes_before_its_like_and_names_it() -> None:
    late = Finding(
        check="act.promise",
        rule="x",
        severity="high",
        start=TEXT.index("Ask us"),
        end=len(TEXT),
        message="m",
    )
    shown = statements(TEXT, CLAIMS[1::3], [SUM, late])
    assert [(one.text, one.numbers) for one in shown] == [
        ("Ask us.", (2,)),
        ("Two lamps are 110 EUR.", ()),
    ]
    both = statements(TEXT, CLAIMS[1::3], [late])
    assert [one.text for one in both] == ["Ask us.", "Two lamps are 110 EUR."]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("article:gifts#1", "Gift wrapping"),
        ("article:other#1", "article other#1"),
        ("record:order/W100#placed_at", "order W100, placed at"),
        ("record:order/W100#id", "order W100"),
        ("message:said", "the customer's message"),
        ("message:msg_1", "an earlier message"),
        ("rule:evidence", "records and articles"),
        ("rule:limits.refund", "rule limits.refund"),
        ("playbook", "the playbook's own words"),
        ("action:act_1", "action:act_1"),
    ],
)
def test_a_source_has_a_name_for_people(source: str, title: str) -> None:
    assert source_title(source, [PASSAGE]) == title
