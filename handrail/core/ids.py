"""Sortable unique ids: a three-letter kind, the millisecond of birth, and random bits."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_CHARS = 10
_RANDOM_CHARS = 12


def _encode(number: int, width: int) -> str:
    chars: list[str] = []
    for _ in range(width):
        number, rest = divmod(number, 32)
        chars.append(_ALPHABET[rest])
    return "".join(reversed(chars))


def new_id(kind: str) -> str:
    """Make an id such as ``cnv_01k9w3v8qz4m2d7x5r0c1b`` that sorts by time of creation.

    Args:
        kind: A short word for what is named: ``cnv``, ``msg``, ``rev``.
    """
    moment = _encode(time.time_ns() // 1_000_000, _TIME_CHARS)
    return f"{kind}_{moment}{_encode(secrets.randbits(60), _RANDOM_CHARS)}"
