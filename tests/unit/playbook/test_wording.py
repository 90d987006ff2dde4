"""One text in several languages, styles and channels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.playbook.wording import Manner, Style, Words, closest, say, texts, wording_problems

DEEP: Words = {
    "en": {"chat": "Hi", "email": {"plain": "Hello", "formal": "Dear customer"}},
    "es": {"warm": "¡Hola!", "formal": "Estimado cliente"},
}


def manner(language: str = "en", style: Style = "plain", *, email: bool = False) -> Manner:
    return Manner(language, "en", style, email)


@pytest.mark.parametrize(
    ("words", "how", "text"),
    [
        ("Hello", manner(), "Hello"),
        ("Hello", manner("es"), None),
        ("", manner("es"), ""),
        ({"en": "Hello", "es": "Hola"}, manner("es"), "Hola"),
        ({"en": "Hello", "es": "Hola"}, manner("es-MX"), "Hola"),
        ({"en": "Hello", "es": "Hola", "es-MX": "Qué tal"}, manner("es-MX"), "Qué tal"),
        ({"en": "Hello", "es": "Hola"}, manner("fr"), None),
        ({"warm": "Hi!", "plain": "Hello"}, manner(style="warm"), "Hi!"),
        ({"warm": "Hi!", "plain": "Hello"}, manner(style="formal"), "Hello"),
        ({"warm": "Hi!", "plain": "Hello"}, manner("es", "warm"), None),
        ({"chat": "Hi", "email": "Hello"}, manner(email=True), "Hello"),
        ({"email": "Hello"}, manner(), "Hello"),
        (DEEP, manner(), "Hi"),
        (DEEP, manner(style="formal", email=True), "Dear customer"),
        (DEEP, manner("es"), "¡Hola!"),
        (DEEP, manner("es", "formal", email=True), "Estimado cliente"),
    ],
)
def test_the_text_for_a_manner(words: Words, how: Manner, text: str | None) -> None:
    assert say(words, how) == text


def test_all_texts_with_their_places() -> None:
    assert dict(texts(DEEP)) == {
        ("en", "chat"): "Hi",
        ("en", "email", "plain"): "Hello",
        ("en", "email", "formal"): "Dear customer",
        ("es", "warm"): "¡Hola!",
        ("es", "formal"): "Estimado cliente",
    }


@pytest.mark.parametrize(
    ("words", "steps", "told"),
    [
        ({"en": "a", "fr": "b"}, ("fr",), "does not answer in 'fr'"),
        ({"en": "a", "fromal": "b"}, ("fromal",), "no language, style or channel"),
        ({"en": "a", "warm": "b"}, (), "not of one kind"),
        ({"en": {"es": "a"}}, ("en",), "language is chosen twice"),
        ({"warm": {"en": {"formal": "a"}}}, ("warm", "en"), "style is chosen twice"),
        ({}, (), "no words here"),
    ],
)
def test_wrong_keys_are_told_at_their_place(
    words: Words, steps: tuple[str, ...], told: str
) -> None:
    found = list(wording_problems(words, ("en", "es")))
    assert [at for at, message in found if told in message] == [steps]


def test_right_words_have_no_problem() -> None:
    assert not list(wording_problems(DEEP, ("en", "es")))
    assert not list(wording_problems("Hello", ("en",)))


def test_regions_are_close() -> None:
    assert closest("ES-mx", ("en", "es")) == "es"
    assert closest("es", ("en", "es-MX")) == "es-MX"
    assert closest(None, ("en",)) is None
    assert closest("e", ("en",)) is None


_LEAVES = st.text(min_size=1, max_size=5)
_STYLED = st.dictionaries(st.sampled_from(["plain", "warm", "formal"]), _LEAVES, min_size=1)
_WORDS = st.dictionaries(st.sampled_from(["en", "es"]), _STYLED | _LEAVES, min_size=1)


@given(words=_WORDS, style=st.sampled_from(["plain", "warm", "formal"]), email=st.booleans())
def test_a_language_is_never_given_the_words_of_another(
    words: Words, style: Style, email: bool
) -> None:
    for language in ("en", "es"):
        said = say(words, manner(language, style, email=email))
        own = [text for steps, text in texts(words) if steps[0] == language]
        assert said in own if own else said is None
