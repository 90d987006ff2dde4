"""Sortable unique ids: a three-letter kind, the millisecond of birth, and random bits."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_TIME_SHIFTS = range(40, -1, -10)
_RANDOM_SHIFTS = range(50, -1, -10)


def _encode(number: int, shifts: range) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in shifts])


def new_id(kind: str) -> str:
    """Make an id such as ``cnv_01k9w3v8qz4m2d7x5r0c1b`` that sorts by time of creation.

    Args:
        kind: A short word for what is named: ``cnv``, ``msg``, ``rev``.
    """
    moment = _encode(time.time_ns() // 1_000_000, _TIME_SHIFTS)
    return f"{kind}_{moment}{_encode(secrets.randbits(60), _RANDOM_SHIFTS)}"
