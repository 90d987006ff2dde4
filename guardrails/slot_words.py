"""What fields and records are called in a reply: everyday words, English and Spanish, by concept.

A field belongs to the concepts of the words in its name: ``shipping_fee`` to ``ship`` and ``fee``.
A word of the table speaks of the fields of its concept; any other word speaks of the fields that
hold it in their names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from handrail.core.conversation import FieldType
from handrail.guardrails.terms import stem


def _by_word(table: Mapping[str, str]) -> dict[str, str]:
    return {word: concept for concept, words in table.items() for word in words.split()}


_AMOUNTS = _by_word({
    "total": "total totals totalled totaled totalling altogether overall whole sum importe"
    " suma",
    "refund": "refund refunded refunds refunding reimburse reimbursed reimbursement back credited"
    " reembolso reembolsar reembolsado reembolsamos reembolsó reembolsará",
    "fee": "fee fees surcharge gastos tarifa comisión",
    "ship": "shipping postage envío envio",
    "tax": "tax taxes vat iva impuesto impuestos",
    "discount": "discount discounted rebate descuento rebaja",
    "deposit": "deposit fianza depósito",
    "balance": "balance saldo",
    "price": "price priced prices each precio",
})  # fmt: skip
_DAYS = _by_word({
    "place": "placed place placing ordered bought purchased created booked realizado realizó"
    " realizaste hiciste hizo compró compraste pidió pediste",
    "ship": "ship ships shipped shipping dispatch dispatched sent send left envío enviado enviada"
    " enviamos envió enviará salió despachado",
    "deliver": "deliver delivered delivery delivers arrive arrived arrives arriving arrival reach"
    " reaches reached received receive entregado entregada entregó entrega entregará entregar"
    " llegó llega llegar llegará llegado recibió recibirá recibir recibido",
    "cancel": "cancelled canceled cancellation cancelado cancelada canceló anulado anulada",
    "return": "returned devuelto devuelta devolvió",
    "refund": "refund refunded refunds reimbursed reembolso reembolsado reembolsó reembolsamos"
    " reembolsará",
    "pay": "pay paid pays payment pagado pagada pagó pagar pago pagará",
    "expire": "expire expires expired expiry expiration vence caduca caducidad",
    "renew": "renew renews renewed renewal renueva renovación",
})  # fmt: skip
_CODES = _by_word({"track": "tracking track trackable follow seguimiento rastreo rastrear guía"})
_FIELDS = _AMOUNTS | _DAYS | _CODES

EXPECT = "expect"
"""The concept of a day on which something should happen."""
MAIN = "main"
"""The concept of the amount a record is about: its total, its price."""

FUTURE = frozenset(
    """expect expects expected estimated estimate estimates scheduled due should will shall eta
    anticipated planned previsto prevista prevemos esperado esperada esperamos espera estimada
    estimado debería será enviará entregará llegará recibirá pagará reembolsará
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""Words that speak of what has not happened yet."""
_VAGUE: Mapping[FieldType, tuple[str, frozenset[str]]] = {
    "money": (MAIN, frozenset(
        """cost costs costing charge charged charges paid pay pays comes came come amount amounts
        amounted worth bill billed for of at is was to costó cuesta cuestan costaron pagó pagado
        pagaste cobró cobrado cobramos vale asciende por""".split()  # noqa: SIM905
    )),
    "date": ("place", frozenset({"date", "dated", "fecha"})),
}  # fmt: skip
"""Words that speak of a field only where no other word does."""

_SAME = {
    "price": (MAIN,),
    "total": (MAIN,),
    "pay": ("refund",),
    EXPECT: ("deliver",),
    "deliver": (EXPECT,),
}
"""Where no field has the first concept, one that has another of these is meant."""

_UNSPECIFIC = frozenset(
    "at on date time number no nr id the of by grand final net amount value status".split()  # noqa: SIM905
)
_MAIN_FIELDS = frozenset({"total", "price", "amount", "cost", "sum", "value", "charge", "subtotal"})
_SHORT = 3
_IN_NAMES = {"order": "place", "due": EXPECT, "eta": EXPECT, "expected": EXPECT, "cost": "fee",
             "estimated": EXPECT, "arrives": EXPECT, "purchase": "place"}  # fmt: skip

_KINDS = (
    "order orders purchase purchases package packages parcel parcels shipment",
    "item items product products artículo artículos producto productos",
    "card cards tarjeta tarjetas",
    "booking bookings reservation reservations reserva reservas",
    "account accounts cuenta cuentas",
    "subscription subscriptions plan plans suscripción",
    "invoice invoices bill bills factura facturas",
    "ticket tickets billete billetes",
    "order pedido pedidos compra compras paquete paquetes",
)
_FAMILY_OF = {word: words.split()[0] for words in _KINDS for word in words.split()}
_PART = re.compile(r"[^\W_]{1,40}")


@lru_cache(maxsize=4096)
def concepts_of_field(name: str) -> frozenset[str]:
    """The concepts a field belongs to, by its name; what is in no table stands for itself."""
    every = _PART.findall(name.casefold())
    parts = [part for part in every if part not in _UNSPECIFIC]
    if len(parts) > 1:
        parts = [part for part in parts if _IN_NAMES.get(part) != "place"]
    found = {_IN_NAMES.get(part) or _FIELDS.get(part) or _itself(part) for part in parts}
    if _MAIN_FIELDS.issuperset(parts or every):
        found.add(MAIN)
    return frozenset(found)


def concept_of_word(word: str, kind: FieldType) -> tuple[str, bool]:
    """The concept a word of a reply speaks of beside a value of a kind, and whether it is known."""
    known = _AMOUNTS if kind == "money" else _DAYS if kind == "date" else _CODES
    concept = known.get(word)
    return (concept, True) if concept else (_itself(word), False)


def _itself(word: str) -> str:
    """What a word of no table stands for: itself, in singular and plural alike."""
    return stem(word.removesuffix("s") if len(word) > _SHORT else word)


def vague_concept(words: frozenset[str], kind: FieldType) -> str | None:
    """What a value of a kind means where no word says more."""
    concept, vague = _VAGUE.get(kind, ("", frozenset[str]()))
    return None if vague.isdisjoint(words) else concept


def also(concept: str) -> tuple[str, ...]:
    """A concept and those it stands for where no field has it."""
    return (concept, *_SAME.get(concept, ()))


@lru_cache(maxsize=256)
def kind_words(kind: str, *labels: str) -> frozenset[str]:
    """The words by which a kind of record is called; ``labels`` in any language."""
    names = {part for text in (kind, *labels) for part in _PART.findall(text.casefold())[-1:]}
    families = {_FAMILY_OF.get(name, name) for name in names}
    same = {word for word, family in _FAMILY_OF.items() if family in families}
    return frozenset({*names, *(f"{name}s" for name in names), *same})
