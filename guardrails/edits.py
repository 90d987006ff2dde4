"""Says which proposed edits may be applied: a repair brings in nothing that is not grounded.

A repair may take away, mask, soften, or put in what the customer's own evidence holds. It never
writes a value or speaks of a thing that stands neither in that evidence nor in the words replaced,
and never turns a no into a yes.
"""

from __future__ import annotations

import re

from handrail.core.ports import owner_key
from handrail.core.verdict import Edit
from handrail.guardrails.claims import says_no
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.normalisation import fold
from handrail.guardrails.reading import stems
from handrail.guardrails.terms import plain
from handrail.guardrails.values import CONTACTS, Value, find_values

_SERVICE = stems(
    """
    remove removed hidden masked ending link ask asked tell told check checked look looked confirm
    confirmed request requested pass passed forward forwarded colleague colleagues team person agent
    help please would like want need know let happy sorry apologise possible possibly might
    currently going review yet sign account here details information able arrange
    eliminado enlace terminado consultar preguntar comprobar revisar confirmar solicitud pasar
    equipo compañero persona agente ayudar favor gustaría quiere necesita saber posible cuenta
    aquí detalles información
    """
)
"""Words of masks, offers and courtesies, which say nothing of the customer's matter."""

_SHORT_FORMS = ("id", "quantity", "phone")

_ADDRESS = re.compile(r"\S{0,200}[./:@&]\S{1,2000}")
"""Part of a link or address: the no of ``aa-no.example`` denies nothing."""


def permitted(edit: Edit, ctx: CheckContext) -> bool:
    """Whether an edit of ``ctx.text`` adds no value, no claim and no consent of its own."""
    words = fold(edit.replacement).text
    replaced = ctx.text[edit.start : edit.end]
    if not _keeps_no(words, replaced, edit, ctx):
        return False
    if not words.strip():
        return True
    known = ctx.evidence
    values = find_values(words)
    if not all(_known(value, replaced, known) for value in values):
        return False
    own = ctx.snapshot.customer.name or ""
    grounds = stems(ctx.folded.text) | _SERVICE | stems(fold(f"{replaced} {own}").text)
    new = stems(_without(words, values)) - grounds
    return not known.unknown(new)


def _without(text: str, values: tuple[Value, ...]) -> str:
    """A text without its values, which are judged as such."""
    for value in reversed(values):
        text = f"{text[: value.start]} {text[value.end :]}"
    return text


def _known(value: Value, replaced: str, evidence: Evidence) -> bool:
    """Whether a value stands in the evidence or in the words replaced, be it as its last part."""
    if evidence.find(value) is not None:
        return True
    before = find_values(fold(replaced).text)
    names = {name for one in before for name in one.names}
    if not names.isdisjoint(value.names):
        return True
    long = [one for one in before if one.kind in (*CONTACTS, "quantity")]
    part = owner_key(value.text)
    return value.kind in _SHORT_FORMS and any(owner_key(one.text).endswith(part) for one in long)


def _negated(text: str) -> bool:
    said = _ADDRESS.sub(" ", text)
    return says_no(said, plain(said.casefold()))


def _keeps_no(words: str, replaced: str, edit: Edit, ctx: CheckContext) -> bool:
    """Whether a no that is taken away goes with all that it was said of, or is quoted anew."""
    if not _negated(fold(replaced).text) or _negated(words):
        return True
    if words.strip():
        return ctx.evidence.quote(words) is not None
    touched = [c for c in ctx.claims if c.start < edit.end and edit.start < c.end]
    rests = (
        ctx.text[claim.start : max(claim.start, edit.start)] + ctx.text[edit.end : claim.end]
        for claim in touched
    )
    return not any(re.search(r"\w", rest) for rest in rests)
