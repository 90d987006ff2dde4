"""Handrail: customer support conversations as durable graphs shared by AI and people."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

_root = Path(__file__).resolve().parent.parent
if (_root / "pyproject.toml").is_file() and str(_root) not in __path__:
    # A clone whose file system has no links still finds the root folders.
    __path__.append(str(_root))

__version__ = "0.1.0"
__all__ = ["open"]

if TYPE_CHECKING:
    from handrail.desk.compose import open_engine as open  # noqa: A004


def __getattr__(name: str) -> Any:
    """Load the library door on first use, so that ``import handrail`` stays light."""
    if name == "open":
        return importlib.import_module("handrail.desk.compose").open_engine
    raise AttributeError(f"module 'handrail' has no attribute {name!r}")
