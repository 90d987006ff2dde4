"""Runs checks on one immutable text and reports what each of them said, skipped or failed at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter, time_ns
from types import MappingProxyType
from typing import Any, cast

from opentelemetry import trace

from handrail.core import attributes
from handrail.core.tracing import record_span
from handrail.core.verdict import (
    SEVERITY_ORDER,
    ClaimVerdict,
    Finding,
    NotRun,
    Report,
    Severity,
    Support,
    text_digest,
)
from handrail.guardrails.contract import Check, CheckContext, CheckSettings, Findings

MOST = 50
"""Findings of one rule on one reply that are told; its last one says how many more there are."""


@dataclass(frozen=True, slots=True)
class Configured:
    """A check with the settings it runs under."""

    check: Check[Any]
    settings: CheckSettings


class InvalidFindingError(Exception):
    """A check reported a span outside the text, or in another check's name."""


@dataclass(frozen=True, slots=True)
class _Judged:
    check: str
    findings: tuple[Finding, ...] = ()
    claims: tuple[ClaimVerdict, ...] = ()
    skipped: str | None = None
    errored: str | None = None


def _validated(check: Check[Any], yielded: Findings, length: int) -> _Judged:
    found = tuple(yielded)
    if not found:
        return _Judged(check.id)
    findings = tuple(one for one in found if isinstance(one, Finding))
    claims = tuple(one for one in found if isinstance(one, ClaimVerdict))
    edits = tuple(one.proposal for one in findings if one.proposal)
    inside = all(0 <= one.start <= one.end <= length for one in (*findings, *claims, *edits))
    if not inside or len(findings) + len(claims) != len(found):
        raise InvalidFindingError
    if any(finding.check != check.id for finding in findings):
        raise InvalidFindingError
    # What came in is cut by every finding; a reply with hundreds of one kind is told of by a few.
    told = _few(findings) if check.stage == "exit" and len(findings) > MOST else findings
    return _Judged(check.id, told, claims)


def _few(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The first findings of each rule and severity; the last of them says how many more."""
    kinds: dict[tuple[str, Severity], list[Finding]] = {}
    for one in findings:
        kinds.setdefault((one.rule, one.severity), []).append(one)
    kept: list[Finding] = []
    for alike in kinds.values():
        kept += alike[:MOST]
        if (more := len(alike) - MOST) > 0:
            message = f"{kept[-1].message} {more} more like this."
            kept[-1] = kept[-1].model_copy(update={"message": message})
    return tuple(kept)


_WEIGHT: Mapping[Support, int] = MappingProxyType(
    {"unverified": 0, "supported": 1, "unsupported": 2, "contradicted": 3}
)
"""What is kept where checks judge one statement differently: the gravest that was decided."""


def _claims(results: Iterable[_Judged]) -> tuple[ClaimVerdict, ...]:
    kept: dict[tuple[int, int], ClaimVerdict] = {}
    for one in (claim for judged in results for claim in judged.claims):
        before = kept.setdefault((one.start, one.end), one)
        if _WEIGHT[one.support] > _WEIGHT[before.support]:
            kept[one.start, one.end] = one
    return tuple(kept[span] for span in sorted(kept))


async def _judge(one: Configured, ctx: CheckContext, seconds: float) -> _Judged:
    check = one.check
    missing = sorted(need for need in check.needs if not ctx.has(need))
    if missing:
        return _Judged(check.id, skipped=f"needs {', '.join(missing)}")
    if one.settings.timeout_ms:
        seconds = one.settings.timeout_ms / 1000
    try:
        result = check(ctx, one.settings)
        if check.asynchronous:
            async with asyncio.timeout(seconds):
                result = await cast("Awaitable[Findings]", result)
        return _validated(check, cast("Findings", result), len(ctx.text))
    except TimeoutError:
        return _Judged(check.id, errored=f"no answer within {seconds * 1000:.0f} ms")
    except Exception as error:  # noqa: BLE001 - a broken check must not break the turn
        # Only the kind of error: its text may hold a customer's words.
        return _Judged(check.id, errored=type(error).__name__)


def _result(judged: _Judged) -> dict[str, str | int]:
    told: dict[str, str | int] = {attributes.FINDINGS: len(judged.findings)}
    if judged.findings:
        gravest = max(judged.findings, key=lambda finding: SEVERITY_ORDER[finding.severity])
        told[attributes.WORST] = gravest.severity
    if judged.errored:
        told[attributes.ERROR_TYPE] = judged.errored
    state = "errored" if judged.errored else "skipped" if judged.skipped else None
    told[attributes.GUARDRAIL_RESULT] = state or ("fail" if judged.findings else "pass")
    return told


async def _traced(one: Configured, ctx: CheckContext, seconds: float) -> _Judged:
    began = time_ns()
    judged = await _judge(one, ctx, seconds)
    about = {
        attributes.OPERATION: "apply_guardrail",
        attributes.SPAN_KIND: "GUARDRAIL",
        attributes.GUARDRAIL: one.check.id,
        **_result(judged),
    }
    name = attributes.CHECK_SPAN.format(check=one.check.id)
    record_span(name, began, about)
    return judged


async def _judge_all(
    checks: Sequence[Configured], ctx: CheckContext, seconds: float
) -> list[_Judged]:
    judge = _traced if trace.get_current_span().is_recording() else _judge
    waiting = {
        one.check.id: asyncio.ensure_future(judge(one, ctx, seconds))
        for one in checks
        if one.check.asynchronous
    }
    try:
        done = {
            one.check.id: await judge(one, ctx, seconds)
            for one in checks
            if not one.check.asynchronous
        }
        return [done.get(one.check.id) or await waiting[one.check.id] for one in checks]
    finally:
        for task in waiting.values():
            task.cancel()


async def run_checks(
    checks: Sequence[Configured], ctx: CheckContext, *, timeout_ms: int = 2000
) -> Report:
    """Judge ``ctx.text`` by every check; never raises, except when cancelled.

    Asynchronous checks wait together; synchronous ones run at once, in order, and are short by
    contract: only waiting can time out. A check that needs the judge runs when all others have, and
    is told what they said of each statement. Spans are written where a recorded trace is under way.
    """
    began = perf_counter()
    last = [one for one in checks if "judge" in one.check.needs]
    results = await _judge_all([one for one in checks if one not in last], ctx, timeout_ms / 1000)
    if last:
        told = replace(ctx, verdicts=_claims(results), before=ctx)
        results += await _judge_all(last, told, timeout_ms / 1000)
    return Report(
        digest=text_digest(ctx.text),
        findings=tuple(finding for judged in results for finding in judged.findings),
        claims=_claims(results),
        ran=tuple(j.check for j in results if not j.skipped and not j.errored),
        skipped=tuple(NotRun(check=j.check, reason=j.skipped) for j in results if j.skipped),
        errored=tuple(NotRun(check=j.check, reason=j.errored) for j in results if j.errored),
        duration_ms=(perf_counter() - began) * 1000,
    )
