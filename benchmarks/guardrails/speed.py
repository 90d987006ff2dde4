"""How fast the whole deterministic suite is, what each check takes at worst, and what it weighs.

A reply of 2,000 characters, a customer with 50 records, 20 passages. Two kinds of reply are made up
here. One is written as a model writes that keeps to its sources: from the demo shop's articles, as
they stand and in other words, from the records, and with what people say around it. In the other
every sentence alters one of a passage, so that it is full of findings: what a draft costs at worst.
No sentence of a reply is said twice; the passages stay, as published ones do, and the records are
read anew each time. A row of its own tells what a reply takes whose passages were never seen.

Garbage is collected as a server does it. The median is that of each reply's fastest run of five,
in rounds through all of them, for what else a machine does comes and goes; the tail is of all runs.
How fast the machine was tells a yardstick, a fixed piece of plain Python that is timed beside them.
"""

from __future__ import annotations

import asyncio
import random
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
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
from handrail.desk.cli.running import collect_seldom
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.runner import Configured, run_checks
from handrail.guardrails.suite import CheckSuite
from handrail.language.knowledge import ArticleIndex
from handrail.playbook.loading import demo_path, load_release

RUNS = 300
ROUNDS = 5
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
OF_RECORDS = (
    "Your order {order} was placed on {day} February 2026 and is shipped.",
    "The total of order {order} is {order_no}.90 USD.",
    "You can follow order {order} with the tracking number {tracking}.",
    "In order {order} there is Lantern no {order_no}, with two wicks and one box.",
)
OPENINGS = (
    "Hello Ana, thank you for writing to us.", "Hi Ana, thanks for your patience.",
    "Dear Ana, thank you for getting in touch.", "Good morning Ana, and thank you for asking.",
)  # fmt: skip
AROUND = (
    "I looked at what you wrote before, so there is no need to tell it all again.",
    "Here is what I can tell you about each of your questions.",
    "I understand that waiting for something you need is no fun.",
    "If anything here is not clear, please write back and we will go through it together.",
    "It helps us if you keep the packaging until everything is settled.",
    "That is all I know about it so far, and I did not want to keep you waiting.",
    "Please have a look at the address in your account before you order again.",
    "Would you like me to look at the other order as well?",
    "As you asked for it in writing, I put the most important points below.",
    "You do not have to call us for any of this.",
    "Thank you as well for the photos, they make it much easier to see what is meant.",
    "Some of this you may know already.",
)
CLOSINGS = (
    "Please let me know if there is anything else.", "Kind regards from the whole team.",
    "Have a good week.", "I hope this helps you.",
)  # fmt: skip
LEADS = ("As to your other question: ", "Please note: ", "To be complete, ", "", "")
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu")
PUBLISHED = 1000
"""Made-up passages are numbered from here: none repeats a sentence of a draft."""
FIRSTS = 60
"""Replies whose passages and records were never seen before."""
_MEMORY = """
import resource
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
import handrail.desk.cli.running  # this benchmark loads it, no check does
import handrail.playbook.loading as loading
release = loading.load_release(loading.demo_path())
before = resident()
from handrail.guardrails.suite import CheckSuite
CheckSuite(release)
import asyncio
from benchmarks.guardrails.speed import draft, judged_once, reply, snapshot, suite
asyncio.run(judged_once(suite(), draft(reply(1)), snapshot()))
print(resident() - before)
"""


Piece = Callable[[CheckSuite, int], Awaitable[float]]
"""A piece of work, by its number; tells what it took, in milliseconds of CPU."""


class NoOwners:
    """Knows nobody; the look-up itself is the database's time, not the suite's."""

    async def owners(self, values: Any) -> Mapping[str, frozenset[str]]:  # noqa: ARG002 - a port
        """Map nothing."""
        return {}


def reply(number: int) -> str:
    """A reply of 2,000 characters in which no sentence is one of another number's."""
    return " ".join(_sentence(number * 40 + place) for place in range(40))[:CHARS]


def kept_to_sources(number: int) -> str:
    """A reply of at most 2,000 characters that a model could have written from its sources."""
    rng = random.Random(number)
    orders = [
        form.format(order=f"LF{n}", order_no=n, day=n % 28 + 1, tracking=f"BB{n:09d}")
        for n, form in zip(rng.sample(range(RECORDS), len(OF_RECORDS)), OF_RECORDS, strict=True)
    ]
    told = [
        (lead := rng.choice(LEADS)) + (one[0].lower() + one[1:] if lead else one)
        for passage in rng.sample(articles(), 10)
        for one in re.split(r"(?<=[.]) (?=[A-Z])", passage.text)
    ]
    middle = [*orders, *told, *rng.sample(AROUND, 6)]
    rng.shuffle(middle)
    text, closing = rng.choice(OPENINGS), rng.choice(CLOSINGS)
    for one in middle:
        if len(text) + len(one) + len(closing) + 2 <= CHARS:
            text += f" {one}"
    return f"{text} {closing}"


