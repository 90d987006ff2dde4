"""Right values in the wrong slot: another order's total, another day, another status.

Sentences over the orders of ``tau_support`` retail; the swapped value always stands in the records
of the same customer, in another slot. Tuned on customers with even numbers and on every second
template; measured on customers with odd ones, with a row for the templates that were held back.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.guardrails.measured import Measured
from benchmarks.judging import NOW, context, objections, told
from benchmarks.report import Row, share, wilson
from benchmarks.retail_records import Order, Shopper, shoppers
from benchmarks.slot_templates import ENGLISH, NAMED, SAYS, SPANISH, UNTRUE
from handrail.guardrails.fact_value import fact_value

SEED = 7301
PER_TEMPLATE = 24
_SLOT = re.compile(r"\{(b\.)?(\w+)\}")
_MONEY = ("total", "fee", "refund", "price")
_DAYS = ("placed", "shipped", "expected", "delivered", "paid", "due")
_GIVEN = ("id", "name", "carrier")
_MONTHS_ES = """
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
    """.split()  # noqa: SIM905 - a list of words is read as words


@dataclass(frozen=True)
class Case:
    """One reply, and whether a value in it was swapped."""

    text: str
    shopper: Shopper
    template: int
    swapped: str | None
    """Kind of the swapped slot."""
    spanish: bool


def _slot(order: Order, name: str) -> str | date | None:
    known: dict[str, str | date | None] = {
        "id": order.id,
        "total": order.total,
        "fee": order.shipping if order.shipping != "0.00" else None,
        "refund": order.refund,
        "price": order.items[0].price,
        "name": order.items[0].name,
        "placed": order.placed,
        "shipped": order.shipped,
        "expected": None if order.delivered or order.refund else order.expected,
        "delivered": order.delivered,
        "paid": order.refunded if order.refund_status == "paid" else None,
        "due": order.refunded if order.refund_status == "pending" else None,
        "tracking": order.tracking,
        "status": order.status,
        "is": order.status,
        "carrier": order.carrier,
    }
    return known[name]


def _others(shopper: Shopper, order: Order, name: str) -> list[str | date]:
    """Values of other slots of the same kind: of this order, and the same slot of the others."""
    if name in ("status", "is"):
        return list(UNTRUE[order.status])
    family = next((f for f in (_MONEY, _DAYS) if name in f), (name,))
    own = [_slot(order, other) for other in family if other != name]
    own += [order.expected] if family is _DAYS and name != "expected" else []
    if name == "price":
        own += [item.price for item in order.items if item.name != order.items[0].name]
    theirs = [_slot(other, name) for other in shopper.orders if other is not order]
    right = _slot(order, name)
    return sorted({value for value in (*own, *theirs) if value and value != right}, key=str)


def _day(day: date, rng: random.Random, *, spanish: bool, bare: bool) -> str:
    away = (day - NOW.date()).days
    if bare:  # "should arrive {expected}": a day as people say it
        near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(away)
        return near or (f"in {away} days" if away > 0 else f"{-away} days ago")
    if spanish:
        return f"{day.day} de {_MONTHS_ES[day.month - 1]}"
    return rng.choice(
        (f"{day:%B} {day.day}", f"{day:%B} {day.day}, {day.year}", f"{day.day} {day:%B} {day.year}",
         f"{day.isoformat()}", f"{day:%b} {day.day}")
    )  # fmt: skip


def _written(name: str, value: str | date, rng: random.Random, *, spanish: bool, bare: bool) -> str:
    language = "es" if spanish else "en"
    if isinstance(value, date):
        return _day(value, rng, spanish=spanish, bare=bare)
    if name == "is":
        return rng.choice(SAYS[language][value])
    if name == "status":
        return NAMED[language][value]
    if name in _MONEY:
        return rng.choice((f"${value}", f"{value} USD", f"USD {value}"))
    return value


def _filled(
    template: str, orders: tuple[Order, Order], changed: int | None, other: str | date | None,
    rng: random.Random, *, spanish: bool,
) -> str:  # fmt: skip
    number = -1

    def fill(match: re.Match[str]) -> str:
        nonlocal number
        number += 1
        value = other if number == changed else _slot(orders[bool(match[1])], match[2])
        assert value is not None
        bare = bool(re.search(r"(?:arrive|placed|delivered) $", template[: match.start()]))
        return _written(match[2], value, rng, spanish=spanish, bare=bare)

    return _SLOT.sub(fill, template)


def _case_pair(
    number: int, template: str, shopper: Shopper, rng: random.Random, *, spanish: bool
) -> tuple[Case, ...]:
    """A true reply and one with a swapped slot, where this customer's orders allow both."""
    first = rng.choice(shopper.orders)
    rest = [order for order in shopper.orders if order is not first]
    if "{b." in template and not rest:
        return ()
    orders = (first, rng.choice(rest) if rest else first)
    slots = list(_SLOT.finditer(template))
    if any(_slot(orders[bool(m[1])], m[2]) is None for m in slots):
        return ()
    changeable = [n for n, match in enumerate(slots) if match[2] not in _GIVEN]
    rng.shuffle(changeable)
    for place in changeable:
        match = slots[place]
        others = _others(shopper, orders[bool(match[1])], match[2])
        if others:
            wrong = rng.choice(others)
            fill = (template, orders)
            true = _filled(*fill, None, None, rng, spanish=spanish)
            false = _filled(*fill, place, wrong, rng, spanish=spanish)
            return (
                Case(true, shopper, number, None, spanish),
                Case(false, shopper, number, _family(match[2]), spanish),
            )
    return ()


