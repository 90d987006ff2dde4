"""Check ``act.claim``: a reply says something was done only where a record shows it.

Fires: "I have cancelled your order." while the order's status is ``processing``. Does not fire:
the same where the status is ``cancelled``; "Once your order has been cancelled, ..."; "Your order
has not been cancelled."

Rules: ``not_done`` (critical): no record of the customer shows the action, or the record named
beside it shows another state. ``handed_over`` (high): the reply says a colleague was told, which
only a hand-over does. The evidence is the closest state a record shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from handrail.core.conversation import Record
from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext, CheckSettings, check

_ADVERB = r"(?:(?:just|already|now|successfully|also|gone ahead and|recién|ya|acabo de) ){0,2}"
_VERBS = {
    "refund": r"refunded|reimbursed|credited|reembolsad[oa]|devuelto",
    "cancel": r"cancell?ed|cancelad[oa]",
    "change": r"changed|updated|modified|corrected|amended|edited|cambiad[oa]|actualizad[oa]"
              r"|modificad[oa]",
    "exchange": r"exchanged|replaced|swapped|reemplazad[oa]|sustituid[oa]",
    "ship": r"shipped|dispatched|posted|re-?sent|enviad[oa]|despachad[oa]",
    "deliver": r"delivered|entregad[oa]",
    "return": r"returned|received back|devuelt[oa]",
    "book": r"booked|reserved|scheduled|rescheduled|rebooked|reservad[oa]|programad[oa]",
    "activate": r"activated|reactivated|unlocked|enabled|reset|restored|activad[oa]"
                r"|restablecid[oa]",
    "close": r"closed|deactivated|blocked|frozen|disabled|deleted|removed|cerrad[oa]|bloquead[oa]"
             r"|eliminad[oa]",
    "apply": r"applied|added|issued|processed|initiated|submitted|waived|charged|completed"
    r"|aplicad[oa]|procesad[oa]|emitid[oa]|tramitad[oa]|iniciad[oa]",
    "send": r"e?-?mailed|texted|sent(?: you)?",
    "hand_over": r"escalated|forwarded|notified|informed|alerted|transferred|passed (?:this|it"
                 r"|your)"
    r"|escalad[oa]|transferid[oa]|avisad[oa]",
}  # fmt: skip
_DONE = "|".join(f"(?P<{name}>{words})" for name, words in _VERBS.items())
_CLAIM = re.compile(
    rf"\b(?:(?:(?:i|we)(?:['’]ve| have)|(?:i|we)) {_ADVERB}|(?:your|the|su|tu|el"
    rf"|la) [\w #-]{{1,50}}? "
    rf"(?:(?:has|have) {_ADVERB}been|(?:was|were|is|are) {_ADVERB}(?:now )?|ha sido|fue) {_ADVERB}"
    rf"|(?:ya )?(?:he|hemos) {_ADVERB}){_ADVERB}(?:{_DONE})(?!\w)",
    re.IGNORECASE,
)
_SPANISH_PAST = re.compile(
    r"\b(?:(?P<cancel>cancelé|cancelamos)|(?P<refund>reembolsé|reembolsamos)"
    r"|(?P<change>cambié|actualicé)|(?P<ship>envié|enviamos))\b (?:su|tu|el|la)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|once|when|whenever|after|before|until|unless|as soon as|in case|whether|were (?:i|we)"
    r"|si|cuando|una vez que?|después de que|hasta que|en cuanto)\b[^.;]{0,80}$",
    re.IGNORECASE,
)
_OTHERS_DID = re.compile(
    r"\W{1,3}(?:by (?:the|a|your)|por (?:el|la)|if|when|once)\b", re.IGNORECASE
)
_SHOWN_BY = {
    "refund": ("refund", "reembols", "credited"),
    "cancel": ("cancel",),
    "change": ("chang", "updat", "modif", "correct"),
    "exchange": ("exchang", "replac", "swap"),
    "ship": ("ship", "dispatch", "transit", "delivered", "on_the_way", "enviad", "entregad"),
    "deliver": ("delivered", "entregad"),
    "return": ("return", "devuel"),
    "book": ("book", "reserv", "schedul", "confirmed"),
    "activate": ("activ", "unlock", "enabled", "reset", "restored"),
    "close": ("clos", "deactiv", "block", "frozen", "disabled", "delet", "removed"),
    "apply": ("refund", "applied", "issued", "process", "initiat", "submitted", "waive", "charged",
              "completed", "paid", "credit"),
    "send": ("sent", "mailed"),
}  # fmt: skip
_NOTHING = (None, "", False, 0, "0", "0.00")
_UNDONE = re.compile(r"\b(?:not|no|non|un|never|pending|requested|awaiting)[ _-]", re.IGNORECASE)


def _shows(record: Record, signs: tuple[str, ...]) -> bool:
    for name, field in record.fields.items():
        if field.value in _NOTHING:
            continue
        state = str(field.value).casefold()
        named = name.casefold()
        if field.type in ("status", "text") and any(sign in state for sign in signs):
            if not _UNDONE.search(state + " "):
                return True
        elif field.type not in ("status", "text") and any(
            named.startswith(sign) or f"_{sign}" in named for sign in signs
        ):
            return True
    return False


def _told_by_person(ctx: CheckContext, action: str) -> bool:
    """Whether a person of the team already told the customer so."""
    rule = re.compile(rf"\b(?:{_VERBS[action]})", re.IGNORECASE)
    return any(m.role == "agent" and rule.search(m.text) for m in ctx.snapshot.messages)


def _named_records(claim: Claim, ctx: CheckContext) -> tuple[Record, ...]:
    words = claim.text.casefold()
    return tuple(r for r in ctx.records if r.id.casefold() in words) or ctx.records


def _state(records: tuple[Record, ...]) -> EvidenceSpan:
    for record in records:
        for name, field in record.fields.items():
            if field.type == "status" and field.visibility == "customer":
                source = f"record:{record.kind}/{record.id}#{name}"
                return EvidenceSpan(source=source, quote=str(field.value), relation="contradicts")
    return EvidenceSpan(source="rule:records", quote="", relation="absent")


@check("act.claim", severity="critical")
def act_claim(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag claims of actions that no record shows."""
    for hit in (*ctx.search(_CLAIM), *ctx.search(_SPANISH_PAST)):
        claim = ctx.claim_at(hit.start, hit.end)
        if claim is None or claim.kind == "question":
            continue
        text, (begin, end) = ctx.folded.text, hit.match.span()
        if _CONDITION.search(text, max(0, begin - 100), begin) or _OTHERS_DID.match(text, end):
            continue
        action = next(name for name, found in hit.match.groupdict().items() if found)
        if action == "hand_over":
            message = "Only a hand-over tells a colleague; this reply does not make one."
            yield act_claim.finding("handed_over", hit.start, hit.end, message, severity="high")
            continue
        records = _named_records(claim, ctx)
        if any(_shows(record, _SHOWN_BY[action]) for record in records):
            continue
        if _told_by_person(ctx, action) or ctx.evidence.quote(claim.text):
            continue
        message = "No record shows that this was done."
        yield act_claim.finding(
            "not_done", hit.start, hit.end, message, evidence=(_state(records),)
        )
