"""Where a text may name a person or an address that somebody is known by."""

from __future__ import annotations

import pytest

from handrail.guardrails.ownership import find_names, find_streets


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("we wrote to Ana Diaz.", ["Ana Diaz"]),
        ("ask Jean-Pierre de la O'Brien now", ["Jean-Pierre de la O'Brien"]),
        ("Ana, Éric and Bo", ["Ana, Éric"]),
        ("Ana Bo Cy", ["Ana Bo", "Ana Bo Cy", "Bo Cy"]),
        ("Order LF12 Blue", []),
        ("Ana: Diaz. so", []),
        ("Ana de nobody", []),
        ("McAna d'Angelo", []),
    ],
)
def test_names_are_capitals_with_particles_between(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in find_names(text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("at 12 Elm Street: x", ["12 Elm", "12 Elm Street", "at 12"]),
        ("(Calle Mayor, 5b)", ["Mayor, 5b", "Calle Mayor, 5b"]),
        ("5-B Elm", []),
        ("No.5 Elm", []),
        ("123456 Elm", []),
        ("7 8 Elm", ["8 Elm"]),
    ],
)
def test_streets_are_words_beside_a_house_number(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in find_streets(text)] == found


def test_a_street_has_at_most_six_words() -> None:
    text = "a b c d e f 7 g h i j k l"
    longest = max(end - start for start, end in find_streets(text))
    assert longest == len("b c d e f 7")
