"""No pattern of the package blows up: each is attacked with strings made from its own structure.

Whatever a pattern repeats is pumped, after what must stand before it and with a near miss at the
end, at growing lengths; its time may grow with the length, never with its square.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from re import _parser  # pyright: ignore[reportAttributeAccessIssue]
from types import ModuleType
from typing import Any

import pytest

import handrail

SHORT = (*range(12, 48, 4), 56, 64, 96, 256)
"""Lengths at which only an exponential pattern takes noticeable time."""
LONG = (1000, 2000, 8000)
SECONDS = 0.05
"""Longest time on the longest string."""
MARGIN = 4
"""How much slower than the promise a shared machine may be before the test fails."""
NOTICEABLE = 0.004
MOST_GROWTH = 9.0
"""Most growth of the time where the length grows fourfold; a square would be sixteen."""
AGAIN = 3
"""How many times what seems slow is looked at again."""
TAILS = ("", "\x00", "!")
_SKIPPED = re.compile(r"\.(?:__main__|migrations)(?:\.|$)")


def modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(handrail.__path__, "handrail."):
        if not _SKIPPED.search(info.name):
            yield importlib.import_module(info.name)


def patterns_in(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Patterns in a value, its items and its attributes, each with where it stands."""
    if isinstance(value, re.Pattern):
        if isinstance(value.pattern, str):
            yield path, value
    elif depth < 4 and not isinstance(value, str | bytes | ModuleType):
        for name, item in _inside(value):
            yield from patterns_in(item, f"{path}.{name}", depth + 1)


