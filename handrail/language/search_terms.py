"""Words of a text as a search sees them: stop words gone, endings folded."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from handrail.language.features import words

STOP_WORDS: Final = frozenset((
    "a", "an", "and", "any", "are", "as", "at", "be", "but", "by", "can", "could", "did",
    "do", "does", "for", "from", "get", "had", "has", "have", "hello", "hi", "how", "i",
    "i'd", "i'm", "if", "in", "is", "it", "it's", "its", "just", "know", "like", "me", "my",
    "no", "not", "of", "on", "or", "please", "so", "some", "tell", "thank", "thanks",
    "that", "the", "their", "them", "then", "there", "these", "they", "this", "to", "up",
    "us", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will",
    "with", "would", "you", "your",
))  # fmt: skip
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
