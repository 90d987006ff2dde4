"""Thresholds are chosen from labelled messages, and the curve says what they cost."""

from __future__ import annotations

import pytest

from handrail.core.drafting import IntentGuess, IntentResult
from handrail.desk.curve import curve_rows, curve_svg
from handrail.language.tuning import Judged, choose, cross_validated, curve, judge

# The surer, the more often right; of a hundred messages the twenty least sure are wrong.
MESSAGES = [
    Judged(confidence=at / 100, out_of_scope=0.0, right=at >= 20, offered=at >= 10)
    for at in range(100)
]


def test_the_accuracy_asked_for_is_reached_with_the_fewest_transfers() -> None:
    chosen = choose(MESSAGES, accuracy=1.0)
    assert (chosen.accept.threshold, chosen.accept.transfer) == (0.2, pytest.approx(0.2))
    assert chosen.reached
    assert choose(MESSAGES, accuracy=0.8).accept.transfer == pytest.approx(0)


def test_the_transfers_asked_for_bound_the_choice() -> None:
    chosen = choose(MESSAGES, transfer=0.1)
    assert chosen.accept.transfer <= 0.1 + 1e-9
    assert chosen.accept.accuracy == pytest.approx(80 / 90)


def test_what_cannot_be_reached_is_said() -> None:
    wrong = [Judged(0.9, 0.0, right=False, offered=False)] * 5
    assert not choose(wrong, accuracy=0.5).reached
    assert not choose([], accuracy=0.5).reached


def test_questions_are_asked_while_they_offer_the_right_intent() -> None:
    rarely = [
        Judged(confidence=at / 100, out_of_scope=0.0, right=at >= 60, offered=at >= 40)
        for at in range(100)
    ]
    assert choose(rarely, accuracy=1.0).clarify == pytest.approx(0.4)


def test_messages_out_of_scope_are_never_accepted() -> None:
    foreign = [Judged(0.99, 0.9, right=False, offered=False)] * 25
    points = curve([*MESSAGES, *foreign], 0.5)
    assert points[-1].transfer == pytest.approx(0.2)
    assert [p.threshold for p in points] == sorted((p.threshold for p in points), reverse=True)


def test_a_message_out_of_scope_has_no_right_intent() -> None:
    guess = (IntentGuess(intent="refund", probability=0.8),)
    result = IntentResult(ranked=guess, out_of_scope=0.2, decision="accept")
    assert [one.right for one in judge([(result, None), (result, "refund")])] == [False, True]


def test_cross_validation_judges_each_example_once() -> None:
    pairs = [(f"{verb} the {thing}", thing) for thing in ("kettle", "tent", "lamp")
             for verb in ("buy", "sell", "mend", "clean", "wrap")]  # fmt: skip
    results = list(cross_validated(pairs))
    assert len(results) == len(pairs)
    assert sum(result.top == intent for result, intent in results) == len(pairs)


def test_the_curve_is_drawn_with_the_chosen_point() -> None:
    points = curve(MESSAGES)
    drawing = curve_svg(points, points[50])
    assert drawing.count("<circle") == 1
    assert drawing.startswith("<svg")
    assert drawing.endswith("</svg>")
    assert f"accept {points[50].threshold:.3f}" in drawing
    assert len(curve_rows(points)) == 11