def _inside(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        items: list[tuple[Any, Any]] = list(value.items())
        return [*((f"key{n}", key) for n, (key, _) in enumerate(items)), *items]
    if isinstance(value, list | tuple | set | frozenset):
        return list(enumerate(value))
    own = getattr(type(value), "__module__", "").startswith("handrail")
    if isinstance(value, type):
        own = value.__module__.startswith("handrail")
    if not own:
        return ()
    slots = [name for name in getattr(type(value), "__slots__", ()) if hasattr(value, name)]
    return [
        *getattr(value, "__dict__", {}).items(),
        *((name, getattr(value, name)) for name in slots),
    ]


def collect() -> dict[str, re.Pattern[str]]:
    found: dict[tuple[str, int], tuple[str, re.Pattern[str]]] = {}
    for module in modules():
        for name, value in vars(module).items():
            for path, pattern in patterns_in(value, f"{module.__name__}.{name}"):
                found.setdefault((pattern.pattern, pattern.flags), (path, pattern))
    return dict(found.values())


class Sampler:
    """Makes a short string that a parsed pattern matches; ``variant`` chooses among its ways."""

    def __init__(self, variant: int) -> None:
        self.variant = variant

    def all(self, parsed: Iterable[Any]) -> str:
        return "".join(self.one(op, value) for op, value in parsed)

    def one(self, op: Any, value: Any) -> str:  # noqa: PLR0911 - one case for each operator
        match str(op):
            case "LITERAL":
                return chr(value)
            case "NOT_LITERAL":
                return next(c for c in "a1 -x" if ord(c) != value)
            case "ANY":
                return "a"
            case "IN":
                return self._member(value)
            case "BRANCH":
                branches = value[1]
                return self.all(branches[self.variant % len(branches)])
            case "SUBPATTERN":
                return self.all(value[-1])
            case "ATOMIC_GROUP":
                return self.all(value)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, inner = value
                count = max(least, min(1, most)) if self.variant < 3 else min(most, 3)
                return self.all(inner) * count
            case _:
                return ""

    def _member(self, members: list[Any]) -> str:
        if str(members[0][0]) == "NEGATE":
            return next((c for c in "a1 -x_;é" if not _is_in(c, members[1:])), "a")
        op, value = members[self.variant % len(members)]
        if str(op) == "LITERAL":
            return chr(value)
        if str(op) == "RANGE":
            return chr(value[0])
        return next((c for c in "a1 -_" if _is_in(c, [(op, value)])), "a")


def _is_in(char: str, members: Iterable[Any]) -> bool:
    classes = {
        "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s",
        "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
    }  # fmt: skip
    for op, value in members:
        if str(op) == "LITERAL" and ord(char) == value:
            return True
        if str(op) == "RANGE" and value[0] <= ord(char) <= value[1]:
            return True
        if str(op) == "CATEGORY" and re.fullmatch(classes[str(value)], char):
            return True
    return False


def pumps(parsed: Iterable[Any], before: str, sampler: Sampler) -> Iterator[tuple[str, str]]:
    """Each repeat of a parsed pattern: what stands before it, and what is repeated."""
    for op, value in parsed:
        if "REPEAT" in str(op):
            inner = value[2]
            yield before, sampler.all(inner)
            yield from pumps(inner, before, sampler)
        elif str(op) == "SUBPATTERN":
            yield from pumps(value[-1], before, sampler)
        elif str(op) == "ATOMIC_GROUP":
            yield from pumps(value, before, sampler)
        elif str(op) == "BRANCH":
            for branch in value[1]:
                yield from pumps(branch, before, sampler)
        elif str(op) in ("ASSERT", "ASSERT_NOT"):
            yield from pumps(value[1], before, sampler)
        before += sampler.one(op, value)


def attacks(pattern: re.Pattern[str]) -> Iterator[tuple[str, str, str]]:
    """Prefix, what is repeated, and tail."""
    parsed = _parser.parse(pattern.pattern, pattern.flags)
    seen: set[tuple[str, str]] = set()
    for variant in range(4):
        sampler = Sampler(variant)
        whole = sampler.all(parsed)
        for before, unit in [*pumps(parsed, "", sampler), ("", whole), ("", whole[:-1])]:
            for prefix, repeated in ((before, unit), ("", before + unit)):
                if repeated and (prefix, repeated) not in seen:
                    seen.add((prefix, repeated))
                    for tail in TAILS:
                        yield prefix, repeated, tail


def taken(pattern: re.Pattern[str], text: str, *, tries: int = 1) -> float:
    """CPU seconds to find all matches; the fastest of some tries."""
    times: list[float] = []
    for _ in range(tries):
        began = time.process_time()
        for _ in pattern.finditer(text):
            pass
        times.append(time.process_time() - began)
    return min(times)


def complaint(pattern: re.Pattern[str]) -> str | None:
    """What is wrong with a pattern, and the string that shows it."""
    for prefix, unit, tail in attacks(pattern):

        def text(length: int) -> str:
            return prefix + (unit * (length // len(unit) + 1))[:length] + tail  # noqa: B023

        for length in SHORT:
            if taken(pattern, text(length)) > NOTICEABLE * MARGIN and (
                taken(pattern, text(length), tries=3) > NOTICEABLE * MARGIN
            ):
                return f"exponential on {prefix!r} + {unit!r} repeated + {tail!r}"
        if taken(pattern, text(LONG[0])) < NOTICEABLE / 4:
            continue
        # A machine may slow down just then: what is slow is slow each time.
        if (told := slowness(pattern, text)) and all(slowness(pattern, text) for _ in range(AGAIN)):
            return f"{told} on {prefix!r} + {unit!r} repeated + {tail!r}"
    return None


def slowness(pattern: re.Pattern[str], text: Callable[[int], str]) -> str | None:
    """What is wrong with the time that a pattern takes on a long text of one kind."""
    shorter, longer = (taken(pattern, text(length), tries=3) for length in LONG[1:])
    if longer > SECONDS * MARGIN:
        return f"{longer:.3f} s"
    if longer > NOTICEABLE * MARGIN and longer > MOST_GROWTH * shorter:
        return f"grows {longer / shorter:.1f}fold"
    return None


PATTERNS = collect()


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_blows_up(name: str) -> None:
    assert complaint(PATTERNS[name]) is None


def test_patterns_were_found_wherever_they_stand() -> None:
    assert len(PATTERNS) > 60
    names = " ".join(PATTERNS)
    for part in ("guardrails.claims", "guardrails.conv_relevance._TOPICS", "language", "playbook"):
        assert part in names


@pytest.mark.parametrize(
    "bad",
    [
        r"^(\w+\s?)*$",
        r"^(a|a)*b$",
        r"(?:[a-z]+)+@",
        r"\s+$",
        r"\w*\d\w*;",
        r"x(?:ab|a|b){1,4000};",
        r"[a-z0-9.]*@",
    ],
)
def test_the_attack_finds_patterns_that_blow_up(bad: str) -> None:
    assert complaint(re.compile(bad)) is not None


@pytest.mark.parametrize("good", [r"\b\w{1,40}\b", r"(?:a|b){1,8}c", r"[^\s@]{1,64}@\w{1,60}"])
def test_the_attack_lets_bounded_patterns_pass(good: str) -> None:
    assert complaint(re.compile(good)) is None
