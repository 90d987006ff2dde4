"""How support says that something was done, by family of action, and what shows each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from handrail.guardrails.lazily import cached_property
from handrail.guardrails.learned import Learned


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of action."""

    done: str
    """Participles; ``_`` joins words, and ``*`` stands for the Spanish endings o, a, os, as."""
    noun: str = ""
    """What it is called; with a colourless verb it says which action is meant."""
    event: str = ""
    """Pattern of the name of an action event, or of one of its details, where it is this action."""
    fields: tuple[str, ...] = ()
    """What the status or the name of a record's field holds where it was done."""
    creates: bool = False
    """Whether it makes something new, which no other record of the customer can show."""
    asked: str = ""
    """What to ask a colleague for in its place: ``cancel``; empty where asking makes no sense."""
    asked_es: str = ""


_UPDATED = r"^(?:update|modify|edit|change|set|adjust|correct)"
FAMILIES: dict[str, Family] = {
    "cancel": Family(
        "cancelled canceled voided revoked called_off anulad* cancelad*",
        "cancellation cancellations cancelation cancelación anulación",
        r"^(?:cancel|void|revoke)|cancell?ation",
        ("cancel", "void", "anulad"), False, "cancel", "cancele",
    ),
    "refund": Family(
        "refunded reimbursed reversed credited_back paid_back reembolsad* devuelto",
        "refund refunds reimbursement reimbursements money reembolso reembolsos dinero",
        r"refund|reimburse|reverse|credit",
        ("refund", "reembols", "credited", "reimburs", "reversed"), False, "refund", "reembolse",
    ),
    "change": Family(
        "changed updated modified corrected amended edited adjusted altered saved switched moved"
        " upgraded downgraded rescheduled rebooked rerouted redirected extended renamed cambiad*"
        " actualizad* modificad* corregid* reprogramad*",
        "change changes update updates modification modifications correction corrections upgrade"
        " upgrades downgrade downgrades cambio cambios modificación modificaciones actualización",
        _UPDATED[:-1] + "|upgrade|downgrade|move|switch|rebook|reschedule|extend|exchange)",
        ("chang", "updat", "modif", "correct", "amend", "reschedul", "cambiad"),
        False, "change", "cambie",
    ),
    "exchange": Family(
        "exchanged replaced swapped reemplazad* sustituid*",
        "exchange exchanges replacement replacements reposición reemplazo reemplazos",
        r"exchange|replace|swap|" + _UPDATED,
        ("exchang", "replac", "swap", "reemplaz"), False, "exchange", "reemplace",
    ),
    "ship": Family(
        "shipped dispatched posted resent re-sent reshipped enviad* despachad*",
        "shipment shipments envío envíos",
        r"^(?:re_?)?(?:ship|dispatch|send)|shipment",
        ("ship", "dispatch", "transit", "delivered", "on_the_way", "on the way", "enviad",
         "entregad"),
    ),
    "deliver": Family(
        "delivered entregad*", "delivery deliveries entrega entregas", r"^deliver",
        ("delivered", "entregad"),
    ),
    "return": Family(
        "returned received_back devuelt*", "return returns devolución devoluciones", r"return",
        ("return", "devuel"),
    ),
    "book": Family(
        "booked reserved scheduled ordered registered enrolled placed created reservad* programad*"
        " agendad*",
        "booking bookings reservation reservations appointment appointments order orders reserva"
        " reservas cita citas pedido pedidos",
        r"^(?:book|reserve|schedule|order|register|enroll|place|create|open)"
        r"|^(?:update|modify|change|move)_(?:reservation|booking|appointment|flight)",
        ("book", "reserv", "schedul", "confirmed", "placed"), True,
    ),
    "activate": Family(
        "activated reactivated re-activated unlocked unblocked enabled reset restored reinstated"
        " activad* reactivad* desbloquead* restablecid*",
        "activation reactivation activación",
        r"^(?:re)?(?:activate|enable|set|store|instate)|unlock|unblock|(?:re)?activation",
        ("activ", "unlock", "enabled", "reset", "restored"),
    ),
    "close": Family(
        "closed deactivated blocked frozen disabled suspended paused locked cerrad* bloquead*"
        " desactivad* suspendid*",
        "closure cierre",
        r"^(?:close|deactivate|block|freeze|disable|suspend|pause|lock)",
        ("clos", "deactiv", "block", "frozen", "disabled", "suspend", "paused", "locked",
         "cerrad", "bloque"),
    ),
    "remove": Family(
        "deleted removed erased unsubscribed taken_off eliminad* borrad*", "removal deletion",
        r"^(?:delete|remove|erase|unsubscribe|cancel)|" + _UPDATED,
        ("delet", "remov", "eras", "unsubscrib"),
    ),
    "add": Family(
        "added attached añadid* agregad*", "", r"^(?:add|attach)|" + _UPDATED,
        ("added", "add_on"), True,
    ),
    "give": Family(
        "issued granted awarded credited emitid* otorgad* concedid*",
        "certificate certificates voucher vouchers credit credits coupon coupons gift_card"
        " gift_cards compensation discount discounts certificado certificados cupón cupones vale"
        " vales descuento descuentos compensación",
        r"certificate|voucher|credit|coupon|gift|refund|compensat|discount|^(?:issue|grant|award)",
        ("credit", "voucher", "certificate", "coupon", "discount", "issued", "refund"), True,
    ),
    "charge": Family(
        "charged billed debited paid cobrad* pagad* cargad*",
        "payment payments charge charges pago pagos cobro cobros cargo cargos",
        r"charge|payment|^(?:bill|debit|pay)",
        ("charge", "paid", "payment", "billed", "pagad", "cobrad"),
    ),
    "waive": Family("waived eximid* condonad*", "waiver waivers", r"waive", ("waive",), True),
    "send": Family(
        "emailed e-mailed texted sent", "email emails e-mail e-mails text texts",
        r"^(?:re_?)?(?:send|mail|email|text)", ("sent", "mailed"), True,
    ),
    "hand_over": Family(
        "escalated forwarded notified informed alerted transferred passed_this passed_it"
        " passed_your passed_on escalad* transferid* avisad*",
        "escalation escalations ticket tickets complaint complaints",
        r"transfer|escalat|hand_?over|forward|notify|ticket", ("escalat", "forwarded"), True,
    ),
}  # fmt: skip
COLOURLESS = (
    "processed initiated submitted completed applied approved made finalized finalised put_through"
    " gone_through started requested filed lodged logged performed carried_out executed arranged"
    " set_up issued sent confirmed opened created taken_care_of handled resolved procesad*"
    " tramitad* iniciad* solicitad* aplicad* realizad* hech* completad* emitid* gestionad*"
    " registrad* aprobad*"
)
"""Verbs that say only by what stands beside them what was done: "processed your refund"."""
ANY = "any"
"""The family of a claim that does not say what was done: "your request has been processed"."""
UNDONE_BY = {
    "cancel": r"^(?:reinstate|restore|rebook|uncancel)",
    "activate": r"^(?:deactivate|disable|block|lock|suspend|close)",
    "close": r"^(?:reopen|open|unblock|unlock|unfreeze|activate|reactivate|enable|resume)",
    "add": r"^(?:remove|delete)",
    "remove": r"^(?:restore|add)",
}
"""Actions after which the first no longer holds."""
_WORD, _ASCII_WORD = (
    re.compile(rf"{letter}{{2,40}}(?:-{letter}{{2,40}})?") for letter in (r"[^\W\d_]", "[a-zA-Z]")
)
"""A word; in a text of ASCII alone the second finds the same, faster."""


