"""x."""

from __future__ import annotations
from collections.abc import Iterator
from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check


@check("fact.policy", severity="critical")
def fact_policy(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:
    """x."""
    return iter(())
