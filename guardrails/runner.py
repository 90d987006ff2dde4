"""Runs checks on one immutable text and reports what each of them said, skipped or failed at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from time import perf_counter, time_ns
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from handrail.core import attributes
from handrail.core.tracing import Record, recording
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


class _Judged(NamedTuple):
    check: str
    findings: tuple[Finding, ...] = ()
    claims: tuple[ClaimVerdict, ...] = ()
    skipped: str | None = None
    errored: str | None = None


def _validated(check: Check[Any], yielded: Findings, length: int) -> _Judged:
    found = tuple(yielded)
    if not found:
        return _Judged(check.id)
    findings = tuple([one for one in found if type(one) is Finding])
    claims = tuple([one for one in found if type(one) is ClaimVerdict])
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


def _told_once(checks: Iterable[Configured], found: Sequence[Finding]) -> list[Finding]:
    """Leave out what a check says of words of which one that it yields to says what is wrong."""
    yielding = {one.check.id: one.check.yields_to for one in checks if one.check.yields_to}

    def outdone(one: Finding) -> bool:
        better = yielding.get(one.check, ())
        return any(
            other.check in better
            and other.start < one.end
            and one.start < other.end
            and _gravity(other) >= _gravity(one)
            for other in (found if better else ())
        )

    return [one for one in found if not outdone(one)]


def _lacking(check: Check[Any], ctx: CheckContext) -> str | None:
    """Why a check is skipped; ``None`` where it has all that it needs."""
    missing = [need for need in check.needs if not ctx.has(need)] if check.needs else ()
    return f"needs {', '.join(sorted(missing))}" if missing else None


def _judge(one: Configured, ctx: CheckContext) -> _Judged:
    check = one.check
    try:
        return _validated(check, cast("Findings", check(ctx, one.settings)), len(ctx.text))
    except Exception as error:  # noqa: BLE001 - a broken check must not break the turn
        return _failed(check, error)


async def _judge_waiting(one: Configured, ctx: CheckContext, seconds: float) -> _Judged:
    check = one.check
    if one.settings.timeout_ms:
        seconds = one.settings.timeout_ms / 1000
    try:
        async with asyncio.timeout(seconds):
            found = await cast("Awaitable[Findings]", check(ctx, one.settings))
        return _validated(check, found, len(ctx.text))
    except TimeoutError:
        return _Judged(check.id, errored=f"no answer within {seconds * 1000:.0f} ms")
    except Exception as error:  # noqa: BLE001 - as above
        return _failed(check, error)


def _failed(check: Check[Any], error: Exception) -> _Judged:
    # Only the kind of error: its text may hold a customer's words.
    return _Judged(check.id, errored=type(error).__name__)


def _span(record: Record | None, began: int, judged: _Judged) -> _Judged:
    """Record the span of a check that is over."""
    if record is None:
        return judged
    gravest = max(judged.findings, key=_gravity).severity if judged.findings else None
    state = "errored" if judged.errored else "skipped" if judged.skipped else None
    result = state or ("fail" if judged.findings else "pass")
    about = _attributes(judged.check, len(judged.findings), gravest, judged.errored, result)
    record(attributes.CHECK_SPAN.format(check=judged.check), began, about)
    return judged


def _gravity(finding: Finding) -> int:
    return SEVERITY_ORDER[finding.severity]


@lru_cache(maxsize=1024)
def _attributes(
    check: str, findings: int, worst: str | None, errored: str | None, result: str
) -> Mapping[str, str | int]:
    told: dict[str, str | int] = {
        attributes.OPERATION: "apply_guardrail",
        attributes.SPAN_KIND: "GUARDRAIL",
        attributes.GUARDRAIL: check,
        attributes.FINDINGS: findings,
        attributes.GUARDRAIL_RESULT: result,
    }
    if worst:
        told[attributes.WORST] = worst
    if errored:
        told[attributes.ERROR_TYPE] = errored
    return MappingProxyType(told)


async def _judge_all(
    checks: Sequence[Configured], ctx: CheckContext, seconds: float
) -> list[_Judged]:
    record, done = recording(), dict[str, _Judged]()
    waiting: list[Configured] = []
    for one in checks:
        name, began = one.check.id, time_ns()
        if lacking := _lacking(one.check, ctx):
            done[name] = _span(record, began, _Judged(name, skipped=lacking))
        elif one.check.asynchronous:
            waiting.append(one)
        else:
            done[name] = _span(record, began, _judge(one, ctx))

    async def wait_for(one: Configured) -> _Judged:
        return _span(record, time_ns(), await _judge_waiting(one, ctx, seconds))

    # A task of its own only for what waits beside another.
    first, rest = waiting[:1], [asyncio.ensure_future(wait_for(one)) for one in waiting[1:]]
    try:
        told = [await wait_for(one) for one in first] + [await task for task in rest]
    finally:
        for task in rest:
            task.cancel()
    done |= {judged.check: judged for judged in told}
    return [done[one.check.id] for one in checks]


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
    first = [one for one in checks if "judge" not in one.check.needs]
    results = await _judge_all(first, ctx, timeout_ms / 1000)
    if last:
        told = replace(ctx, verdicts=_claims(results), before=ctx) if ctx.judge else ctx
        results += await _judge_all(last, told, timeout_ms / 1000)
    found = [finding for judged in results for finding in judged.findings]
    return Report(
        digest=text_digest(ctx.text),
        findings=tuple(sorted(_told_once(checks, found), key=_gravity, reverse=True)),
        claims=_claims(results),
        ran=tuple(j.check for j in results if not j.skipped and not j.errored),
        skipped=tuple(NotRun(check=j.check, reason=j.skipped) for j in results if j.skipped),
        errored=tuple(NotRun(check=j.check, reason=j.errored) for j in results if j.errored),
        duration_ms=(perf_counter() - began) * 1000,
    )