class Lexicon:
    """Words and phrases by family; finding them costs one look-up a word."""

    def __init__(self, words: Iterable[tuple[str, str]]) -> None:
        self._phrases: dict[str, list[tuple[str, str]]] = {}
        self.begins = Learned(self._begins).__getitem__
        """Whether one of them begins with a word, in lower case, or with a part of it."""
        for family, spelled in words:
            for phrase in spelled.replace("_", "\x00").split():
                for form in _forms(phrase.replace("\x00", " ")):
                    self._phrases.setdefault(form.split(" ")[0], []).append((form, family))

    def _begins(self, word: str) -> bool:
        return not self._heads.isdisjoint(_WORD.findall(word))

    @cached_property
    def _heads(self) -> frozenset[str]:
        return frozenset(first.rpartition("-")[2] for first in self._phrases)

    def find(self, lowered: str, start: int = 0, end: int | None = None) -> Iterator[Found]:
        """Find words in a lower-case text, in order."""
        word = _ASCII_WORD if lowered.isascii() else _WORD
        words = word.finditer(lowered, start, len(lowered) if end is None else end)
        for match in [one for one in words if one[0] in self._phrases]:
            for phrase, family in self._phrases[match[0]]:
                end_of = match.start() + len(phrase)
                if phrase == match[0] or (
                    lowered.startswith(phrase, match.start())
                    and not lowered[end_of : end_of + 1].isalnum()
                ):
                    yield Found(family, match.start(), match.start() + len(phrase))
                    break


