"""Word lists of ``tone.brand``, English and Spanish: swearing, slang, blame and ill words.

Only whole words count, so that Scunthorpe, cockpit and assess are left alone, and words that are
also names or have a decent sense of their own are not listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import MappingProxyType

from handrail.guardrails.learned import Learned

PROFANE = frozenset(
    """
    fuck fucks fucked fucker fucking motherfucker motherfucking shit shits shitty bullshit horseshit
    bitch bitches bastard bastards asshole assholes arsehole arseholes dickhead dickheads cunt cunts
    twat twats wanker wankers bollocks goddamn goddamned crap crappy pissed piss slut sluts whore
    whores damn dammit wtf stfu jackass dumbass
    mierda joder jodido jodida jodan puta puto putas putos putada gilipollas gilipollez cabrón
    cabrones cabron coño hostia pendejo pendeja pendejos pendejada chingar chingada chingado chinga
    cojones hijueputa malparido culero
    """.split()  # noqa: SIM905 - a list of words is read as words
)
SLANG = MappingProxyType(
    {
        "gonna": "going to",
        "wanna": "want to",
        "gotta": "have to",
        "dunno": "do not know",
        "thx": "thanks",
        "pls": "please",
        "plz": "please",
        "lol": None,
        "lmao": None,
        "omg": None,
        "dude": None,
        "bro": None,
        "nope": "no",
        "yep": "yes",
        "yup": "yes",
        "porfa": "por favor",
        "tranqui": None,
        "jaja": None,
        "jajaja": None,
    }
)
"""Slang with what to write in its place, where one word always fits."""

TELLING = frozenset(
    """
    fault mistake negligence carelessness blame should failed neglected forgot bother bothered told
    said explained listened attention read calm problem worst terrible awful useless joke garbage
    scam rubbish stupid idiot idiots idiotic moron morons lazy rude ridiculous unreasonable liar
    lying dumb ignorant
    culpa debería deberías deberia deberias debió cálmese cálmate problema dije expliqué dicho peor
    desastre estúpido estúpida estúpidos estúpidas tonto tonta tontos tontas idiota idiotas imbécil
    imbéciles mentiroso mentirosa mentirosos mentirosas inútil inútiles ridículo
    ridícula ridículos ridículas
    """.split()  # noqa: SIM905
)
"""Words without one of which the patterns below find nothing."""
BLAME = re.compile(
    r"\b(?:your (?:own )?(?:fault|mistake|negligence|carelessness)|you(?:'re| are| were) to blame"
    r"|you (?:clearly |obviously |simply )?(?:failed|neglected|forgot|didn['’]t bother) to"
    r"|you (?:really )?should(?:'ve| have) (?:\w{2,12} )?(?:read|checked|known|noticed|thought"
    r"|paid|told|contacted|asked|been more)"
    r"|(?:if|had) you (?:had )?(?:only )?(?:read|bothered|paid attention|listened)"
    r"|as (?:i|we)(?:'ve| have)? (?:already |just )?(?:said|told you|explained)(?: before)?"
    r"|(?:that is|that's|this is) (?:not our|your) problem|not our problem|calm down"
    r"|(?:es |fue )?(?:culpa (?:suya|tuya)|(?:su|tu) (?:propia )?culpa)"
    r"|(?:usted )?deber[íi]as? haber(?:lo)? (?:leído|sabido|revisado|comprobado|avisado)"
    r"|debió (?:haber )?(?:leer|revisar|leído|revisado|saber)|cálm(?:ese|ate)"
    r"|no es (?:nuestro )problema|como ya (?:le|te) (?:dije|expliqué|he dicho))\b",
    re.IGNORECASE,
)
DISPARAGED = re.compile(
    r"\b(?:you(?:'re| are) (?:just |so |being |really )?(?:an? )?(?:stupid|idiots?|morons?|lazy"
    r"|rude|ridiculous|unreasonable|liar|lying|dumb|ignorant)"
    r"|(?:stupid|dumb|idiotic|ridiculous) (?:question|request|customer|idea|complaint)s?"
    r"|(?:we|our (?:company|team|service|products?|website|app|support)|this (?:company|brand))"
    r"(?:'re| are| is) (?:the |a |an |just |really |truly |so )?(?:worst|terrible|awful|useless"
    r"|joke|garbage|scam|rubbish)"
    r"|(?:es|eres|son) (?:usted |ustedes )?(?:un |una |unos )?(?:estúpid[oa]s?|tont[oa]s?|idiotas?"
    r"|imbécil(?:es)?|mentiros[oa]s?|inútil(?:es)?|ridícul[oa]s?)"
    r"|(?:somos|es nuestra empresa|nuestro servicio es) (?:la |un |el )?(?:peor|desastre))\b",
    re.IGNORECASE,
)

_DISGUISED = re.compile(
    r"(?<![\w*@$#!])[^\W_]{1,12}[*@$#!][^\W_*@$#!]{0,12}[*@$#!\w]{0,12}(?![\w*])"
)
_MASKS = "*@$#!"
_SPELLED = re.compile(r"(?<!\w)(?=[^\W\d_]{1,11}\d)[^\W_]{4,12}(?!\w)")
_STRETCHED = re.compile(r"(?<!\w)[^\W\d_]{1,10}?([^\W\d_])\1{2,10}[^\W\d_]{0,10}(?!\w)")
_DIGIT_LETTERS = str.maketrans("013457", "oieast")
_LEAST_DISGUISED = 4
_LONG = frozenset(word for word in PROFANE if len(word) >= _LEAST_DISGUISED)
_TRIPLE = re.compile(r"([^\W\d_])\1\1")
_SINGLE = re.compile(r"(.)\1{1,12}")
_SQUEEZED = frozenset(_SINGLE.sub(r"\1", word) for word in _LONG)


def _fits(masked: str) -> bool:
    """Whether letters and masks are some swear word: ``f*ck``, ``sh!t``."""
    letters = sum(char.isalpha() for char in masked)
    if letters * 2 < len(masked):
        return False
    return any(
        len(word) == len(masked)
        and all(a == b or not a.isalnum() for a, b in zip(masked, word, strict=True))
        for word in _LONG
    )


def _hides(word: str) -> bool:
    """Whether a word is a swear word once digits are read as letters, or draws a letter out."""
    return word.translate(_DIGIT_LETTERS) in _LONG or _TRIPLE.search(word) is not None


_may_hide = Learned(_hides).__getitem__


def disguised(text: str, words: Iterable[str]) -> Iterator[re.Match[str]]:
    """Find swear words with masks, digits or drawn-out letters in a lower-case text.

    Args:
        text: The text, in lower case.
        words: Its words, each once.
    """
    parts = [part for mask in _MASKS if mask in text for part in text.split(mask)[:-1]]
    if any(part[-1:].isalnum() for part in parts):  # as what a mask stands behind
        yield from (hit for hit in _DISGUISED.finditer(text) if _fits(hit[0].rstrip("!")))
    if not any(map(_may_hide, words)):
        return
    for hit in _SPELLED.finditer(text):
        if hit[0].translate(_DIGIT_LETTERS) in _LONG:
            yield hit
    for hit in _STRETCHED.finditer(text):
        if _SINGLE.sub(r"\1", hit[0]) in _SQUEEZED:
            yield hit
