"""Sortable unique ids: a three-letter kind, the millisecond of birth, and random bits."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_TIME_PAIRS = 5
_RANDOM_PAIRS = 6


def _encode(number: int, pairs: int) -> str:
    return "".join([_PAIRS[number >> 10 * place & 1023] for place in reversed(range(pairs))])


def new_id(kind: str) -> str:
    """Make an id such as ``cnv_01k9w3v8qz4m2d7x5r0c1b`` that sorts by time of creation.

    Args:
        kind: A short word for what is named: ``cnv``, ``msg``, ``rev``.
    """
    moment = _encode(time.time_ns() // 1_000_000, _TIME_PAIRS)
    return f"{kind}_{moment}{_encode(secrets.randbits(60), _RANDOM_PAIRS)}"
