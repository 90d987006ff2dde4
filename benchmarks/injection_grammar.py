"""Writes sentences from the grammars in ``injection_material``: attacks, tasks and honest mails.

A line is a sentence with choices, ``{Ignore|Forget} the rules``; choices may stand within
choices. ``@name = a|b`` names a choice that later lines use as ``{@name}`` or within another one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "injection_material"
_INNERMOST = re.compile(r"\{([^{}]*)\}")
_NAMED = re.compile(r"(?<!\w)@([a-z]+)")


@dataclass(frozen=True)
class Grammar:
    """The sentences of one kind in one language."""

    kind: str
    language: str
    lines: tuple[str, ...]
    names: dict[str, str]

    def write(self, line: str, chance: random.Random) -> str:
        """Write one sentence of a line."""
        text = line
        for _ in range(200):
            match = _INNERMOST.search(text)
            if match is None:
                break
            chosen = chance.choice(match[1].split("|"))
            chosen = _NAMED.sub(lambda m: "{" + self.names[m[1]] + "}", chosen)
            text = text[: match.start()] + chosen + text[match.end() :]
        return text.strip()

    def sample(self, count: int, chance: random.Random, *, held_out: bool) -> list[str]:
        """Write different sentences, from the held-out lines (every fifth) or from the others."""
        lines = [line for at, line in enumerate(self.lines) if (at % 5 == 2) is held_out]
        return list(dict.fromkeys(self.write(chance.choice(lines), chance) for _ in range(count)))


def grammars(kind: str) -> Iterator[Grammar]:
    """Read the grammars of a kind, one a language."""
    for path in sorted(FOLDER.glob(f"{kind}.*.txt")):
        names: dict[str, str] = {}
        lines: list[str] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("@"):
                name, _, choices = line[1:].partition(" = ")
                names[name] = choices
            elif line:
                lines.append(line)
        yield Grammar(kind, path.name.split(".")[1], tuple(lines), names)
