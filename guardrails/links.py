"""Finds the links of a text, however they are written, and reads them as a browser would."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from urllib.parse import unquote

from handrail.guardrails.normalisation import Folded

_MARKDOWN = re.compile(
    r"(?P<image>!?)\[(?P<label>[^\[\]\n]{0,200})\]"
    r"\(\s{0,4}<?(?P<target>[^()\s<>]{1,2000})[^()\n]{0,200}\)"
)
_DOT = r"(?:[.。․]|\[\.\]|\(\.\)|\{\.\}|[\[(]dot[\])])"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_DOMAINS = (
    r"(?:com|net|org|io|co|info|biz|app|dev|shop|store|online|site|xyz|top|club|live|uk|es|de|fr"
    r"|eu|br|mx|ru|cn|link|click|zip|mov|ai|support|example|test|invalid|pw|cc|ly|tk|ml|ga|cf|gq|su"
    r"|zone|win|loan|vip|icu|cyou|pro|mobi|tv|gg|ws|pl|nl|ch|cz|gr|tr|jp|kr|vn|ph|au|nz|ca|cl|pe|za"
    r"|il|ir|pt|se|dk|fi|ie|ua|hu|ro|gov|edu|onion)"
)
_BARE = re.compile(
    r"(?<![\w@/.\\])(?:[a-z][a-z0-9+.-]{1,19}:[/\\]{1,4}"
    r"(?:\[[0-9a-f:.]{2,45}\][^\s<>\"'`]{0,2000}"
    r"|[^\s<>\"'`\[\]{}|](?:[^\s<>\"'`\[\]{}|]|[\[({](?:\.|dot)[\])}]){0,2000})"
    r"|https?:[^\s<>\"'`/\\]{1,200}\.[^\s<>\"'`]{2,2000}"
    r"|(?:javascript|data|vbscript|file|blob):[^\s<>\"'`]{1,2000}"
    r"|[/\\]{2}[\w.-]{3,255}[^\s<>\"'`]{0,500}"
    r"|www\.[^\s<>\"'`]{3,2000}"
    rf"|(?:{_LABEL}{_DOT}){{1,4}}(?:{_DOMAINS}(?![\w-]|\.\w)|(?:in|it|me|us|to|no|at|be|is|so|id|my)"
    r"(?=[/?#:][\w/]))(?::\d{1,5})?(?:[/?#][^\s<>\"'`]{0,2000})?)",
    re.IGNORECASE,
)
_WORTH_A_LOOK = re.compile(
    r"[:/\\.。․)\]}(](?:(?<=:)\S|(?<=[/\\]{2})|(?<=[.。․)\]}])[^\W\d_]|(?<=\]\()|(?<=[wW]{3}\.))"
)
"""What every link holds, found by one character of it."""
_LOADS_ITSELF = re.compile(
    r"<(?:img|image|iframe|frame|embed|object|video|audio|source|link|script|body|table|td|input"
    r"|svg|use|track|base|meta|style)\b[^<>]{0,2000}$|(?:url|@import)\s{0,4}\(?\s{0,4}[\"']?$",
    re.IGNORECASE,
)
_BLANK = re.compile(r"\s")
_TRAILING = ".,;:!?)]}'\"»”’*_"
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\x9f\u200b-\u200f\u2060\ufeff\u00ad]")


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is written in a text."""

    start: int
    end: int
    target: str
    label: str | None = None
    """What a Markdown link shows in its place."""
    loads: bool = False
    """An image and its like: fetched as soon as it is shown."""


def links_in(text: str, folded: Folded) -> Iterator[Link]:
    """Find the links of a text: Markdown, plain, defanged, and those inside of HTML."""
    pieces = list(_pieces(folded.text))
    if not pieces:
        return
    covered: list[tuple[int, int]] = []
    for match in _MARKDOWN.finditer(text) if "](" in text else ():
        covered.append(match.span())
        yield Link(*match.span(), match["target"], match["label"], bool(match["image"]))
    for match in chain.from_iterable(_BARE.finditer(folded.text, *piece) for piece in pieces):
        start, end = folded.span(match.start(), match.start() + len(trimmed(match[0])))
        if not any(begin <= start < stop for begin, stop in covered):
            before = text[max(0, start - 2000) : start] if "<" in text or "url" in text else ""
            yield Link(start, end, text[start:end], None, bool(_LOADS_ITSELF.search(before)))


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """The parts of a text between blanks that may hold a link: no link has a blank in it."""
    until = 0
    for hint in _WORTH_A_LOOK.finditer(text):
        if hint.start() < until:
            continue
        start = hint.start()
        while start > until and not text[start - 1].isspace():
            start -= 1
        blank = _BLANK.search(text, hint.start())
        until = blank.start() if blank else len(text)
        yield start, until


def trimmed(url: str) -> str:
    """Take the punctuation of the sentence around it off an address."""
    while url and url[-1] in _TRAILING and not (url[-1] == ")" and "(" in url):
        if re.search(r"[\[({](?:\.|dot)[\])}]$", url, re.IGNORECASE):
            break
        url = url[:-1]
    return url


def shown_host(label: str) -> str | None:
    """Return the host that the text of a link speaks of, where it does."""
    found = _BARE.search(label)
    return host_of(trimmed(found[0]))[0] if found else None


def cleaned(url: str) -> str:
    """Read an address as a browser does: folded, unescaped, without blanks, slashes turned."""
    folded = unicodedata.normalize("NFKC", html.unescape(url) if "&" in url else url)
    folded = _INVISIBLE.sub("", folded)
    folded = re.sub(r"[\[({](?:\.|dot)[\])}]|[。․]", ".", folded, flags=re.IGNORECASE)
    folded = folded.replace("\\", "/").casefold()
    return re.sub(r"^h[x*t]{2}p(?=s?:)", "http", folded)


def host_of(url: str) -> tuple[str, bool]:
    """Return the host of an address as a browser would find it, and whether it has user info."""
    rest = re.sub(r"^(?:[a-z][a-z0-9+.-]{1,19}:)?/{0,4}", "", cleaned(url))
    authority = unquote(re.split(r"[/?#]", rest, maxsplit=1)[0])
    user, at, host = authority.rpartition("@")
    host = re.sub(r":\d{0,5}$", "", host).rstrip(".")
    return host, bool(at and user)


@lru_cache(maxsize=64)
def hosts_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hosts that a playbook names, as a browser would find them."""
    return tuple(host_of(name)[0] for name in names)


def allowed(host: str, hosts: tuple[str, ...]) -> bool:
    """Whether a host is one of the hosts, or below one of them."""
    return any(host == name or host.endswith(f".{name}") for name in hosts)
