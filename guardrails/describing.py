"""What a check says of itself: its rules with severities, its needs, its settings with defaults."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticUndefined

from handrail.core.verdict import SEVERITY_ORDER, Severity
from handrail.guardrails.contract import Check, CheckSettings, Need, Stage

_OPENING = re.compile(r"\bRules?(?:, all (?P<severity>[a-z]{3,8}))?:")
_FIELD = re.compile(r'(?m:^)    (\w{1,60}): [^\n]{1,300}\n    """((?s:.){1,600}?)"""')
_PART = re.compile(r"``(?P<rule>[a-z][a-z_]{0,60})``|\((?:all |both )?(?P<severity>[a-z]{3,8})\b")


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting of a check."""

    name: str
    type: str
    default: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule of a check."""

    name: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class CheckCard:
    """All that a check says of itself."""

    id: str
    stage: Stage
    severity: Severity
    needs: tuple[Need, ...]
    yields_to: tuple[str, ...]
    """Checks whose word is told in the place of its own."""
    summary: str
    """What a reply is that passes, in one sentence."""
    about: str
    """What fires and what does not."""
    rules: tuple[RuleLine, ...]
    settings: tuple[SettingLine, ...]


def describe(check: Check[Any]) -> CheckCard:
    """Read what a check says of itself from its declaration and its module's docstring."""
    module = sys.modules.get(check.function.__module__)
    text = inspect.getdoc(module) or check.__doc__ or ""
    head, _, about = text.partition("\n")
    return CheckCard(
        id=check.id,
        stage=check.stage,
        severity=check.severity,
        needs=tuple(sorted(check.needs)),
        yields_to=tuple(sorted(check.yields_to)),
        summary=head.partition("``: ")[2] or head,
        about=about.strip(),
        rules=tuple(_rules(about)),
        settings=tuple(_settings(check)),
    )


def _rules(about: str) -> Iterator[RuleLine]:
    """Read ``Rules: one, two (high), three (low)`` or ``Rules, all high: one: ..., two: ...``.

    A severity in brackets counts for the names before it.
    """
    opening = _OPENING.search(about)
    if opening is None:
        return
    waiting: list[str] = []
    for part in _PART.finditer(about[opening.end() :].partition("Setting")[0]):
        if part["rule"]:
            waiting.append(part["rule"])
        elif (severity := _severity(part["severity"])) is not None:
            yield from _lines(waiting, severity)
            waiting.clear()
    shared = _severity(opening["severity"])
    if shared is not None:
        yield from _lines(waiting, shared)


def _severity(word: str | None) -> Severity | None:
    return next((known for known in SEVERITY_ORDER if known == word), None)


def _lines(names: list[str], severity: Severity) -> Iterator[RuleLine]:
    for name in names:  # ``date_`` and ``time_is_late`` are date_is_late and time_is_late
        rest = names[-1].partition("_")[2] if name.endswith("_") else ""
        yield RuleLine(f"{name}{rest}", severity)


def _settings(check: Check[Any]) -> Iterator[SettingLine]:
    meanings = _meanings(check.settings)
    for name, field in check.settings.model_fields.items():
        kind = field.annotation
        default = field.get_default(call_default_factory=True)
        yield SettingLine(
            name=name,
            type=getattr(kind, "__name__", str(kind)) if "[" not in str(kind) else str(kind),
            default=None if default is PydanticUndefined else default,
            meaning=meanings.get(name, "Whether the check runs." if name == "enabled" else ""),
        )


def _meanings(model: type[Any]) -> dict[str, str]:
    """The docstrings under the fields of a model and its bases, which Python does not keep."""
    found: dict[str, str] = {}
    for part in reversed(model.__mro__):
        try:
            source = inspect.getsource(part) if issubclass(part, CheckSettings) else ""
        except (OSError, TypeError):
            continue
        for name, meaning in _FIELD.findall(source):
            found[name] = " ".join(meaning.split())
    return found
