"""Customers of ``tau_support`` retail as records a playbook would declare.

The data has no days, so each order gets some, drawn from its number; nothing else is invented.
Customers are told apart by the parity of the number in their id: rules are tuned on even ones.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.judging import NOW
from benchmarks.report import read_rows
from handrail.core.conversation import FieldType, FieldValue, Record

_CARRIERS = ("Bluebird Post", "Northway Parcel")


@dataclass(frozen=True)
class Item:
    """One line of an order."""

    id: str
    name: str
    price: str


@dataclass
class Order:
    """One order; a day that has not come is ``None``."""

    id: str
    status: str
    total: str
    items: list[Item]
    placed: date
    expected: date
    shipped: date | None = None
    delivered: date | None = None
    refund: str | None = None
    refunded: date | None = None
    refund_status: str | None = None
    tracking: str | None = None
    shipping: str = "0.00"
    carrier: str = ""

    def record(self, owner: str) -> Record:
        """Return the order as a record."""
        values: list[tuple[str, FieldType, Any]] = [
            ("status", "status", self.status),
            ("placed_at", "date", self.placed.isoformat()),
            ("items", "text", _listed(self.items)),
            ("item_count", "quantity", len(self.items)),
            ("total", "money", self.total),
            ("shipping_fee", "money", self.shipping),
            ("shipped_at", "date", self.shipped and self.shipped.isoformat()),
            ("expected_at", "date", self.expected.isoformat()),
            ("delivered_at", "date", self.delivered and self.delivered.isoformat()),
            ("carrier", "text", self.carrier),
            ("tracking_number", "id", self.tracking),
            ("refund_status", "status", self.refund_status),
            ("refund_amount", "money", self.refund),
            ("refund_at", "date", self.refunded and self.refunded.isoformat()),
        ]
        return Record(
            kind="order",
            id=self.id,
            customer_id=owner,
            fields={
                name: FieldValue(
                    type=kind, value=value, currency="USD" if kind == "money" else None
                )
                for name, kind, value in values
                if value is not None
            },
        )

    def lines(self, owner: str) -> list[Record]:
        """Return the items as records of their own, which name the order."""
        return [
            Record(
                kind="item",
                id=item.id,
                customer_id=owner,
                fields={
                    "order": FieldValue(type="id", value=self.id),
                    "name": FieldValue(type="text", value=item.name),
                    "price": FieldValue(type="money", value=item.price, currency="USD"),
                },
            )
            for item in self.items
        ]


@dataclass
class Shopper:
    """One customer with all orders."""

    id: str
    orders: list[Order] = field(default_factory=list[Order])

    def records(self) -> tuple[Record, ...]:
        """Return orders and items as records."""
        found = [order.record(self.id) for order in self.orders]
        for order in self.orders:
            found += order.lines(self.id)
        return tuple(found)


def _listed(items: list[Item]) -> str:
    counted = Counter(item.name for item in items)
    return ", ".join(name if n == 1 else f"{n} x {name}" for name, n in counted.items())


def _order(row: Mapping[str, Any]) -> Order:
    number = str(row["order_id"]).lstrip("#")
    rng = random.Random(number)
    today = NOW.date()
    placed = today - timedelta(days=rng.randint(2, 24))
    paid = sum(p["amount"] for p in row["payment_history"] if p["transaction_type"] == "payment")
    refund = sum(p["amount"] for p in row["payment_history"] if p["transaction_type"] == "refund")
    items = [Item(i["item_id"], i["name"], f"{i['price']:.2f}") for i in row["items"]]
    tracking = [number for sent in row["fulfillments"] for number in sent["tracking_id"]]
    made = Order(
        id=number,
        status=str(row["status"]),
        total=f"{paid:.2f}",
        items=items,
        placed=placed,
        expected=placed + timedelta(days=rng.randint(27, 34)),
        tracking=str(tracking[0]) if tracking else None,
        shipping=rng.choice(("0.00", "4.95", "7.90", "12.50")),
        carrier=rng.choice(_CARRIERS),
    )
    if made.status == "delivered" or (tracking and made.status == "processed"):
        made.shipped = placed + timedelta(days=1)
    if made.status == "delivered":
        made.delivered = placed + timedelta(days=2)
        made.expected = placed + timedelta(days=rng.randint(3, 6))
    if refund:
        made.refund = f"{refund:.2f}"
        made.refund_status = rng.choice(("paid", "pending"))
        made.refunded = today + timedelta(days=-1 if made.refund_status == "paid" else 4)
    return made


def shoppers(data: Path, *, odd: bool) -> list[Shopper]:
    """Read the customers with orders whose number is odd, or those with an even one."""
    people: dict[str, list[Order]] = defaultdict(list)
    for row in read_rows(data / "tau_support" / "retail_orders.jsonl.gz"):
        if int(row["user_id"].rsplit("_", 1)[-1]) % 2 == int(odd):
            people[row["user_id"]].append(_order(row))
    return [Shopper(name, orders) for name, orders in sorted(people.items())]
