"""Reads text that is written in Base64, hexadecimal, binary, ROT13 or backwards."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from string import ascii_letters, digits, hexdigits

from handrail.guardrails.terms import characters

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,8000}={0,2}")
_HEX = re.compile(r"[0-9a-fA-F](?<!\w.)[0-9a-fA-F][ :,]?(?:[0-9a-fA-F]{2}[ :,]?){7,4000}(?!\w)")
"""Looks behind its first character: a set of characters is found much faster than a place."""
_BINARY = re.compile(r"(?<!\w)(?:[01]{8} ?){4,2000}(?!\w)")
_BITS = 32
"""The fewest that are read."""
_RUN = "0" * 16
"""As many characters of one code in a row as the shortest block has, each written as a nought."""
_RUNS = re.compile(rf"{_RUN}0{{0,8000}}")
_of_base64 = characters(lambda char: "0" if char in f"{ascii_letters}{digits}+/_-" else " ")
_of_hex = characters(lambda char: "0" if char in f"{hexdigits} :," else "x")
"""Which characters a block may have, each as a nought: a text without a run of them has none."""


def blocks(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield what encoded blocks of a text say, each with its span."""
    coded = _of_base64(text)
    runs = _RUNS.finditer(coded) if _RUN in coded else ()
    for match in filter(None, (_BASE64.match(text, run.start()) for run in runs)):
        raw = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            plain = base64.b64decode(raw + "=" * (-len(raw) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        yield plain, *match.span()
    for match in _HEX.finditer(text) if _RUN in _of_hex(text) else ():
        plain = bytes.fromhex(re.sub(r"[ :,]", "", match[0])).decode("utf-8", "replace")
        yield plain, *match.span()
    for match in _BINARY.finditer(text) if text.count("0") + text.count("1") >= _BITS else ():
        bits = match[0].replace(" ", "")
        octets = (int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
        yield bytes(octets).decode("utf-8", "replace"), *match.span()


def rotated(text: str) -> str:
    """Return the text in ROT13, which undoes it."""
    return codecs.encode(text, "rot13")


def backwards(text: str) -> str:
    """Return the text read from its end."""
    return text[::-1]
