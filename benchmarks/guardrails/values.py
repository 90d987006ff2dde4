"""Invented values: one number, amount, date, time or id of a true reply is replaced.

Replies are human ones to a question that one FAQ answers (``dstc9_faq``), and sentences over one
customer's orders (``tau_support`` retail). A reply left as it was that holds a value its evidence
does not have counts as a false alarm, though it may be a true one.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from benchmarks.guardrails.measured import Measured
from benchmarks.judging import context, objections, passages, told
from benchmarks.report import Row, evaluation_file, read_rows, share, wilson
from benchmarks.retail_records import Shopper, shoppers
from handrail.core.conversation import Record
from handrail.guardrails.fact_value import fact_value

SEED = 7101
GOAL = 99.0
ALARMS = 1.0
RUNS = 400
_TOKEN = re.compile(r"#?\b[A-Z]{0,3}\d[\d,.:/-]{0,30}\b")
_MONTH = re.compile(r"(?i)\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\b")
_COIN = re.compile(r"(?i)[$£€]|\b(?:dollars?|pounds?|euros?|usd|gbp|eur)\b")


def _kind(text: str, match: re.Match[str]) -> str:
    """Name a number by what stands beside it; written apart from the code that is measured."""
    token, near = match[0], text[max(0, match.start() - 3) : match.end() + 9]
    if _COIN.search(near):
        return "money"
    if ":" in token or re.search(r"(?i)\d\s?[ap]\.?m\b", near):
        return "time"
    if re.fullmatch(r"\d{4}-\d\d-\d\d", token) or _MONTH.search(
        text[max(0, match.start() - 11) : match.end() + 11]
    ):
        return "date"
    digits = sum(char.isdigit() for char in token)
    return "id" if digits >= 5 or token[0] == "#" or token[:1].isalpha() else "number"


def _other(token: str, evidence: str, rng: random.Random) -> str | None:
    """Change digits of a token until it is another number that no evidence holds."""
    places = [place for place, char in enumerate(token) if char.isdigit()]
    for _ in range(40):
        chars = list(token)
        for place in rng.sample(places, min(len(places), rng.choice((1, 1, 2)))):
            chars[place] = rng.choice("123456789")
        made = "".join(chars)
        if made.lstrip("#0") != token.lstrip("#0") and not re.search(
            rf"(?<!\d){re.escape(made.lstrip('#'))}(?!\d)", evidence
        ):
            return made
    return None


def corrupted(text: str, evidence: str, rng: random.Random) -> tuple[str, str] | None:
    """Replace one number of a text; return its kind and the new text."""
    tokens = list(_TOKEN.finditer(text))
    rng.shuffle(tokens)
    for match in tokens:
        made = _other(match[0], evidence, rng)
        if made:
            return _kind(text, match), text[: match.start()] + made + text[match.end() :]
    return None


def _alarms(name: str, flagged: list[bool], misses: list[str]) -> Measured:
    low, high = wilson(sum(flagged), len(flagged))
    value = 100 * sum(flagged) / len(flagged)
    row = Row(name, value, "%", len(flagged), low, high, ALARMS, "most")
    return Measured(row, misses)


def _caught(name: str, kinds: dict[str, list[bool]], misses: list[str]) -> Iterator[Measured]:
    everything = [hit for hits in kinds.values() for hit in hits]
    if everything:
        yield Measured(share(f"{name}: caught", everything, goal=GOAL), misses)
    for kind, hits in sorted(kinds.items()):
        yield Measured(share(f"{name}: caught, {kind}", hits))


def replies(data: Path) -> Iterator[Measured]:
    """Human replies, their FAQ as the only evidence."""
    rows = read_rows(evaluation_file(data / "dstc9_faq"))
    yield from measure_replies(rows)


def measure_replies(rows: list[dict[str, str]]) -> Iterator[Measured]:
    """Measure rows of ``dstc9_faq`` replies."""
    rng = random.Random(SEED)
    alarms: list[bool] = []
    false: list[str] = []
    kinds: dict[str, list[bool]] = defaultdict(list)
    missed: list[str] = []
    for row in rows:
        text, found = row["reply"], passages(row["body"], title=row["title"])
        said = objections(fact_value, context(text, found=found))
        alarms.append(bool(said))
        if said:
            false.append(f"{told(said, text)} || {row['title']} {row['body']}")
        changed = corrupted(text, f"{row['title']} {row['body']}", rng)
        if changed:
            kind, text = changed
            hit = bool(objections(fact_value, context(text, found=found)))
            kinds[kind].append(hit)
            missed += [] if hit else [f"{text} || {row['title']} {row['body']}"]
    yield from _caught("replies", kinds, missed)
    yield _alarms("replies: false alarms", alarms, false)


def sentences(shopper: Shopper) -> Iterator[str]:
    """Plain true sentences over a customer's orders, one fact or two each."""
    for order in shopper.orders:
        yield f"Your order {order.id} comes to ${order.total}."
        yield f"Order {order.id} was placed on {order.placed:%B} {order.placed.day}."
        yield f"We have {len(order.items)} items in order #{order.id}, {order.total} USD in all."
        for item in order.items[:2]:
            yield f"The {item.name} (item {item.id}) in order {order.id} costs {item.price} USD."
        if order.tracking:
            yield f"The tracking number of order {order.id} is {order.tracking}."


def measure_records(people: list[Shopper]) -> Iterator[Measured]:
    """Measure true and corrupted sentences over records."""
    rng = random.Random(SEED + 1)
    alarms: list[bool] = []
    false: list[str] = []
    kinds: dict[str, list[bool]] = defaultdict(list)
    missed: list[str] = []
    for one in people:
        records = one.records()
        known = _words(records)
        for text in sentences(one):
            said = objections(fact_value, context(text, records=records, customer=one.id))
            alarms.append(bool(said))
            false += [told(said, text)] if said else []
            changed = corrupted(text, known, rng)
            if changed:
                kind, false_text = changed
                judged = context(false_text, records=records, customer=one.id)
                hit = bool(objections(fact_value, judged))
                kinds[kind].append(hit)
                missed += [] if hit else [false_text]
    yield from _caught("records", kinds, missed)
    yield _alarms("records: false alarms", alarms, false)


def _words(records: tuple[Record, ...]) -> str:
    return " ".join(
        f"{record.id} {' '.join(str(field.value) for field in record.fields.values())}"
        for record in records
    )


def cost(people: list[Shopper]) -> Iterator[Measured]:
    """Time the check on a 200-character draft with ten records, values and sentences read."""
    records = tuple(one.orders[0].record("customer") for one in people[:10])
    text = " ".join(next(sentences(one)) for one in people[:10])[:200]
    times: list[float] = []
    for _ in range(RUNS):
        ctx = context(text, records=records)
        assert ctx.values is not None
        assert ctx.claims
        began = perf_counter()
        objections(fact_value, ctx)
        times.append((perf_counter() - began) * 1000)
    times.sort()
    yield Measured(Row("values: cost of a draft, fastest", times[0], "ms", RUNS))
    yield Measured(Row("values: cost of a draft, median", times[RUNS // 2], "ms", RUNS))


def measure(data: Path) -> Iterator[Measured]:
    """Human replies, then sentences over the orders of customers with odd numbers."""
    people = shoppers(data, odd=True)
    yield from replies(data)
    yield from measure_records(people)
    yield from cost(people)
