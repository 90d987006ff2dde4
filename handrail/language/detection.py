"""Says which language a text is written in, by its script and its function words; or says nothing.

Own word lists for seven languages in Latin letters; other scripts speak for themselves. A text in
a language that is not known here gets no name, and neither does one that is short or mixed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

SHORTEST = 20
"""Characters; a shorter text in Latin letters is judged only where its words leave no doubt."""
_FEWEST_LETTERS = 4
_LONGEST = 800
"""Characters that are looked at; what comes after would not change the answer."""
_LEAST_VOTES = 1.5
_LEAST_SHARE = 0.16
"""Least part of the words that must speak for a language: names and other tongues do not."""
_LEAST_LEAD = 0.58
_FEWEST_IN_SHORT = 4
"""Words of a short text that is judged."""
_IN_SHORT = (2.0, 0.8)
"""Least votes and lead in a short text: "where is my order?" has them, "ok, thanks!" has not."""
_ENOUGH = 12
"""Function words from which on parts of words are not asked."""


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """A language, and how sure that is."""

    tag: str | None
    """ISO 639-1 code; ``None`` where it cannot be told."""
    confidence: float
    """0 to 1; 0 where it cannot be told."""


UNKNOWN = LanguageGuess(None, 0.0)

_WORDS = MappingProxyType(
    {
        "en": """
        a the and of to is are was were be been it its that this these those you your we our they
        their he she his her my me i not with for from have has had will would can could should
        on at by as an but if or which what when where who how there here please thank thanks
        about any all out up do does did don't can't i'm it's you're we'll i've just get got
        hello want need know after before than then them because only into in more so some
        """,
        "es": """
        el la los las un una unos unas de del que y en es son por para con sin su sus mi tu se lo
        le les al como más pero este esta estos estas ese esa no nos ha han he hemos está están
        estoy usted ustedes muy ya qué cómo cuándo dónde cuál quién porque también si cuando hay
        ser fue sido tiene tengo puede puedo puedes quiero necesito hola gracias favor sobre desde
        hasta todo todos nuestro nuestra mis aún aquí entre después antes hacer
        """,
        "pt": """
        o a os as um uma uns umas de do da dos das que e em no na nos nas é são por para com sem
        seu sua seus suas meu minha se ao aos à às como mais mas este esta isso isto não nós foi
        está estão estou você vocês muito já quando onde qual quem porque também há ser sido tem
        tenho pode posso quero preciso olá obrigado obrigada pelo pela até sobre nosso nossa ainda
        aqui depois antes fazer ele ela eles elas num numa
        """,
        "fr": """
        le la les un une des du de et est sont que qui en dans pour par avec sans sur ne pas plus
        ce cette ces son sa ses mon ma mes vous votre vos nous notre nos je tu il elle ils elles on
        au aux mais ou où comme quand quel quelle été être avoir avez avons ai ont suis c'est j'ai
        bonjour merci très bien tout tous peut peux pouvez voudrais si leur leurs y se lui fait
        depuis déjà encore aussi chez
        """,
        "de": """
        der die das den dem des ein eine einen einem einer eines und ist sind war waren zu zum zur
        nicht mit für von vom auf im in an am bei aus nach über unter um ich du er sie es wir ihr
        ihre ihren mein meine sein wird werden wurde haben hat habe kann können möchte bitte danke
        auch noch nur aber oder wenn wann wo wie was wer dass als so sich mich mir uns unser kein
        keine schon sehr hallo ihnen ihrer diese dieser dieses durch bis
        """,
        "it": """
        il lo la i gli le un uno una di del dello della dei degli delle che e è sono in nel nella
        nei per con senza su sul sulla da dal dalla al alla ai non si mi ti ci vi suo sua mio mia
        tuo come più ma se quando dove quale chi perché anche questo questa questi queste ho hai ha
        abbiamo hanno essere stato stata può posso puoi vorrei ciao salve grazie molto già ancora
        nostro nostra vostro lei noi voi loro fare dopo prima buongiorno
        """,
        "nl": """
        de het een en van is zijn was waren niet met voor op in te aan bij uit naar over onder om
        ik je jij u hij zij ze we wij jullie mijn uw uwe hun dat die dit deze er als maar of wanneer
        waar hoe wat wie ook nog al alleen wel geen kan kunnen wil willen graag bedankt dank hallo
        heb hebt heeft hebben wordt worden werd door tot dan zou moet omdat onze ons mij me hoi
        alstublieft dag
        """,
    }
)
_MARKS = MappingProxyType(
    {
        "es": ("ñ", "¿", "¡", "ción", "iendo", "ías", "mente"),
        "pt": ("ã", "õ", "ção", "ções", "lh", "nh", "mente"),
        "fr": ("ê", "è", "ù", "œ", "eux", "eur", "ement", "qu'", "l'", "d'"),
        "de": ("ß", "ä", "ö", "ü", "sch", "ung", "lich", "keit", "eit"),
        "it": ("zione", "zioni", "gli", "ò", "ì", "mente", "tà", "cch"),
        "nl": ("ij", "aa", "oe", "uu", "sch", "lijk", "eeu", "oor"),
        "en": ("ing", "tion", "ght", "th", "ould", "wh", "ck"),
    }
)
"""Letters and parts of words that speak a little for a language."""
_ASCII_MARKS = {tag: tuple(filter(str.isascii, marks)) for tag, marks in _MARKS.items()}
_MARK_VOTE = 0.25

_LONG = 40
"""Characters of a word that is read as one."""
_WORD = re.compile(rf"[^\W\d_]{{1,{_LONG}}}(?:'[^\W\d_]{{1,20}})?")


class _Letters(dict[int, int]):
    """Letters and apostrophes as they are, all else as a blank: for ``str.translate``."""

    def __missing__(self, code: int) -> int:
        char = chr(code)
        letter = (char.isalnum() and not char.isdecimal()) or char == "'"
        self[code] = code if letter else ord(" ")
        return self[code]


_LETTERS = _Letters()
_MARK = re.compile(
    "|".join(sorted({m for ms in _MARKS.values() for m in ms}, key=lambda m: -len(m)))
)
_OTHERS = re.compile("[åæøłşğıőűčěřůșțđŋľťďğžšćęąėįųģķļņþ]")
"""Letters of Latin languages that are not known here."""
_MOST_OTHERS = 0.02
_LINK = re.compile(r"(?:https?://|www\.)\S{1,300}")
_LINK_OR_MAIL = re.compile(rf"{_LINK.pattern}|\S{{1,60}}@\S{{1,100}}")

_SCRIPTS = (
    ("\u0370", "\u03ff", "el"), ("\u0400", "\u052f", "ru"), ("\u0530", "\u058f", "hy"),
    ("\u0590", "\u05ff", "he"), ("\u0600", "\u06ff", "ar"), ("\u0900", "\u097f", "hi"),
    ("\u0980", "\u09ff", "bn"), ("\u0a00", "\u0a7f", "pa"), ("\u0a80", "\u0aff", "gu"),
    ("\u0b80", "\u0bff", "ta"), ("\u0c00", "\u0c7f", "te"), ("\u0c80", "\u0cff", "kn"),
    ("\u0d00", "\u0d7f", "ml"), ("\u0e00", "\u0e7f", "th"), ("\u10a0", "\u10ff", "ka"),
    ("\u1100", "\u11ff", "ko"), ("\u3040", "\u30ff", "ja"), ("\u3400", "\u9fff", "zh"),
    ("\uac00", "\ud7af", "ko"),
)  # fmt: skip
_NON_LATIN = re.compile("[\u0370-\u1fff\u3040-\u9fff\uac00-\ud7af]")
_SHARED_SCRIPT = MappingProxyType(
    {
        "ru": (("uk", "іїєґ"), ("be", "ў"), ("sr", "ђћџљњј"), ("mk", "ѓќѕ")),
        "ar": (("fa", "پچژگ"), ("ur", "ٹڈڑے")),
    }
)
"""Languages that share a script, by letters that only they have."""
_SAME_SCRIPT_CONFIDENCE = 0.8
"""How sure a language is that others share its script with."""


def _spoken_by() -> dict[str, str]:
    """For each word the languages that have it, with a blank between them."""
    of: dict[str, list[str]] = {}
    for tag, words in _WORDS.items():
        for word in words.split():
            of.setdefault(word, []).append(tag)
    return {word: " ".join(tags) for word, tags in of.items()}


_SPOKEN_BY = _spoken_by()
_TAGS = {tags: tuple(tags.split()) for tags in _SPOKEN_BY.values()}
_FEWEST_FOREIGN = 3
_FOREIGN = {tag: frozenset(_SPOKEN_BY) - frozenset(words.split()) for tag, words in _WORDS.items()}
_MARK_OF = {
    mark: tuple(tag for tag, marks in _MARKS.items() if mark in marks)
    for marks in _MARKS.values()
    for mark in marks
}


def detect_language(text: str) -> LanguageGuess:
    """Name the language of a text; never raises.

    Returns:
        No name for a text that is too short, too mixed, or in a language that is not known here.
    """
    text = _without_links(text[:_LONGEST])
    words = _words(text)
    if not text.isascii():
        letters = sum(map(len, words))
        foreign = _NON_LATIN.findall(text)
        if len(foreign) >= _FEWEST_LETTERS and len(foreign) * 2 > letters:
            return _by_script(foreign, letters)
        if len(_OTHERS.findall("".join(words))) > letters * _MOST_OTHERS:
            return UNKNOWN
    short = len(text.strip()) < SHORTEST
    if len(words) < (_FEWEST_IN_SHORT if short else 1):
        return UNKNOWN
    return _by_words(words, *(_IN_SHORT if short else (_LEAST_VOTES, _LEAST_LEAD)))


def _without_links(text: str) -> str:
    if "@" in text:
        return _LINK_OR_MAIL.sub(" ", text)
    return _LINK.sub(" ", text) if "://" in text or "www." in text else text


def _words(text: str) -> list[str]:
    """The words of a text, in order: letters, and an apostrophe within them."""
    written = text.casefold().replace("’", "'")
    parts = written.translate(_LETTERS).split()
    if "'" not in written and max(map(len, parts), default=0) <= _LONG:
        return parts
    return [
        word
        for part in parts
        for word in (_WORD.findall(part) if "'" in part or len(part) > _LONG else (part,))
    ]


def may_be_mixed(words: frozenset[str], tag: str) -> bool:
    """Whether a text's words, in lower case, leave room for a sentence in another language.

    A quick test before its sentences are judged one by one.
    """
    foreign = words & _FOREIGN.get(tag, frozenset())
    return len(foreign) >= _FEWEST_FOREIGN or not "".join(words).isascii()


def foreign_words(tag: str) -> frozenset[str]:
    """The function words that a language does not have.

    A sentence is in another language only where it holds one of them, or letters beside ASCII.
    """
    return _FOREIGN.get(tag) or frozenset(_SPOKEN_BY)


def _by_script(letters: list[str], of: int) -> LanguageGuess:
    counted = Counter(filter(None, map(_script, letters)))
    if not counted:
        return UNKNOWN
    if counted["ja"] * 10 >= counted["zh"]:  # Japanese is written with both
        counted["ja"] += counted.pop("zh", 0) if counted["ja"] else 0
    tag, count = counted.most_common(1)[0]
    share = min(1.0, count / max(of, 1))
    if tag not in _SHARED_SCRIPT:
        return LanguageGuess(tag, round(share, 3))
    seen = {letter.casefold() for letter in letters}
    other = next((name for name, own in _SHARED_SCRIPT[tag] if not seen.isdisjoint(own)), tag)
    return LanguageGuess(other, round(share * _SAME_SCRIPT_CONFIDENCE, 3))


def _script(letter: str) -> str | None:
    return next((tag for first, last, tag in _SCRIPTS if first <= letter <= last), None)


def _by_words(words: list[str], least_votes: float, least_lead: float) -> LanguageGuess:
    heard = Counter(filter(None, map(_SPOKEN_BY.get, words)))
    count = sum(heard.values())
    if count / len(words) < _LEAST_SHARE:
        return UNKNOWN
    voted: dict[str, float] = dict.fromkeys(_WORDS, 0.0)
    for spoken_by, times in heard.items():
        tags = _TAGS[spoken_by]
        vote = times / len(tags)  # a word of several languages speaks less for each
        for tag in tags:
            voted[tag] += vote
    if count < _ENOUGH:
        for tag in _marked(words):
            voted[tag] += _MARK_VOTE
    second, most = sorted(voted.values())[-2:]
    lead = most / (most + second) if most else 0.0
    if most < least_votes or lead < least_lead:
        return UNKNOWN
    return LanguageGuess(max(voted, key=voted.__getitem__), round(lead, 3))


def _marked(words: Iterable[str]) -> Iterator[str]:
    for mark in _MARK.findall(" ".join(words)):
        yield from _MARK_OF[mark]
