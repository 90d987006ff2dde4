"""Says in a person's words, and at the right line, what pydantic found wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from handrail.playbook.problems import Problem, alternatives
from handrail.playbook.yaml_source import Path, Source


def validation_problems(error: ValidationError, source: Source) -> Iterator[Problem]:
    """Yield one problem per place; where a value fits no alternative, the first is told."""
    seen: set[Path] = set()
    for details in error.errors(include_url=False):
        path = _known_path(details["loc"], source.value)
        if details["type"] == "missing":
            path = (*path, details["loc"][-1])
        if path not in seen:
            seen.add(path)
            yield source.place(path).problem(_message(details, path))


def _known_path(location: tuple[int | str, ...], value: Any) -> Path:
    # Pydantic puts names of union members and marks such as "[key]" into the location.
    path: list[int | str] = []
    for step in location:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(step)
    return tuple(path)


def _message(details: ErrorDetails, path: Path) -> str:
    name = ".".join(str(step) for step in path) or "the file"
    given, context = details["input"], details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            return f"unknown key {path[-1]!r}; take it out or mend its spelling"
        case "missing":
            return f"{name} is missing; add it"
        case "value_error":
            return f"{name}: {context['error']}"
        case "literal_error":
            words = re.findall(r"'([^']{1,60})'", context["expected"])
            return f"{name}: {given!r} is not possible; {alternatives(str(given), words)}"
        case _:
            what = details["msg"][0].lower() + details["msg"][1:]
            return f"{name}: {what}; it is {given!r:.60} now"
