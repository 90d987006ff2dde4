"""What is wrong in a file, and where: one line per problem, all of them at once."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from handrail.core.conversation import Frozen


class Problem(Frozen):
    """One thing that is wrong in a file."""

    file: str
    """Path relative to the folder that was read."""
    line: int = 1
    """From 1."""
    column: int = 1
    """From 1."""
    message: str
    """What is wrong; how to mend it."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


def listed(problems: Iterable[Problem]) -> str:
    """Write problems one a line, by file and line."""
    ordered = sorted(problems, key=lambda p: (p.file, p.line, p.column, p.message))
    return "\n".join(str(problem) for problem in ordered)


def alternatives(word: str, known: Iterable[str]) -> str:
    """Say what may have been meant: ``did you mean 'order'?`` or the list of what there is."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there is {', '.join(names)}" if names else "there is none"
