"""What is known word by word can still be at odds with the evidence, and that is measured."""

from __future__ import annotations

from handrail.guardrails.claim_conflicts import CONFLICTS
from handrail.guardrails.claim_features import Ground, measure_reply
from handrail.guardrails.claims import split_claims
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.reading import Reading, Source
from handrail.guardrails.support_examples import SNAPSHOT

RETURNS = "Unused lamps can be returned within 30 days of delivery."
PARCELS = "Parcels leave the warehouse on Monday and take 3 days."


def measured(text: str, said: str = "") -> list[dict[str, float]]:
    sources = [Source(f"article:{n}", Reading(one)) for n, one in enumerate((RETURNS, PARCELS))]
    ground = Ground(
        Evidence(SNAPSHOT, [*sources, Source("playbook", Reading("Ask us."))]), (), said
    )
    return [one.figures for one in measure_reply(text, split_claims(text), ground)]


def test_every_figure_is_measured_of_any_sentence() -> None:
    for text in ("No.", "5", "passage 1", "Unable to answer", "Lamps can be returned (passage 9)."):
        (figures,) = measured(text)
        assert set(CONFLICTS) <= set(figures)


def test_the_passage_that_is_named_should_say_it() -> None:
    (right,) = measured("Passage 1 says that unused lamps can be returned.")
    (wrong,) = measured("Passage 2 says that unused lamps can be returned.")
    assert right["cited_gap"] == right["cited_worst"] == 0
    assert wrong["cited_gap"] > 0.5
    assert wrong["cited_new"] > right["cited_new"]


def test_a_passage_that_is_not_there_is_counted() -> None:
    (figures,) = measured("Passages 1 and 7 say that lamps can be returned.")
    assert (figures["cites"], figures["cites_none"]) == (2, 1)
    assert figures["cited_worst"] == -1


def test_a_sentence_stands_under_the_passage_named_before_it() -> None:
    _, right = measured("Passage 2 is about parcels. They take 3 days.")
    _, wrong = measured("Passage 1 is about lamps. Parcels leave the warehouse on Monday.")
    assert right["under_gap"] == 0
    assert wrong["under_gap"] > 0.5


def test_what_is_said_to_be_missing_is_looked_for() -> None:
    (there,) = measured("The passages do not mention when parcels leave the warehouse.")
    (absent,) = measured("The passages do not mention gift cards.")
    assert (there["denies"], there["denied_known"]) == (1, 1)
    assert absent["denied_known"] == absent["denied_together"] == 0


def test_a_word_in_the_place_of_another_is_counted() -> None:
    (figures,) = measured("Used lamps can be exchanged within 30 days of delivery.")
    assert figures["exchanged"] == figures["exchanged_content"] == 1
    (figures,) = measured(RETURNS)
    assert figures["exchanged"] == 0


def test_a_number_stands_beside_its_words() -> None:
    (figures,) = measured(RETURNS)
    assert (figures["number_beside"], figures["number_units"]) == (1, 0)
    (figures,) = measured("Parcels take 30 days.")
    assert figures["number_beside"] < 1
    (figures,) = measured("Lamps can be returned within 3 delivery days, 10-20 (50 cm).")
    assert (figures["number_known_units"], figures["new_ranges"], figures["conversions"]) == (
        1,
        1,
        1,
    )
