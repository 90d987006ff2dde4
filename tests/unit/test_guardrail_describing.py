"""What a check says of itself, and what each mode does with its findings, is told as it is."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field

from handrail.core.registry import registered
from handrail.core.verdict import Finding
from handrail.desk.guardrail_trial import MODES, action
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.describing import RuleLine, describe
from handrail.playbook.loading import demo_path, load_release

BOOK = load_release(demo_path()).playbook


class LoudSettings(CheckSettings):
    """How loud is too loud."""

    most: int = Field(default=3, ge=1)
    """Capital words in a row, as in "NO WAY OUT",
    that are borne."""


@check("test.loud", severity="low", needs=("records", "history"), settings=LoudSettings)
def loud(ctx: CheckContext, settings: LoudSettings) -> list[Finding]:
    return []


def test_a_declaration_is_described() -> None:
    card = describe(loud)
    assert (card.id, card.stage, card.severity, card.needs) == (
        "test.loud",
        "exit",
        "low",
        ("history", "records"),
    )
    settings = {setting.name: setting for setting in card.settings}
    assert (settings["enabled"].type, settings["enabled"].default) == ("bool", True)
    assert (settings["most"].type, settings["most"].default) == ("int", 3)
    assert all(setting.meaning for setting in card.settings)
    assert settings["most"].meaning.startswith('Capital words in a row, as in "NO WAY OUT", that')


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("conv.repeat", {"repeated": "low", "loop": "medium"}),
        ("in.crisis", {"self_harm": "critical", "threat": "critical", "emergency": "critical"}),
        ("tone.language", {"differs": "medium", "mixed": "low", "not_spoken": "low"}),
    ],
)
def test_rules_are_read_with_their_severities(name: str, rules: dict[str, str]) -> None:
    card = describe(registered("check")[name])
    assert {rule.name: rule.severity for rule in card.rules} == rules
    assert all(isinstance(rule, RuleLine) for rule in card.rules)


def said(mode: Any, severity: Any, stage: Any = "exit", name: str = "fact.value") -> str:
    return action(mode, stage, name, severity, BOOK)


def test_the_graphs_own_table_says_what_a_mode_does() -> None:
    assert said("autonomous", "low") == "send"
    assert said("autonomous", "high") == "draft again with the findings, then ask a person"
    assert "must accept the finding" in said("supervised", "critical")
    assert said("supervised", "low") == "ask a person"
    for mode in ("collaborative", "shadow"):
        assert said(mode, "critical").startswith("people answer")
    for mode in MODES:
        assert said(mode, "critical", "input", "in.crisis").startswith("people answer")
