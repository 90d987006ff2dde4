"""A property that is found when first asked for, and kept.

That is ``functools.cached_property``, which up to Python 3.11 takes a lock to find one. A draft has
eighty of them, and their locks took more time than a check does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or sys.version_info >= (3, 12):
    from functools import cached_property
else:

    class _Found:
        """The same without the lock, as it is from Python 3.12 on: two threads may both find it."""

        def __init__(self, find: Callable[[Any], Any]) -> None:
            self._find = find
            self.__doc__ = find.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, holder: Any, owner: type | None = None) -> Any:
            if holder is None:
                return self
            found = holder.__dict__[self._name] = self._find(holder)
            return found

    cached_property = _Found

__all__ = ["cached_property"]
