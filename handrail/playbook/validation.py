"""Says in a person's words, and at the right line, what pydantic found wrong."""

from __future__ import annotations

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
            yield source.place(path).problem(_message(details, source, path))


def _known_path(location: tuple[int | str, ...], value: Any) -> Path:
    # Pydantic puts names of union members and marks such as "[key]" into the location.
    path: list[int | str] = []
    for step in location:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            continue
        path.append(step)
    return tuple(path)


def _message(details: ErrorDetails, source: Source, path: Path) -> str:
    name = ".".join(str(step) for step in path) or "the file"
    kind = details["type"]
    if kind == "extra_forbidden":
        return f"unknown key {path[-1]!r}; take it out or mend its spelling"
    if kind == "missing":
        return f"{name} is missing; add it"
    if kind == "value_error":
        return f"{name}: {details['ctx']['error']}"
    if kind == "literal_error":
        expected = str(details["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        return f"{name}: {details['input']!r} is not possible; " + alternatives(
            str(details["input"]), expected
        )
    if kind == "string_pattern_mismatch" and source.place(path) is not None:
        return f"{name}: {details['input']!r} does not have the form {details['ctx']['pattern']}; rename it"
    what = details["msg"][0].lower() + details["msg"][1:]
    return f"{name}: {what}; it is {details['input']!r:.60} now"
