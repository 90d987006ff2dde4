"""Words of a text as a search sees them: stop words gone, endings folded."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from handrail.language.features import STOP_WORDS, words

_ENDINGS: Final = ("ingly", "ments", "ation", "ment", "ings", "ing", "ies", "ied", "ed", "es", "s")


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Fold common English endings, so that ``returns`` and ``returned`` meet ``return``."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            root = word[: -len(ending)] + ("y" if ending in ("ies", "ied") else "")
            break
    else:
        root = word
    return root[:-1] if root.endswith("e") and len(root) > 3 else root


def search_terms(text: str) -> list[str]:
    """Return the stems of a text's words, in order, without stop words and numbers."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS and word != "0"]
