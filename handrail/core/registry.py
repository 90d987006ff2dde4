"""Finds graphs, checks, channels and model providers, ours and other packages' alike.

A package names a folder or module under an entry-point group (``handrail.checks`` and so on).
Every module in it is imported, and each object that carries a :class:`Registration` is kept.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

from handrail.core.errors import DefinitionError

_MARK = "__handrail__"
_T = TypeVar("_T")


@dataclass(frozen=True)
class Registration:
    """What an object is registered as."""

    kind: str
    """``graph``, ``check``, ``channel`` or ``model``."""
    name: str


def register(item: _T, kind: str, name: str) -> _T:
    """Mark ``item`` so that a scan of its module finds it."""
    setattr(item, _MARK, Registration(kind, name))
    return item


def _modules(target: str) -> Iterator[ModuleType]:
    module = importlib.import_module(target)
    yield module
    for info in pkgutil.iter_modules(getattr(module, "__path__", [])):
        if not info.ispkg:
            yield importlib.import_module(f"{target}.{info.name}")


@cache
def registered(kind: str) -> MappingProxyType[str, Any]:
    """All objects of a kind by name, from every installed package.

    Args:
        kind: ``graph``, ``check``, ``channel`` or ``model``.

    Raises:
        DefinitionError: two packages register the same name.
    """
    found: dict[str, Any] = {}
    for point in entry_points(group=f"handrail.{kind}s"):
        for module in _modules(point.value):
            for item in vars(module).values():
                mark = getattr(item, _MARK, None)
                if not isinstance(mark, Registration) or mark.kind != kind:
                    continue
                if found.setdefault(mark.name, item) is not item:
                    raise DefinitionError(
                        f"{kind} {mark.name!r} is registered twice; rename the one in "
                        f"{module.__name__}"
                    )
    return MappingProxyType(found)
