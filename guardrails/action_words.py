"""How support says that something was done, by family of action, and what shows each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of action."""

    done: str
    """Participles, as alternatives of a pattern: ``cancell?ed``, ``cancelad[oa]s?``."""
    noun: str = ""
    """What it is called; with a colourless verb it says which action is meant."""
    event: str = ""
    """How the name of an action event begins or what stands in it, where it is this action."""
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
        r"cancell?ed|voided|revoked|called off|anulad[oa]s?|cancelad[oa]s?",
        r"cancell?ations?|cancelaci[oó]n|anulaci[oó]n",
        r"^(?:cancel|void|revoke)|cancell?ation",
        ("cancel", "void", "anulad"), False, "cancel", "cancele",
    ),
    "refund": Family(
        r"refunded|reimbursed|reversed|credited back|paid back|reembolsad[oa]s?|devuelto",
        r"refunds?|reimbursements?|money|reembolsos?|dinero",
        r"refund|reimburse|reverse|credit",
        ("refund", "reembols", "credited", "reimburs", "reversed"), False, "refund", "reembolse",
    ),
    "change": Family(
        r"changed|updated|modified|corrected|amended|edited|adjusted|altered|switched|moved"
        r"|upgraded|downgraded|rescheduled|rebooked|rerouted|redirected|extended|renamed"
        r"|cambiad[oa]s?|actualizad[oa]s?|modificad[oa]s?|corregid[oa]s?|reprogramad[oa]s?",
        r"changes?|updates?|modifications?|corrections?|upgrades?|downgrades?|cambios?"
        r"|modificaci(?:ón|ones)|actualizaci[oó]n",
        _UPDATED[:-1] + "|upgrade|downgrade|move|switch|rebook|reschedule|extend|exchange)",
        ("chang", "updat", "modif", "correct", "amend", "reschedul", "cambiad"),
        False, "change", "cambie",
    ),
    "exchange": Family(
        r"exchanged|replaced|swapped|reemplazad[oa]s?|sustituid[oa]s?",
        r"exchanges?|replacements?|reposici[oó]n|reemplazos?",
        r"exchange|replace|swap|" + _UPDATED,
        ("exchang", "replac", "swap", "reemplaz"), False, "exchange", "reemplace",
    ),
    "ship": Family(
        r"shipped|dispatched|posted|re-?sent|re-?shipped|enviad[oa]s?|despachad[oa]s?",
        r"shipments?|env[ií]os?",
        r"^(?:re_?)?(?:ship|dispatch|send)|shipment",
        ("ship", "dispatch", "transit", "delivered", "on_the_way", "on the way", "enviad",
         "entregad"),
    ),
    "deliver": Family(
        r"delivered|entregad[oa]s?", r"deliver(?:y|ies)|entregas?", r"^deliver",
        ("delivered", "entregad"),
    ),
    "return": Family(
        r"returned|received back|devuelt[oa]s?", r"returns?|devoluci[oó]n(?:es)?", r"return",
        ("return", "devuel"),
    ),
    "book": Family(
        r"booked|reserved|scheduled|ordered|registered|enrolled|placed|created|reservad[oa]s?"
        r"|programad[oa]s?|agendad[oa]s?",
        r"bookings?|reservations?|appointments?|orders?|reservas?|citas?|pedidos?",
        r"^(?:book|reserve|schedule|order|register|enroll|place|create|open)"
        r"|^(?:update|modify|change|move)_(?:reservation|booking|appointment|flight)",
        ("book", "reserv", "schedul", "confirmed", "placed"), True,
    ),
    "activate": Family(
        r"re-?activated|activated|unlocked|unblocked|enabled|reset|restored|reinstated"
        r"|activad[oa]s?|reactivad[oa]s?|desbloquead[oa]s?|restablecid[oa]s?",
        r"(?:re)?activation|activaci[oó]n",
        r"^(?:re)?(?:activate|enable|set|store|instate)|unlock|unblock|(?:re)?activation",
        ("activ", "unlock", "enabled", "reset", "restored"),
    ),
    "close": Family(
        r"closed|deactivated|blocked|frozen|disabled|suspended|paused|locked|cerrad[oa]s?"
        r"|bloquead[oa]s?|desactivad[oa]s?|suspendid[oa]s?",
        r"closure|cierre",
        r"^(?:close|deactivate|block|freeze|disable|suspend|pause|lock)",
        ("clos", "deactiv", "block", "frozen", "disabled", "suspend", "paused", "locked",
         "cerrad", "bloque"),
    ),
    "remove": Family(
        r"deleted|removed|erased|unsubscribed|taken off|eliminad[oa]s?|borrad[oa]s?",
        r"removal|deletion",
        r"^(?:delete|remove|erase|unsubscribe|cancel)|" + _UPDATED,
        ("delet", "remov", "eras", "unsubscrib"),
    ),
    "add": Family(
        r"added|attached|añadid[oa]s?|agregad[oa]s?", "", r"^(?:add|attach)|" + _UPDATED,
        ("added", "add_on"), True,
    ),
    "give": Family(
        r"issued|granted|awarded|credited|emitid[oa]s?|otorgad[oa]s?|concedid[oa]s?",
        r"certificates?|vouchers?|credits?|coupons?|gift cards?|compensation|discounts?"
        r"|certificados?|cup[oó]n(?:es)?|vales?|descuentos?|compensaci[oó]n",
        r"certificate|voucher|credit|coupon|gift|refund|compensat|discount|^(?:issue|grant|award)",
        ("credit", "voucher", "certificate", "coupon", "discount", "issued", "refund"), True,
    ),
    "charge": Family(
        r"charged|billed|debited|paid|cobrad[oa]s?|pagad[oa]s?|cargad[oa]s?",
        r"payments?|charges?|pagos?|cobros?|cargos?",
        r"charge|payment|^(?:bill|debit|pay)",
        ("charge", "paid", "payment", "billed", "pagad", "cobrad"),
    ),
    "waive": Family(
        r"waived|eximid[oa]s?|condonad[oa]s?", r"waivers?", r"waive", ("waive",), True,
    ),
    "send": Family(
        r"e-?mailed|texted|sent", r"e-?mails?|texts?", r"^(?:re_?)?(?:send|mail|email|text)",
        ("sent", "mailed"), True,
    ),
    "hand_over": Family(
        r"escalated|forwarded|notified|informed|alerted|transferred|passed (?=this|it|your|on)"
        r"|escalad[oa]s?|transferid[oa]s?|avisad[oa]s?",
        r"escalations?|tickets?|complaints?", r"transfer|escalat|hand_?over|forward|notify|ticket",
        ("escalat", "forwarded"), True,
    ),
}  # fmt: skip
COLOURLESS = (
    r"processed|initiated|submitted|completed|applied|approved|made|finali[sz]ed|put through"
    r"|gone through|started|requested|filed|lodged|logged|performed|carried out|executed|arranged"
    r"|set up|issued|sent|confirmed|opened|created|taken care of|handled|resolved"
    r"|procesad[oa]s?|tramitad[oa]s?|iniciad[oa]s?|solicitad[oa]s?|aplicad[oa]s?|realizad[oa]s?"
    r"|hech[oa]s?|completad[oa]s?|emitid[oa]s?|gestionad[oa]s?|registrad[oa]s?|aprobad[oa]s?"
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

DONE = re.compile(
    rf"\b(?:{'|'.join(f'(?P<{name}>{family.done})' for name, family in FAMILIES.items())}"
    rf"|(?P<{ANY}>{COLOURLESS}))(?!\w)",
    re.IGNORECASE,
)
NOUNS = re.compile(
    rf"\b(?:{'|'.join(f'(?P<{n}>{f.noun})' for n, f in FAMILIES.items() if f.noun)})(?!\w)",
    re.IGNORECASE,
)
OUTCOME = re.compile(
    rf"\b(?:{'|'.join(f'(?P<{n}>{f.noun})' for n, f in FAMILIES.items() if f.noun)})"
    r" (?:(?:is|are|was|were|has been|have been|went) (?:now |all )?(?:complete|successful|done"
    r"|confirmed|in place|effective|through|on (?:its|their|the) way|finished)"
    r"|(?:has|have) (?:now |already )?gone through"
    r"|ya está(?:n)? (?:list[oa]s?|en camino)|está(?:n)? (?:list[oa]s?|en camino))(?!\w)",
    re.IGNORECASE,
)
"""A noun with its outcome: "the cancellation is complete", "your refund is on its way"."""
NOW_HAS = re.compile(
    r"\b(?:your|the|su|tu) (?P<change>(?:order|reservation|booking|plan|account|subscription|pedido"
    r"|reserva)[^.!?\n]{0,40}? (?:now|ahora) (?:includes?|has|reflects?|shows?|contains?|incluye"
    r"|tiene))(?!\w)",
    re.IGNORECASE,
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
    re.IGNORECASE,
)
"""What somebody was able to do: "I managed to cancel it"."""
PAST_ES = re.compile(
    r"(?<!\w)(?:(?P<cancel>cancelé|cancelamos|anulé|anulamos|se canceló)"
    r"|(?P<refund>reembolsé|reembolsamos|se reembolsó)|(?P<change>cambié|cambiamos|actualicé"
    r"|actualizamos|modifiqué|modificamos)|(?P<ship>envié|enviamos)|(?P<give>emití|emitimos)"
    r"|(?P<exchange>reemplacé|reemplazamos)|(?P<book>reservé|reservamos|agendé|agendamos)"
    r"|(?P<any>procesé|procesamos|tramité|tramitamos))"
    r" (?:ya )?(?:(?:su|tu|sus|tus|el|la|los|las|un|una)(?!\w))",
    re.IGNORECASE,
)
"""Spanish preterites with their object; the first person plural is also a present tense."""