@cache
def articles() -> tuple[Passage, ...]:
    """Twenty passages of the demo shop's articles."""
    published = (one for one in load_release(demo_path()).articles if not one.internal)
    return tuple(ArticleIndex(a for a in published if a.language == "en").passages[-PASSAGES:])


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
    """A model's draft with 20 made-up passages, numbered from ``published`` on."""
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


async def judged_once(guards: CheckSuite, case: Draft, facts: Snapshot) -> float:
    """Judge one reply by the whole suite; CPU milliseconds."""
    began = time.process_time()
    checked = await guards.verify(
        case, facts, mode="autonomous", intent="order_status", text="Where is it?", repair=False
    )
    taken = time.process_time() - began
    if checked.verdict.report.errored:
        raise RuntimeError(str(checked.verdict.report.errored))
    return 1000 * taken


def _kept(number: int) -> tuple[Draft, Snapshot]:
    text = kept_to_sources(number)
    return Draft(id="d1", text=text, source="model", passages=articles()), snapshot()


def _altered(number: int) -> tuple[Draft, Snapshot]:
    return draft(reply(number)), snapshot()


def _unseen(number: int) -> tuple[Draft, Snapshot]:
    return draft(reply(number), PUBLISHED + PASSAGES * number), snapshot(PUBLISHED * number)


def _judging(case: Callable[[int], tuple[Draft, Snapshot]]) -> Piece:
    return lambda guards, number: judged_once(guards, *case(number))


async def _yardstick(_guards: CheckSuite, number: int) -> float:
    """CPU milliseconds of a fixed piece of plain Python: counting the words of a reply."""
    words = (reply(number % 2) * 12).split()
    began = time.process_time()
    counts: dict[str, int] = {}
    for word in words:
        counts[word.casefold()] = counts.get(word.casefold(), 0) + 1
    return 1000 * (time.process_time() - began)


def _rounds(pieces: Sequence[Piece], runs: int, rounds: int = 1) -> list[list[tuple[float, ...]]]:
    """Time pieces of work so often, in rounds through all: by piece, run and round."""

    async def timed() -> list[list[list[float]]]:
        guards = suite()
        for piece in pieces:
            await piece(guards, 0)  # what a release loads once
        numbers = range(1, runs + 1)
        return [[[await one(guards, n) for n in numbers] for one in pieces] for _ in range(rounds)]

    by_round = asyncio.run(timed())
    return [list(zip(*of_piece, strict=True)) for of_piece in zip(*by_round, strict=True)]


def _suite_rows() -> Iterator[Measured]:
    name = f"suite on {CHARS} characters"
    judged = _judging(_kept), _judging(_altered)
    kept, altered, plain = _rounds((*judged, _yardstick), RUNS, ROUNDS)
    (unseen,) = _rounds((_judging(_unseen),), FIRSTS)
    every = [*chain(*kept), *chain(*altered)]
    note = (
        f"{len(registered('check'))} checks registered; CPU time of one thread; p50 of all runs "
        f"{median(chain(*kept)):.2f} and {median(chain(*altered)):.2f} ms, of a fixed piece of "
        f"plain Python beside them {median(chain(*plain)):.2f} ms"
    )
    fastest, full, stick = (median(map(min, times)) for times in (kept, altered, plain))
    usual = Row(f"{name}, kept to its sources, p50", fastest, "ms", RUNS, goal=5.0, at="most")
    yield Measured(usual, notes=[note])
    yield Measured(
        Row("the same / counting the words of 24,000 characters", fastest / stick, "x", RUNS)
    )
    yield Measured(Row(f"{name}, every sentence altered, p50", full, "ms", RUNS))
    worst = quantiles(every, n=100)[98]
    yield Measured(Row(f"{name}, of both, p99", worst, "ms", len(every), goal=60.0, at="most"))
    first = median(chain(*unseen))
    yield Measured(Row(f"{name}, altered, passages never seen, p50", first, "ms", FIRSTS))


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
    """CPU milliseconds of the fastest of three runs, each with nothing read before."""
    times: list[float] = []
    for _ in range(3):
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
    collect_seldom()
    yield from _suite_rows()
    yield from _check_rows()
    yield _memory_row()