def _family(name: str) -> str:
    if name in _MONEY:
        return "amount"
    return "day" if name in _DAYS else "status" if name in ("status", "is") else "id"


def cases(people: Sequence[Shopper]) -> Iterator[Case]:
    """Make the replies: for each template some true ones, each with a swapped one."""
    rng = random.Random(SEED)
    for number, template in enumerate((*ENGLISH, *SPANISH)):
        made = 0
        for shopper in rng.sample(people, len(people)):
            pair = _case_pair(number, template, shopper, rng, spanish=number >= len(ENGLISH))
            yield from pair
            made += bool(pair)
            if made == PER_TEMPLATE:
                break


def held_back(case: Case) -> bool:
    """Whether the case's template was kept out of tuning."""
    return bool(case.template % 2)


def _rows(name: str, judged: Sequence[tuple[Case, bool, str]]) -> Iterator[Measured]:
    swapped = [(hit, text) for case, hit, text in judged if case.swapped]
    true = [(hit, text) for case, hit, text in judged if not case.swapped]
    caught = share(f"{name}: caught", [hit for hit, _ in swapped], goal=95.0)
    yield Measured(caught, [text for hit, text in swapped if not hit])
    alarms = sum(hit for hit, _ in true)
    low, high = wilson(alarms, len(true))
    row = Row(f"{name}: false alarms", 100 * alarms / len(true), "%", len(true), low, high, 2.0,
              "most")  # fmt: skip
    yield Measured(row, [text for hit, text in true if hit])


def measure_people(people: Sequence[Shopper], *, tuning: bool = False) -> Iterator[Measured]:
    """Measure the replies over some customers; ``tuning`` leaves out what was held back."""
    judged: list[tuple[Case, bool, str]] = []
    for case in cases(people):
        if tuning and held_back(case):
            continue
        ctx = context(case.text, records=case.shopper.records(), customer=case.shopper.id)
        said = objections(fact_value, ctx)
        judged.append((case, bool(said), f"[{case.template}] {told(said, case.text)}"))
    yield from _rows("slots", judged)
    if not tuning:
        yield from _rows("slots, templates held back", [one for one in judged if held_back(one[0])])
    yield from _rows("slots, Spanish", [one for one in judged if one[0].spanish])
    kinds: dict[str, list[bool]] = defaultdict(list)
    for case, hit, _ in judged:
        if case.swapped:
            kinds[case.swapped].append(hit)
    for kind, hits in sorted(kinds.items()):
        yield Measured(share(f"slots: caught, {kind}", hits))


def measure(data: Path) -> Iterator[Measured]:
    """Replies over the orders of customers with odd numbers."""
    yield from measure_people(shoppers(data, odd=True))
