"""Fences what is data in a prompt, so that no text can leave its fence and pass for an order."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

FENCE: Final = re.compile(r"=== [0-9a-f]{24} ===")


def fence_for(*texts: str) -> str:
    """Return the line that fences these texts.

    It is made of their digest: a text that holds it would have another digest. The same texts
    have the same fence, so that a recorded conversation can be replayed.
    """
    content = "\x00".join(texts).encode("utf-8", "surrogatepass")
    return f"=== {sha256(content).hexdigest()[:24]} ==="


def fenced(fence: str, text: str) -> str:
    """Put a text between two fences."""
    return f"{fence}\n{text}\n{fence}"


def labelled(label: str, text: str) -> str:
    """Write a text behind a label; its further lines are indented, so that none has a label."""
    return f"{label} " + "\n  ".join(text.splitlines())
