"""In all that a heavy pattern matches stands one of the words that it is looked for by.

A word left out of such a list would let an attack or a cry for help pass unseen.
"""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from handrail.guardrails import (
    fact_policy,
    in_crisis,
    in_human_request,
    leak_prompt,
    national_ids,
    personal_data,
    priv_secret,
    rude_words,
)
from handrail.guardrails.act_authority import (
    ASIDE,
    ASIDES,
    COMES,
    COMMITS,
    COMMITTING,
    COMMITTING_PARTS,
    OBJECTS,
    told_by,
)
from handrail.guardrails.action_claims import BARE, IS, LED, NOT_BARE, PRESENT, SAID
from handrail.guardrails.attack_rules import RULES, find_attacks
from handrail.guardrails.claims import (
    ANSWER,
    ANSWERING,
    COURTEOUS,
    COURTESY,
    NEGATING,
    NEGATION,
    OFFER,
    OFFERING,
    SHORT_NOT,
    split_claims,
)
from handrail.guardrails.normalisation import caseless, fold, lowered
from handrail.guardrails.telephone_numbers import CANDIDATE
from handrail.guardrails.terms import plain, spoken, zeroed
from handrail.playbook.models import Promise

LISTS = {
    **{f"crisis {rule}": (kind, in_crisis.TELLING) for rule, kind, _ in in_crisis.RULES},
    **{
        f"person {rule}": (kind, in_human_request.TELLING)
        for rule, kind, _ in in_human_request.RULES
    },
    "password": (priv_secret.PASSWORD, priv_secret.PASSWORD_WORDS),
    "code": (priv_secret.CODE, priv_secret.CODE_WORDS),
    **{f"done {at}": one for at, one in enumerate(SAID)},
    "policy": (fact_policy.CLAIMED, fact_policy.TELLING),
    "prompt": (leak_prompt.SPEAKS, leak_prompt.TELLING),
    "blame": (rude_words.BLAME, rude_words.TELLING),
    "disparaged": (rude_words.DISPARAGED, rude_words.TELLING),
}
some = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def made_for(pattern: re.Pattern[str], data: st.DataObject) -> str:
    """A folded text in which a pattern finds something."""
    text = fold(data.draw(st.from_regex(pattern))).text
    assume(pattern.search(text))
    return text


@pytest.mark.parametrize("name", LISTS)
@some
@given(data=st.data())
def test_what_a_pattern_finds_holds_a_word_of_its_list(name: str, data: st.DataObject) -> None:
    pattern, telling = LISTS[name]
    text = made_for(pattern, data)
    assert not telling.isdisjoint(re.findall(r"[^\W_]{1,40}", caseless(text)))


@pytest.mark.parametrize("name", ["prompt", "blame", "disparaged"])
@some
@given(data=st.data())
def test_what_is_looked_for_by_sentence_ends_with_it(name: str, data: st.DataObject) -> None:
    pattern, telling = LISTS[name]
    text = made_for(pattern, data)
    found = [one for one in split_claims(text) if pattern.search(one.text)]
    assert any(not one.text.isascii() or not telling.isdisjoint(one.spoken) for one in found)


@pytest.mark.parametrize(
    ("pattern", "ends"), [*((one, ends) for _, one, ends in LED), (PRESENT, IS)]
)
@some
@given(data=st.data())
def test_what_leads_to_a_participle_ends_with_a_word_of_its_list(
    pattern: re.Pattern[str], ends: frozenset[str], data: st.DataObject
) -> None:
    text = lowered(data.draw(st.from_regex(pattern)))
    assume(pattern.search(text))
    assert plain(text)[-1] in ends


@some
@given(data=st.data())
def test_what_stands_alone_before_a_participle_ends_with_no_other_word(data: st.DataObject) -> None:
    text = lowered(data.draw(st.from_regex(BARE)))
    assume(BARE.match(text))
    assert not text.endswith(NOT_BARE)


@pytest.mark.parametrize("action", OBJECTS)
@some
@given(data=st.data())
def test_what_can_be_promised_holds_a_word_of_it(action: Promise, data: st.DataObject) -> None:
    text = lowered(fold(data.draw(st.from_regex(OBJECTS[action]))).text)
    assume(OBJECTS[action].search(text))
    assert action in map(told_by, plain(caseless(text)))


@some
@given(data=st.data())
def test_what_speaks_of_a_promise_aside_holds_a_part_of_one(data: st.DataObject) -> None:
    text = data.draw(st.from_regex(ASIDE))
    assert any(part in text for part in ASIDES)


@some
@given(data=st.data())
def test_what_tells_a_code_is_found_by_its_digits(data: st.DataObject) -> None:
    assert priv_secret.TOLD.search(zeroed(made_for(priv_secret.CODE, data)))


@pytest.mark.parametrize(
    ("pattern", "begins"),
    [
        *((form.pattern, national_ids.BEGINNING) for form in national_ids.FORMS),
        (personal_data.CARD, personal_data.MANY),
        (CANDIDATE, personal_data.MANY),
        *(
            (begins, personal_data.FORMED)
            for begins in (personal_data.IBAN, personal_data.MANY, national_ids.BEGINNING)
        ),
    ],
)
@some
@given(data=st.data())
def test_a_personal_number_is_found_by_its_first_digits(
    pattern: re.Pattern[str], begins: re.Pattern[str], data: st.DataObject
) -> None:
    assert begins.search(zeroed(made_for(pattern, data)))


@pytest.mark.parametrize("pattern", [COMMITS, COMES])
@some
@given(data=st.data())
def test_what_commits_holds_a_word_of_its_list(
    pattern: re.Pattern[str], data: st.DataObject
) -> None:
    text = data.draw(st.from_regex(pattern)).lower()
    assume(text.isascii() and pattern.search(text))
    assert not COMMITTING.isdisjoint(plain(text)) or any(part in text for part in COMMITTING_PARTS)


@some
@given(data=st.data())
def test_what_answers_with_a_no_holds_what_it_is_told_by(data: st.DataObject) -> None:
    text = data.draw(st.from_regex(ANSWER))
    assert ANSWERING.search(text)


@some
@given(data=st.data())
def test_what_reads_as_an_offer_holds_a_word_of_one(data: st.DataObject) -> None:
    text = data.draw(st.from_regex(OFFER))
    assert not OFFERING.isdisjoint(plain(text))


@some
@given(data=st.data())
def test_what_opens_politely_begins_with_a_word_of_its_list(data: st.DataObject) -> None:
    text = data.draw(st.from_regex(COURTESY))
    assume(COURTESY.match(text))
    assert plain(text)[0] in COURTEOUS


@some
@given(data=st.data())
def test_what_says_no_holds_a_word_that_does(data: st.DataObject) -> None:
    text = data.draw(st.from_regex(NEGATION))
    assert not NEGATING.isdisjoint(spoken(text)) or any(short in text for short in SHORT_NOT)


@pytest.mark.parametrize("name", RULES)
@some
@given(data=st.data())
def test_what_an_attack_rule_matches_is_found(name: str, data: st.DataObject) -> None:
    text = made_for(RULES[name].pattern, data)
    assert name in {hit.rule for hit in find_attacks(text)}


def test_letters_that_a_pattern_takes_for_one_are_written_as_one() -> None:
    letters = "abcdefghijklmnopqrstuvwxyzáéíóúñüçêèàãõößäœğşżźćłęąńỏớ"
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1))))
    for letter in letters:
        for found in re.findall(letter, every, re.IGNORECASE):
            assert caseless(fold(found).text) == letter
