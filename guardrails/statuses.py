"""Finds where a reply says how a record stands, and which of it the record's status denies.

"Your order W1 has been delivered" is untrue where W1 is pending. A later status implies the
earlier ones: what was delivered was also shipped. What a status says nothing of is left alone, and
so is what is said of all parcels, or in the words of an article.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from handrail.guardrails.claims import Claim
from handrail.guardrails.clauses import Clause, Mention
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.learned import Learned
from handrail.guardrails.record_facts import Fact, Sheet
from handrail.guardrails.slot_words import concepts_of_field
from handrail.guardrails.slots import Slots
from handrail.guardrails.terms import places_of

_WORDS = {
    "pending": "pending pendiente pendientes",
    "processing": "processing procesando preparando packed preparation",
    "processed": "processed procesado procesada",
    "shipped": "shipped dispatched enviado enviada despachado",
    "moving": "transit way tránsito camino",
    "delayed": "delayed late retrasado retrasada",
    "delivered": "delivered arrived entregado entregada entregó llegado",
    "returned": "returned devuelto devuelta",
    "cancelled": "cancelled canceled cancelado cancelada anulado anulada",
    "paid": "paid pagado pagada",
    "active": "active activo activa",
    "suspended": "suspended suspendido suspendida",
    "closed": "closed cerrado cerrada",
    "expired": "expired caducado caducada vencido vencida",
    "approved": "approved aprobado aprobada",
    "declined": "declined rejected rechazado rechazada denied",
    "confirmed": "confirmed confirmado confirmada",
}
_STATE_OF = {word: state for state, words in _WORDS.items() for word in words.split()}
_RANK = {"pending": 1, "processing": 1, "confirmed": 1, "processed": 2, "shipped": 3, "moving": 3,
         "delayed": 3, "delivered": 4, "returned": 5}  # fmt: skip
_NOW_ONLY = frozenset({"pending", "processing", "moving", "delayed"})
"""States that are over once another one is reached."""
_SAME = ({"pending", "processing"}, {"shipped", "moving"})
_UNPAID = frozenset({"pending", "processing", "declined"})
_OPPOSED = (
    frozenset({"pending", "approved", "declined"}),
    frozenset({"active", "suspended", "closed", "expired", "cancelled"}),
)
"""States of which a thing has only one, apart from the way of a parcel."""
_DONE_FIELDS = {"shipped": "ship", "delivered": "deliver", "returned": "return",
                "cancelled": "cancel", "processed": "process"}  # fmt: skip

_SAYS = frozenset(
    """is isn are aren was wasn were weren be been being has hasn have haven had s still now already
    currently just shows showing marked listed as está esta están fue ha sido sigue ya se estado
    status""".split()  # noqa: SIM905 - a list of words is read as words
)
_DOUBTS = frozenset(
    """will can could may might must should would shall if once when until till unless before
    after cannot whether whenever als to going si cuando hasta será puede podrá debe antes tras
    whilst soon please want wish request asked eligible""".split()  # noqa: SIM905
)
_DENIES = frozenset(["not", "never", "isn", "wasn", "hasn", "aren", "haven", "no", "aún", "yet"])
_SPEAKS = frozenset(["it", "they", "this", "that", "which", "both", "status", "estado"])
_DETERMINERS = frozenset(
    """your the this that these both its su sus tu tus el la este esta ambos""".split()  # noqa: SIM905
)
_GENERAL = frozenset(
    """every each all any most a an some no cada todo todos toda todas un una""".split()  # noqa: SIM905
)
_OPENS = frozenset(["(", "–", "—", "status", "estado"])
_THINGS = frozenset(
    """request payment return exchange refund address email message account card label claim
    ticket cancellation replacement modification change solicitud pago devolución reembolso
    cambio invoice charge transaction discount confirmation application""".split()  # noqa: SIM905
)
"""Things beside the record whose state may be spoken of."""
_PIECE = re.compile(r"[^\W_]{1,40}")
_REACH = 7


@dataclass(frozen=True, slots=True)
class StatusClaim:
    """A statement about a record's status that the record denies."""

    start: int
    end: int
    sheet: Sheet
    fact: Fact


def _state(text: str) -> str | None:
    """The state that a status field names first."""
    words = _PIECE.findall(text.casefold().replace("_", " "))
    if "out" in words and "delivery" in words:
        return "moving"
    return next((_STATE_OF[word] for word in words if word in _STATE_OF), None)


def _agrees(said: str, real: str) -> bool | None:
    """Whether a state may be said of something in another; ``None`` where neither speaks of it."""
    if said == real or {said, real} in _SAME:
        return True
    if any(said in group and real in group for group in _OPPOSED):
        return False
    if "paid" in (said, real):
        return False if {said, real} & _UNPAID else None
    if said in _RANK and real in _RANK:
        return _reached(said, real)
    if "cancelled" in (said, real) and (said in _RANK or real in _RANK):
        return None if said in ("confirmed", "processed") else False
    return None


def _reached(said: str, real: str) -> bool | None:
    """Whether something on its way has come as far as is said."""
    if real == "delayed" and said != "delivered":
        return None
    if said in _NOW_ONLY:
        mild = _RANK[real] < {"delayed": 4, "processing": 3}.get(said, 0)
        return None if mild else False
    return _RANK[real] >= _RANK[said]


def untrue_statuses(ctx: CheckContext, read: Callable[[], Slots]) -> Iterator[StatusClaim]:
    """Find what a reply says of a record's status that the record denies.

    Args:
        ctx: The reply; places are those of its folded text.
        read: Reads its slots; not called where the reply speaks of no status.
    """
    if not _STATE_OF.keys().isdisjoint(ctx.words):
        yield from _Statuses(ctx, read()).untrue()


