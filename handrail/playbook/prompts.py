"""The prompts a playbook may bring of its own, and the fields they are filled with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from handrail.playbook.fields import FIELD
from handrail.playbook.problems import Problem, alternatives
from handrail.playbook.yaml_source import decode


@dataclass(frozen=True)
class PromptForm:
    """What a prompt may hold."""

    fields: frozenset[str]
    needed: tuple[str, ...]
    """Without them the model would not know what is data, or have nothing to go by."""


PROMPTS: Final[Mapping[str, PromptForm]] = {
    "reply": PromptForm(
        fields=frozenset(
            {
                *("brand", "fence", "today", "language", "max_chars", "forbidden"),
                *("limits", "intent", "summary", "evidence", "notes"),
            }
        ),
        needed=("fence", "evidence", "notes"),
    ),
    "summary": PromptForm(fields=frozenset({"brand", "fence", "max_chars"}), needed=("fence",)),
}
"""The prompts by name: ``prompts/reply.md`` in a playbook's folder takes the place of ours."""


def read_prompts(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """Read the prompts of a playbook's folder, and say what is wrong with them."""
    prompts: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted((folder / "prompts").glob("*.md")):
        file, name = f"prompts/{path.name}", path.stem
        text = decode(path.read_bytes(), file)
        if isinstance(text, Problem):
            problems.append(text)
        elif name not in PROMPTS:
            message = f"no prompt is called {name!r}; {alternatives(name, PROMPTS)}"
            problems.append(Problem(file=file, message=message))
        else:
            problems += _wrong(text, PROMPTS[name], file)
            prompts[name] = text
    return prompts, problems


def _wrong(text: str, form: PromptForm, file: str) -> Iterator[Problem]:
    # Words that go with a number are for templates: no field of a prompt is one.
    plain = [match for match in FIELD.finditer(text) if match[2] is None]
    found = {match[1]: match.start() for match in plain}
    for name in found.keys() - form.fields:
        message = f"{name!r} is unknown here; {alternatives(name, form.fields)}"
        yield _at(text, found[name], file, message)
    rest = FIELD.sub(lambda match: match[0] if match[2] is not None else " " * len(match[0]), text)
    for braces in ("{{", "}}"):
        if braces in rest:
            message = "a field is written wrongly; write {{name}}, such as {{evidence}}"
            yield _at(text, rest.index(braces), file, message)
            break
    for name in form.needed:
        if name not in found:
            yield Problem(file=file, message=f"the field {{{{{name}}}}} is missing; put it in")


def _at(text: str, offset: int, file: str, message: str) -> Problem:
    before = text[:offset]
    column = offset - (before.rfind("\n") + 1) + 1
    return Problem(file=file, line=before.count("\n") + 1, column=column, message=message)