@dataclass(frozen=True, slots=True)
class Found:
    """A word of a family and its place."""

    family: str
    start: int
    end: int


def _forms(phrase: str) -> Iterator[str]:
    if phrase.endswith("*"):
        yield from (phrase[:-1] + ending for ending in ("o", "a", "os", "as"))
    else:
        yield phrase


DONE = Lexicon((*((name, family.done) for name, family in FAMILIES.items()), (ANY, COLOURLESS)))
NOUNS = Lexicon((name, family.noun) for name, family in FAMILIES.items())
OUTCOME = re.compile(
    r"\b(?:(?:is|are|was|were|been|went) (?:now |all )?(?:complete|successful|done|confirmed"
    r"|in place|effective|through|on (?:its|their|the) way|finished)"
    r"|(?:has|have) (?:now |already )?gone through|están? (?:list[oa]s?|en camino))(?!\w)"
)
"""What an action came to: "the cancellation is complete", "your refund is on its way"."""
NOW_HAS = re.compile(
    r"\b(?:your|the|su|tu) (?P<change>(?:order|reservation|booking|plan|account|subscription|pedido"
    r"|reserva)[^.!?\n]{0,40}? (?:now|ahora) (?:includes?|has|reflects?|shows?|contains?|incluye"
    r"|tiene))(?!\w)",
)
"""A state that only a change can have brought: "your order now includes"."""
ABLE = re.compile(
    r"\b(?:(?:i|we)(?:['’]ve| have)? (?:(?:was|were|been) able to|managed to|did)"
    r"|(?:pude|pudimos|logré|logramos)) "
    r"(?:(?P<cancel>cancel|cancelar)|(?P<refund>refund|reimburse|reverse|reembolsar)"
    r"|(?P<change>change|update|modify|switch|move|upgrade|reschedule|rebook|cambiar)"
    r"|(?P<exchange>exchange|replace|swap)|(?P<book>book|reserve|schedule|order|reservar)"
    r"|(?P<activate>activate|reactivate|unlock|unblock|reset|restore|activar)"
    r"|(?P<close>close|block|freeze|deactivate|pause)|(?P<remove>remove|delete|eliminar)"
    r"|(?P<give>issue|credit)|(?P<waive>waive)|(?P<any>process|apply|submit|complete|procesar))"
    r"(?!\w)",
)
"""What somebody was able to do: "I managed to cancel it"."""
WENT = re.compile(
    r"\b(?:orders?|parcels?|packages?|shipments?|items?|replacements?|everything|it|they|both)"
    r"(?: [#*]{0,3}[\w-]{3,20}\*{0,2})? (?:just |already |has |have |also ){0,2}"
    r"(?P<ship>(?:went|gone) out"
    r"|left (?:our|the) (?:warehouse|depot|store|shop|factory))(?!\w)",
)
"""A parcel that is said to be on its way by itself: "your order went out yesterday"."""
PAST_ES = re.compile(
    r"(?<!\w)(?:(?P<cancel>cancelé|cancelamos|anulé|anulamos|se canceló)"
    r"|(?P<refund>reembolsé|reembolsamos|se reembolsó)|(?P<change>cambié|cambiamos|actualicé"
    r"|actualizamos|modifiqué|modificamos)|(?P<ship>envié|enviamos)|(?P<give>emití|emitimos)"
    r"|(?P<exchange>reemplacé|reemplazamos)|(?P<book>reservé|reservamos|agendé|agendamos)"
    r"|(?P<any>procesé|procesamos|tramité|tramitamos))"
    r" (?:ya )?(?:(?:su|tu|sus|tus|el|la|los|las|un|una)(?!\w))",
)
"""Spanish preterites with their object; the first person plural is also a present tense."""
