"""Words that are said differently by language, by style and by channel.

A text of the playbook is plain, which means the brand's first language, or a mapping whose keys
are languages, styles or channels; mappings stand inside each other in any order:

    greeting:
      en: Hello {{customer.first_name}},
      es: {warm: "¡Hola, {{customer.first_name}}!", formal: "Estimado cliente:"}
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

_Inner: TypeAlias = str | Mapping[str, str]
_Middle: TypeAlias = str | Mapping[str, _Inner]
Words: TypeAlias = str | Mapping[str, _Middle]
"""A text, or texts by language, style or channel, at most three mappings deep."""

Style = Literal["plain", "warm", "formal"]
STYLES: Final[tuple[str, ...]] = get_args(Style)
CHANNELS: Final = ("chat", "email")
"""Where words are read: ``email``, or ``chat`` for every other channel."""

Steps: TypeAlias = tuple[str, ...]
"""Keys that lead to a text inside of words."""

_TAG: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True)
class Manner:
    """How a reply is worded."""

    language: str
    """BCP 47; one the brand answers in."""
    default: str
    """The brand's first language, in which plain texts are written."""
    style: Style = "plain"
    email: bool = False


def closest(tag: str | None, languages: Collection[str]) -> str | None:
    """Return the language that a tag means: the same one, else one of another region."""
    if tag in languages:
        return tag
    wanted = (tag or "").casefold()
    known = {language.casefold(): language for language in languages}
    if wanted in known:
        return known[wanted]
    return next((known[name] for name in known if primary(name) == primary(wanted)), None)


def primary(tag: str) -> str:
    """Return a tag without its region: ``es`` for ``es-MX``."""
    return tag.partition("-")[0].casefold()


def say(words: Words, manner: Manner) -> str | None:
    """Return the text for a manner, or ``None`` where there is none in its language.

    A style or channel that has no text of its own is given a neighbour's; a language never is.
    """
    if words == "":
        return ""
    found: Words | _Middle | _Inner = words
    native = manner.language == manner.default
    while not isinstance(found, str):
        key = _key(found, manner)
        if key is None:
            return None
        native = native or axis(key) == "language"
        found = found[key]
    return found if native else None


def _key(choices: Collection[str], manner: Manner) -> str | None:
    kind = axis(next(iter(choices), ""))  # all are of one
    if kind == "language":
        return closest(manner.language, choices)
    channels = CHANNELS[::-1] if manner.email else CHANNELS
    wanted = channels if kind == "channel" else (manner.style, *STYLES)
    return next((choice for choice in wanted if choice in choices), None)


def axis(key: str) -> str:
    """Tell whether a key names a style, a channel or a language."""
    return "style" if key in STYLES else "channel" if key in CHANNELS else "language"


def texts(words: Words) -> Iterator[tuple[Steps, str]]:
    """Yield all texts with the keys that lead to them."""
    if isinstance(words, str):
        yield (), words
        return
    for key, inner in words.items():
        for steps, text in texts(inner):
            yield (key, *steps), text


def wording_problems(words: Words, languages: Collection[str]) -> Iterator[tuple[Steps, str]]:
    """Yield what is wrong with keys, and where: kinds mixed, one used twice, unknown ones."""
    yield from _problems(words, languages, ())


def _problems(
    words: Words, languages: Collection[str], outer: Steps
) -> Iterator[tuple[Steps, str]]:
    if isinstance(words, str):
        return
    kinds = {axis(key) for key in words}
    if not words:
        yield outer, "there are no words here; write a text"
    elif len(kinds) > 1:
        yield outer, f"{', '.join(words)} are not of one kind; nest languages, styles and channels"
    elif kinds & {axis(key) for key in outer}:
        yield outer, f"{' and '.join(kinds)} is chosen twice; keep one level of it"
    for key, inner in words.items():
        if axis(key) == "language" and closest(key, languages) is None:
            yield (*outer, key), _unknown(key, languages)
        yield from _problems(inner, languages, (*outer, key))


def _unknown(key: str, languages: Collection[str]) -> str:
    known = ", ".join(languages)
    if _TAG.fullmatch(key) is None:
        options = ", ".join((*STYLES, *CHANNELS))
        return f"{key!r} is no language, style or channel; there is {known}, {options}"
    return f"the brand does not answer in {key!r}; add it to brand.languages ({known})"
