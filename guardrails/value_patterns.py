"""How typed values are written: vocabularies, and one pattern whose branches name the kinds.

The pattern reads lower-case text. The order of its branches is the order of precedence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_UNITS = {
    "second": ("second", "seconds", "sec", "secs", "segundo", "segundos"),
    "minute": ("minute", "minutes", "min", "mins", "minuto", "minutos"),
    "hour": ("hour", "hours", "hr", "hrs", "hora", "horas"),
    "day": ("day", "days", "día", "días", "dia", "dias"),
    "night": ("night", "nights", "noche", "noches"),
    "week": ("week", "weeks", "semana", "semanas"),
    "month": ("month", "months", "mes", "meses"),
    "year": ("year", "years", "yr", "yrs", "año", "años"),
}
UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words}
WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fourteen": 14, "fifteen": 15, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100,
    "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9,
    "diez": 10, "quince": 15, "veinte": 20, "treinta": 30,
}  # fmt: skip
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan enero ene", "february feb febrero", "march mar marzo",
            "april apr abril abr", "may mayo", "june jun junio", "july jul julio",
            "august aug agosto ago",
            "september sept sep septiembre", "october oct octubre", "november nov noviembre",
            "december dec diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon lunes", "tuesday tue tues martes", "wednesday wed miércoles",
            "thursday thu thurs jueves", "friday fri viernes", "saturday sábado", "sunday domingo",
        )
    )
    for name in names.split()
}  # fmt: skip
CURRENCIES = {
    "us$": "USD", "r$": "BRL", "a$": "AUD", "c$": "CAD", "mx$": "MXN", "$": "$", "€": "EUR",
    "£": "GBP", "¥": "JPY", "₹": "INR", "dollar": "$", "dollars": "$", "buck": "$", "bucks": "$",
    "euro": "EUR", "euros": "EUR", "pound": "GBP", "pounds": "GBP", "peso": "MXN", "pesos": "MXN",
    "reais": "BRL", "cent": "c", "cents": "c", "dólares": "$", "libras": "GBP",
}  # fmt: skip
_CODES = (
    "usd", "eur", "gbp", "mxn", "cad", "aud", "brl", "jpy", "chf", "sek", "nok", "dkk", "pln",
    "ars",
    "clp", "cop", "pen", "inr", "cny", "krw", "nzd", "sgd",
)  # fmt: skip


_SIZES = """
    kg kilo kilos kilogram kilograms gram grams g lb lbs oz mm cm km meter meters metre metres mile
    miles inch inches ft feet ml liter liters litre litres l mb gb tb mbps watt watts w mah hz
    """.split()  # noqa: SIM905 - a list of words is read as words


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


NUM = r"\d{1,15}(?:[.,'’\u00a0\u202f]\d{1,15}){0,4}"
SPELLED = _any(WORDS)
_AMOUNT = rf"(?:{NUM}|(?:{SPELLED})\b)"
_SIGN = r"(?:us\$|mx\$|[rac]\$|[$€£¥₹])"
_CODE = _any(_CODES)
_UNIT = _any(UNIT_OF)
_MONTH = _any(MONTHS)
DAY = _any(WEEKDAYS)
_COIN = _any(word for word in CURRENCIES if word.isalpha())
_SPELT = rf"(?:{SPELLED})\b"
_EMAIL = r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"
_SIZE_UNIT = rf"(?:{_any(_SIZES)})"
_SIZE = rf"{NUM}(?:\s?x\s?{NUM}){{1,3}}(?:\s?{_SIZE_UNIT})?(?!\w)|{NUM}\s?{_SIZE_UNIT}(?!\w)"
_CLOCK = r"\d{1,2}(?::\d{2})?"
_DURATION = (
    rf"(?:\s?(?:-|–|to|or|a|o)\s?{_AMOUNT})?[\s-]{{0,2}}(?:(?:full|business|working"
    rf"|calendar)[\s-])?"
    rf"(?:{_UNIT})\b(?:\s(?:hábiles|laborables))?"
)
_PERCENT = r"\s?(?:%|(?:percent|per\scent|por\sciento)\b)"
_COINS = rf"\s?(?:{_SIGN}|(?:{_CODE}|{_COIN})\b)"


def _by_letter(words: Iterable[str]) -> str:
    """Words as a pattern that looks at those alone that begin like the text."""
    found: dict[str, list[str]] = {}
    for word in words:
        found.setdefault(word[0], []).append(word[1:])
    return "|".join(f"{letter}(?:{_any(rest)})" for letter, rest in found.items())


_OTHERS_BEHIND = """
    am pm a p of de full business working calendar percent per por us mx r a c
    """.split()  # noqa: SIM905
_COINS_SPELT = [word for word in CURRENCIES if word.isalpha()]
_BEHIND = _by_letter((*UNIT_OF, *MONTHS, *_CODES, *_COINS_SPELT, *_SIZES, *_OTHERS_BEHIND))
"""What stands behind a number in the rules below."""
_COUNTED = (
    r"\d{1,4}(?=[,;]\s|\s[a-z])"
    rf"(?!\s(?:(?:{_BEHIND})\b|(?:x|to|or|and|until|a|o|y)\s?{_AMOUNT}))"
)
"""A number of what no other rule knows, as most are: told from the word behind it."""
_DIGITS_FIRST: dict[str, str] = {
    "counted": _COUNTED,
    "email": _EMAIL,
    "iso": (
        r"\d{4}-\d{2}-\d{2}(?!\d)"
        r"(?:[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:z|[+-]\d{2}:?\d{2})?)?"
    ),
    "slashed": r"\d{1,2}(?P<mark>[/.])\d{1,2}(?P=mark)(?:\d{4}|\d{2})(?!\d)",
    "named": (
        rf"\d{{1,2}}(?:st|nd|rd|th)?(?:\sof|\sde)?\s(?:{_MONTH})\b\.?"
        r"(?:(?:,|\sde)?\s\d{4}(?!\d))?"
    ),
    "time": (
        rf"(?:{_CLOCK}\s?(?:-|–|to|and|until|a|y)\s?)?{_CLOCK}(?::\d{{2}})?\s?[ap]\.?m\b\.?"
        r"|\d{1,2}:\d{2}(?::\d{2})?(?![\d:])"
    ),
    "money": rf"{NUM}{_COINS}",
    "percent": rf"{NUM}{_PERCENT}",
    "duration": rf"{NUM}{_DURATION}",
    "size": _SIZE,
    "phone": (
        r"(?=(?:\d[ )-]{0,2}\(?){7,15}(?!\d))(?=[\d ()-]{0,20}\d{3})"
        r"\d{1,15}\)?(?:[ -]\(?\d{1,9}\)?){1,6}(?!\w)|\d{3}\.\d{3}\.\d{4}(?!\d)"
    ),
    "id": (
        r"(?!\d{1,6}-[a-z])(?=\d{1,40}[a-z_-])(?=[\d_-]{1,40}[a-z])(?=(?:[a-z_-]{0,20}\d){3})"
        r"\w{1,60}(?:-\w{1,40}){0,6}|\d{5,40}(?![\w.,]\d|\w)"
    ),
    "quantity": rf"{NUM}(?:st|nd|rd|th)?(?!\w)",
}
_SIGN_FIRST: dict[str, str] = {
    "money": rf"{_SIGN}\s?{NUM}(?:k\b)?",
    "phone": (
        r"\+\d{7,15}|[+(]{1,2}(?=(?:\d[ )-]{0,2}\(?){7,15}(?!\d))"
        r"\d{1,15}\)?(?:[ -]\(?\d{1,9}\)?){1,6}(?!\w)"
    ),
    "id": r"(?<!#)#\s?(?=[\w-]{0,40}\d)\w{1,40}(?:-\w{1,40}){0,5}",
}
_LETTER_FIRST: dict[str, str] = {
    "email": _EMAIL,
    "url": r"(?:https?://|www\.)[^\s<>\"')\]]{1,500}",
    "named": (
        rf"(?:{_MONTH})\.?\s"
        r"(?:\d{1,2}(?:st|nd|rd|th)?(?!\d)(?:,?\s\d{4}(?!\d))?|\d{4}(?!\d))"
    ),
    "weekday": (
        rf"(?:{DAY})s?\b(?:\s?(?:-|–|to|through|thru|until|a)\s?(?:{DAY})s?\b)?"
        r"|week(?:day|end)s?\b"
    ),
    "time": r"(?:noon|midnight)\b",
    "money": rf"(?:(?:{_CODE})\b|[rac]\$|us\$|mx\$)\s?{NUM}(?:k\b)?|{_SPELT}{_COINS}",
    "percent": _SPELT + _PERCENT,
    "duration": _SPELT + _DURATION,
    "id": r"(?=[a-z_-]{1,30}\d)(?=(?:[a-z_-]{0,20}\d){3})\w{1,60}(?:-\w{1,40}){0,6}",
    "quantity": _SPELT,
}


_OTHER_WORDS = ("week", "noon", "midnight", "http", "www")
_LETTERS = (
    "(?=[a-z])(?:"
    + _by_letter((*MONTHS, *WEEKDAYS, *_CODES, *WORDS, *_OTHER_WORDS))
    + r"|[rac]\$|us\$|mx\$|[a-z_-]{1,30}+(?:\d|[\w.+-]{0,64}+@))"
)
"""What a value that begins with a letter begins with: most words are passed over at once."""


def _branch(start: str, tag: str, rules: dict[str, str]) -> str:
    """One branch by what it begins with, so that most words are passed over at once."""
    return (
        f"(?={start})(?:"
        + "|".join(f"(?P<{name}{tag}>{rule})" for name, rule in rules.items())
        + ")"
    )


_BEGINNINGS = "noon midnight weekday weekdays weekend weekends http https www"
BEGINNING = frozenset(
    (*MONTHS, *WEEKDAYS, *(f"{day}s" for day in WEEKDAYS), *_CODES, *WORDS, *_BEGINNINGS.split())
)
"""Words that a value without a mark begins with."""
MARKS = frozenset("$€£¥₹#+(@")
"""Every other value holds one, or a digit, from its first character or within so many of it as
follow."""
REACH = 64
LETTER = "_l"
"""What the name of a rule for values that begin with a letter ends with."""
VALUE = re.compile(
    r"(?<![\w.])(?<![a-z]-)(?:"
    + "|".join(
        (
            _branch(_LETTERS, LETTER, _LETTER_FIRST),
            _branch(r"\d", "_d", _DIGITS_FIRST).replace("<mark_d>", "<mark>"),
            _branch(r"[$€£¥₹#+(]", "_s", _SIGN_FIRST),
        )
    )
    + ")"
)
