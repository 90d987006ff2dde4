"""Words of a text as a search sees them: stop words gone, endings folded, by language."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from handrail.language.features import MAX_WORDS, STOP_WORDS
from handrail.playbook.wording import primary

_WORD: Final = re.compile(r"[^\W_]{1,40}(?:['-][^\W_]{1,20}){0,3}")
_CHARS: Final = MAX_WORDS * 40

_STEM_CHARS: Final = 6
"""Stems are cut to this length, so that ``access`` and ``accessible`` meet. Chosen on the training
part of dstc9_faq."""

_ENGLISH: Final = ("ingly", "ments", "ation", "ment", "ings", "ing", "ies", "ied", "ed", "es", "s")
_SPANISH: Final = (
    "amientos", "imientos", "amiento", "imiento", "aciones", "uciones", "acion", "ucion",
    "adores", "adoras", "iendo", "ieron", "mente", "ador", "ando", "aron", "ados", "adas",
    "idos", "idas", "ado", "ada", "ido", "ida", "ar", "er", "ir", "as", "es", "os", "an", "en",
    "a", "e", "o", "s",
)  # fmt: skip
SPANISH_STOP_WORDS: Final = frozenset((
    "a", "al", "ante", "aqui", "con", "como", "cual", "cuando", "cuanto", "cuantos", "cuanta",
    "cuantas", "de", "del", "desde", "donde", "el", "ella", "en", "era", "es", "esa", "ese", "eso",
    "esta", "estan", "este", "esto", "estos", "estoy", "favor", "fue", "gracias", "ha", "hace",
    "han", "hasta", "hay", "he", "hola", "la", "las", "le", "les", "lo", "los", "mas", "me", "mi",
    "mis", "muy", "nada", "ni", "no", "nos", "o", "para", "pero", "por", "porque", "puedo",
    "puede", "pueden", "que", "quien", "quiero", "se", "ser", "si", "sin", "sobre", "son", "soy",
    "su", "sus", "tambien", "te", "tengo", "ti", "tiene", "tienen", "tu", "tus", "un", "una",
    "unas", "unos", "ustedes", "usted", "va", "y", "ya", "yo",
))  # fmt: skip
"""Spanish words that say nothing about the subject, without accents."""


@lru_cache(maxsize=16_384)
def stem(word: str, language: str = "en") -> str:
    """Fold common endings, so that ``returns`` and ``returned`` meet ``return``.

    Args:
        word: In lower case.
        language: Primary tag; words of languages other than ``en`` and ``es`` stay whole.
    """
    if language == "es":
        return _without(word, _SPANISH)
    if language != "en" or word.endswith("ss"):
        return word
    root = _without(word, _ENGLISH)
    root += "y" if word.endswith(("ies", "ied")) and root != word else ""
    return root[:-1] if root.endswith("e") and len(root) > 3 else root


def _without(word: str, endings: tuple[str, ...]) -> str:
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def tokens(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents; very long texts are cut.

    Of a word with a hyphen the parts and the whole: ``wi``, ``fi`` and ``wifi``.
    """
    folded = text[:_CHARS].casefold().replace("’", "'")
    if not folded.isascii():
        apart = unicodedata.normalize("NFKD", folded)
        folded = "".join(char for char in apart if not unicodedata.combining(char))
    whole: list[str] = _WORD.findall(folded)
    if "-" not in folded:
        return whole
    found: list[str] = []
    for word in whole:
        if "-" in word:
            found += word.split("-")
            word = word.replace("-", "")  # noqa: PLW2901 - the whole comes after its parts
        found.append(word)
    return found


@lru_cache(maxsize=16_384)
def term(word: str, language: str = "en") -> str | None:
    """Return a word as it is searched for, ``None`` for a stop word; numbers stay as they are."""
    if _has_digit(word):
        return word
    stops = SPANISH_STOP_WORDS if language == "es" else STOP_WORDS
    return None if word in stops else stem(word, language)[:_STEM_CHARS]


@lru_cache(maxsize=16_384)
def _subject_term(word: str, language: str) -> str | None:
    """The same without words that hold a digit."""
    return None if _has_digit(word) else term(word, language)


def _has_digit(word: str) -> bool:
    return not word.isalpha() and any(map(str.isdigit, word))


def search_terms(text: str, language: str = "en", *, numbers: bool = False) -> list[str]:
    """Return the stems of a text's words, in order, without stop words.

    Args:
        text: Any text; very long ones are cut.
        language: Whose stop words and endings; BCP 47.
        numbers: Keep words that hold a digit. They tell passages apart, but the number of an
            order is nothing that an article could answer.
    """
    spoken = primary(language)
    reduced = term if numbers else _subject_term
    return [found for word in tokens(text) if (found := reduced(word, spoken)) is not None]
