"""Handrail: customer support conversations as durable graphs shared by AI and people."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

# LangGraph reads this when it is first imported: checkpoints hold only types we name.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

_here = Path(__file__).resolve().parent
if (_here / "graphs").is_file():
    # A file system without links keeps them as text, and the root folders are found this way.
    # Not otherwise: the root also holds this folder, which would be ``handrail.handrail`` too.
    __path__.append(str(_here.parent))

__version__ = "0.1.0"
__all__ = ["open"]

if TYPE_CHECKING:
    from handrail.desk.compose import open_engine as open  # noqa: A004


def __getattr__(name: str) -> Any:
    """Load the library door on first use, so that ``import handrail`` stays light."""
    if name == "open":
        return importlib.import_module("handrail.desk.compose").open_engine
    raise AttributeError(f"module 'handrail' has no attribute {name!r}")
