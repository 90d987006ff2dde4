"""Rules that move a paused conversation to a newer version of its graph.

They are declared beside the graph: ``@graph(..., migrations=(renamed("a", "b", since="2"),))``.
Each says from which version on the graph is as the rule leaves it; a conversation that is several
versions behind goes through all of them, the oldest first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from handrail.core.errors import DefinitionError

_VERSION = re.compile(r"\d{1,9}(\.\d{1,9}){0,5}")


def version_key(version: str) -> tuple[int, ...]:
    """Order versions as numbers: ``2`` before ``10``, ``2.1`` before ``2.10``.

    Raises:
        DefinitionError: it is no whole number, nor whole numbers with dots between.
    """
    if not _VERSION.fullmatch(version):
        raise DefinitionError(
            f"{version!r} is no version: write a whole number, or whole numbers with dots "
            "between them, such as '2' or '2.1'"
        )
    return tuple(int(part) for part in version.split("."))


@dataclass(frozen=True)
class Rule:
    """What one kind of change did to a graph."""

    since: str
    """The first version of the graph in which it holds."""


@dataclass(frozen=True)
class Renamed(Rule):
    """A node has another name."""

    old: str
    new: str


@dataclass(frozen=True)
class Removed(Rule):
    """A node is gone; who waits in it goes on after another."""

    old: str
    resume_as: str


@dataclass(frozen=True)
class Forgotten(Rule):
    """A state key is gone, and nobody needs what it held."""

    key: str


@dataclass(frozen=True)
class Converted(Rule):
    """A state key has another type, reducer or name."""

    key: str
    convert: Callable[[Any], Any]
    was: str | None


@dataclass(frozen=True)
class Place:
    """Where a paused run goes on."""

    node: str
    after: bool = False
    """Behind that node rather than in it."""


def renamed(old: str, new: str, *, since: str) -> Rule:
    """Say that a node has another name: who waits in ``old`` is asked again in ``new``."""
    return Renamed(since, old, new)


def removed(old: str, *, resume_as: str, since: str) -> Rule:
    """Say that a node is gone: who waits in ``old`` goes on as if ``resume_as`` had just ended."""
    return Removed(since, old, resume_as)


def forgotten(key: str, *, since: str) -> Rule:
    """Say that a state key is gone, and that what it held is not needed any more."""
    return Forgotten(since, key)


def converted(
    key: str, convert: Callable[[Any], Any], *, since: str, was: str | None = None
) -> Rule:
    """Say how the stored value of a state key becomes one that fits.

    Args:
        key: The key as it is called now.
        convert: Given the stored value, a model or dataclass as a plain dictionary; returns what
            the key's type accepts.
        since: The first version of the graph with the new type, reducer or name.
        was: What the key was called before, where that changed.
    """
    return Converted(since, key, convert, was)


def rules_after(rules: Sequence[Rule], version: str) -> tuple[Rule, ...]:
    """Return the rules for a conversation that was paused under ``version``, oldest first."""
    paused = version_key(version)
    due = [rule for rule in rules if version_key(rule.since) > paused]
    return tuple(sorted(due, key=lambda rule: version_key(rule.since)))


def place_after(rules: Sequence[Rule], node: str) -> Place:
    """Follow a node through rules, oldest first."""
    place = Place(node)
    for rule in rules:
        if isinstance(rule, Renamed) and rule.old == place.node:
            place = Place(rule.new, place.after)
        elif isinstance(rule, Removed) and rule.old == place.node:
            place = Place(rule.resume_as, after=True)
    return place