class _Statuses:
    """The status words of a reply, held against the records they tell of."""

    def __init__(self, ctx: CheckContext, slots: Slots) -> None:
        self._ctx = ctx
        self._slots = slots
        self._denied_by = Learned(partial(_denying, Learned(_known_states)))
        self._any = Learned(partial(_any_with_status, slots))

    def untrue(self) -> Iterator[StatusClaim]:
        """What the records deny."""
        clauses = self._slots.clauses
        for claim, start, end in self._told():
            clause = clauses.of(claim)[clauses.clause_at(claim, start)]
            untrue = self._judged(clause, (start, end), _STATE_OF[clauses.text[start:end]])
            if untrue and (clause.mentions or not self._ctx.evidence.quote(claim.text)):
                yield untrue

    def _told(self) -> Iterator[tuple[Claim, int, int]]:
        """The words for a state, each with its sentence."""
        text, words = self._slots.clauses.text, _STATE_OF.keys() & self._ctx.words
        for start, end in sorted(chain.from_iterable(places_of(word, text) for word in words)):
            claim = self._ctx.sentence_at(start, end)
            if claim and claim.kind != "question":
                yield claim, start, end

    def _judged(self, clause: Clause, span: tuple[int, int], state: str) -> StatusClaim | None:
        before = clause.before(span[0])
        words = frozenset(before)
        if state == "processed" and before[-1:] == ["being"]:
            state = "processing"
        mention = None if words & _DOUBTS else self._subject(clause, before, span)
        if mention is None:
            return None
        about = words & _THINGS - self._slots.clauses.kinds.keys()
        denying = self._denied_by[mention, state, about, not words.isdisjoint(_DENIES)]
        return StatusClaim(*span, *denying) if denying else None

    def _subject(
        self, clause: Clause, before: Sequence[str], span: tuple[int, int]
    ) -> Mention | None:
        """The record whose status a word tells; ``None`` where it tells something else's."""
        kinds = self._slots.clauses.kinds
        own = [m for m in clause.mentions_near(span[0]) if _has_status(m)]
        earlier = [m for m in own if m.end <= span[0]]
        after = clause.after(span[1])
        if after and after[0] in kinds:
            return own[0] if own else None  # "your pending order W1"
        lead = before[-_REACH:]
        says = not _SAYS.isdisjoint(lead)
        since = clause.before(span[0], earlier[-1].end)[-_REACH:] if earlier else lead
        bare = all(word in _SAYS or not word.isalnum() for word in since)
        if earlier:
            return earlier[-1] if bare or says else None
        kind = next((kinds[word] for word in lead if word in kinds), None)
        if kind and not _particular(lead):
            return None  # "every parcel is packed by hand"
        if says and (kind or not _SPEAKS.isdisjoint(lead)):
            return _last_named(self._slots, span[0], kind) or self._any[kind]
        # "(pending)", "Status: pending": of what was named last
        opens = not lead or lead[0] in _OPENS
        return _last_named(self._slots, span[0]) if bare and opens else None


def _denying(
    known: Mapping[Sheet, Sequence[tuple[Fact, str]]],
    said: tuple[Mention, str, frozenset[str], bool],
) -> tuple[Sheet, Fact] | None:
    """The first record and field that deny a state, where every record that is meant does."""
    mention, state, about, denied = said
    first: tuple[Sheet, Fact] | None = None
    for sheet in mention.sheets:
        verdicts = [
            (fact, _agrees(state, real))
            for fact, real in known[sheet]
            if _speaks_of(fact, about, state)
        ]
        wrong = [fact for fact, agrees in verdicts if agrees is denied]
        if not wrong or len(wrong) < len(verdicts) or (not denied and _happened(sheet, state)):
            return None
        first = first or (sheet, wrong[0])
    return first


def _known_states(sheet: Sheet) -> list[tuple[Fact, str]]:
    """The status fields of a record that name a state."""
    status = (fact for fact in sheet.facts if fact.type == "status")
    return [(fact, real) for fact in status if (real := _state(fact.quote))]


def _speaks_of(fact: Fact, about: frozenset[str], state: str) -> bool:
    qualifier = concepts_of_field(fact.field)
    return bool(about & qualifier) if qualifier else not about and state != "paid"


def _happened(sheet: Sheet, state: str) -> bool:
    """Whether a day of the record says that it came to this, whatever the status says now."""
    concept = _DONE_FIELDS.get(state)
    return concept is not None and any(
        fact.type == "date" and concept in concepts_of_field(fact.field) for fact in sheet.facts
    )


def _particular(words: Sequence[str]) -> bool:
    """Whether one thing is spoken of, and not what is done with all of them."""
    return not _DETERMINERS.isdisjoint(words) and _GENERAL.isdisjoint(words)


def _last_named(slots: Slots, place: int, kind: str | None = None) -> Mention | None:
    before = filter(_has_status, slots.clauses.mentions_before(place))
    return next((m for m in before if kind in (None, m.kind)), None)


def _any_with_status(slots: Slots, kind: str | None) -> Mention | None:
    every = Mention(0, 0, [s for s in slots.sheets if kind in (None, s.record.kind)])
    return every if every.sheets and _has_status(every) else None


def _has_status(mention: Mention) -> bool:
    return any(fact.type == "status" for sheet in mention.sheets for fact in sheet.facts)
