"""How fast the whole deterministic suite is, what each check takes at worst, and what it weighs.

The case is made up here: a reply of 2,000 characters, a customer with 50 records, 20 passages. No
sentence of a reply is said twice; the passages stay, as the published ones do, and the records are
read anew each time. A row of its own tells what a reply takes whose passages were never seen.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.guardrails.measured import Measured
from benchmarks.report import Row
from handrail.core.conversation import (
    ConversationFacts,
    Customer,
    FieldValue,
    Message,
    Passage,
    Record,
    Snapshot,
)
from handrail.core.drafting import Draft
from handrail.core.registry import registered
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.runner import Configured, run_checks
from handrail.guardrails.suite import CheckSuite
from handrail.playbook.loading import demo_path, load_release

RUNS = 300
RECORDS = 50
PASSAGES = 20
CHARS = 2000
ADVERSARIAL_CHARS = 8000
NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
ATTACKS = (
    "a", "1", "1,", "$", "[", "<", "a.", "a@", "one ", "Ab ", "http://", "[a](", "{{", "#a-", "\n",
    "No, ", "your order ", "I have ", "not ", "\u200b", "\u0430b", "W1", "**a", "you should ",
    "3 March ", "refund ", "é", "eyJa.", "+1 (2) ", "f*", "f1", "&#1;", "no #1 ", "$1 ", "$1. ",
    "LF1 $1 ", "order LF2 is delivered ", "I have cancelled ", "tomorrow ", "in 3 days ",
    "return within 30 days. ",
)  # fmt: skip
SENTENCES = (
    "Your order LF{n} left our warehouse on 3 March 2026 and arrives within 5 days.",
    "It came to 89.90 USD, paid by card, and {n} items are in the parcel.",
    "You may return what you do not like within 30 days; we refund {n}% more slowly by post.",
    "If the {name} lantern is damaged, please send us a photo and we will check it for you.",
    "A colleague reads every message about the {name} lantern and writes to you here.",
    "See https://lanternfield.example/help/{n} for how to pack a lantern of 2.5 kg.",
)
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu")
PUBLISHED = 1000
"""Passages are numbered from here: no draft repeats a sentence of one, or of another draft."""
FIRSTS = 60
"""Replies whose passages and records were never seen before."""
_MEMORY = """
import resource
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
import handrail.playbook.loading as loading
release = loading.load_release(loading.demo_path())
before = resident()
from handrail.guardrails.suite import CheckSuite
CheckSuite(release)
import asyncio
from benchmarks.guardrails.speed import judged_once
asyncio.run(judged_once())
print(resident() - before)
"""


class NoOwners:
    """Knows nobody; the look-up itself is the database's time, not the suite's."""

    async def owners(self, values: Any) -> Mapping[str, frozenset[str]]:  # noqa: ARG002 - a port
        """Map nothing."""
        return {}


def reply(number: int) -> str:
    """A reply of 2,000 characters in which no sentence is one of another number's."""
    return " ".join(_sentence(number * 40 + place) for place in range(40))[:CHARS]


def _sentence(n: int) -> str:
    name = "".join(SYLLABLES[int(digit)] for digit in str(n))
    return SENTENCES[n % len(SENTENCES)].format(n=n, name=name)


def snapshot(customer: int = 0) -> Snapshot:
    """A customer with 50 records, each customer with other ones."""
    records = tuple(
        Record(
            kind="order",
            id=f"LF{n}",
            customer_id="c1",
            fields={
                "status": FieldValue(type="status", value="shipped"),
                "total": FieldValue(type="money", value=f"{customer + n}.90", currency="USD"),
                "placed_at": FieldValue(type="date", value=f"2026-02-{n % 28 + 1:02d}"),
                "items": FieldValue(type="text", value=f"Lantern no {n}, 2 wicks, 1 box"),
                "tracking_number": FieldValue(type="id", value=f"BB{n:09d}"),
            },
        )
        for n in range(RECORDS)
    )
    messages = tuple(
        Message(
            id=f"m{n}", conversation_id="k1", seq=n, role="ai" if n % 2 else "customer",
            channel="web", text=reply(n)[:400], at=NOW,
        )
        for n in range(1, 9)
    )  # fmt: skip
    return Snapshot(
        conversation=ConversationFacts(id="k1", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1", name="Ana Diaz", email="ana@shop.example"),
        verified=True,
        messages=messages,
        records=records,
        now=NOW,
        release="rel_1",
    )


def draft(text: str, published: int = PUBLISHED) -> Draft:
    """A model's draft with 20 passages, numbered from ``published`` on."""
    passages = tuple(
        Passage(id=f"p#{n}", article_id="p", title=f"Help {n}", text=reply(published + n)[:700])
        for n in range(PASSAGES)
    )
    return Draft(id="d1", text=text, source="model", passages=passages)


def suite() -> CheckSuite:
    """All registered checks under the demo playbook."""
    return CheckSuite(
        load_release(demo_path()), owners=NoOwners(), protected={"p": "Be kind and be brief."}
    )


async def judged_once(
    guards: CheckSuite | None = None, number: int = 1, *, first: bool = False
) -> float:
    """Judge one reply by the whole suite; CPU seconds.

    ``first`` gives each number records and passages of its own.
    """
    guards = guards or suite()
    facts = snapshot(PUBLISHED * number if first else 0)
    case = draft(reply(number), PUBLISHED + PASSAGES * number if first else PUBLISHED)
    began = time.process_time()
    checked = await guards.verify(
        case, facts, mode="autonomous", intent="order_status", text="Where is it?", repair=False
    )
    taken = time.process_time() - began
    if checked.verdict.report.errored:
        raise RuntimeError(str(checked.verdict.report.errored))
    return taken


def _suite_rows() -> Iterator[Measured]:
    async def runs() -> list[float]:
        guards = suite()
        await judged_once(guards, 0)  # what a release loads once
        return [1000 * await judged_once(guards, n) for n in range(1, RUNS + 1)]

    async def firsts() -> list[float]:
        guards = suite()
        await judged_once(guards, 0)
        return [1000 * await judged_once(guards, n, first=True) for n in range(1, FIRSTS + 1)]

    times = quantiles(asyncio.run(runs()), n=100)
    note = f"{len(registered('check'))} checks registered; CPU time of one thread"
    for share, goal in ((50, 5.0), (99, 60.0)):
        row = Row(f"suite on {CHARS} characters, p{share}", times[share - 1], "ms", RUNS, goal=goal,
                  at="most")  # fmt: skip
        yield Measured(row, notes=[note] if share == 50 else [])
    name = f"suite on {CHARS} characters, passages never seen, p50"
    yield Measured(Row(name, median(asyncio.run(firsts())), "ms", FIRSTS))


def _judge(check: Any, ctx: CheckContext) -> None:
    async def judged() -> None:
        # The report stays in here: asyncio.run makes a string of what it returns.
        report = await run_checks([Configured(check, check.configure({}))], ctx)
        if report.errored:
            raise RuntimeError(str(report.errored))

    asyncio.run(judged())


def _context(text: str, guards: CheckSuite, stage: str) -> CheckContext:
    return CheckContext(
        text=text,
        snapshot=snapshot(),
        playbook=guards.release.playbook,
        said=text,
        draft=draft(text) if stage == "exit" else None,
        owners=NoOwners(),
    )


def _fastest(check: Any, guards: CheckSuite, text: str) -> float:
    """CPU milliseconds of the faster of two runs, each with nothing read before."""
    times: list[float] = []
    for _ in range(2):
        ctx = _context(text, guards, check.stage)
        began = time.process_time()
        _judge(check, ctx)
        times.append(1000 * (time.process_time() - began))
    return min(times)


def _check_rows() -> Iterator[Measured]:
    guards = suite()
    typical = {c.id: _fastest(c, guards, reply(3)[:200]) for c in registered("check").values()}
    note = "on 200 characters, alone, with all it reads: " + ", ".join(
        f"{name} {taken:.2f} ms" for name, taken in sorted(typical.items(), key=lambda p: -p[1])
    )
    for number, check in enumerate(registered("check").values()):
        took = [
            (_fastest(check, guards, (piece * ADVERSARIAL_CHARS)[:ADVERSARIAL_CHARS]), piece)
            for piece in ATTACKS
        ]
        took.sort(reverse=True)
        row = Row(
            f"{check.id} on {ADVERSARIAL_CHARS} adversarial characters, worst", took[0][0], "ms",
            len(ATTACKS), goal=50.0, at="most",
        )  # fmt: skip
        misses = [f"{taken:.1f} ms on {piece!r} repeated" for taken, piece in took]
        yield Measured(row, misses=misses, notes=[] if number else [note])


def _memory_row() -> Measured:
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY], capture_output=True, text=True, check=True
    )
    row = Row("memory of checks and what they load", float(done.stdout), "MB", 1, goal=50.0,
              at="most")  # fmt: skip
    return Measured(row, notes=["memory: growth of the resident size after the playbook is loaded"])


def measure(data: Path) -> Iterator[Measured]:  # noqa: ARG001 - needs no data
    """Measure the suite, each check at its worst, and memory."""
    yield from _suite_rows()
    yield from _check_rows()
    yield _memory_row()
