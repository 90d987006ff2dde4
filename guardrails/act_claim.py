"""Check ``act.claim``: a reply says something was done only where an event or a record shows it.

Fires: "I have cancelled your order." while the order's status is ``processing`` and no action
event says otherwise; "Both orders have been refunded." where one was. Does not fire: the same
where the status is ``cancelled`` or a ``cancel_order`` on that order is done; "Once your order has
been cancelled, ..."; "Your order has not been cancelled."; a rule or a list quoted word for word
from an article, such as its list "- items ordered".

Rules: ``not_done`` (critical): neither an action event nor a record of the customer shows the
action on the record that is named, with the amount that is named. ``handed_over`` (high): the
reply says a colleague was told, which only a hand-over does. The evidence is what was considered,
the closest miss first. Where the claim is a plain sentence, an offer to ask a colleague is proposed
in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from handrail.core.verdict import Finding
from handrail.guardrails.action_claims import ActionClaim, claimed_actions
from handrail.guardrails.action_evidence import ActionEvidence
from handrail.guardrails.action_words import FAMILIES
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.normalisation import lowered
from handrail.guardrails.reading import plain_words

_OFFER = "I can ask a colleague to {verb}"
_OFFER_ES = "Puedo pedir a mi equipo que {verb}"
_PLAIN_ACTIVE = re.compile(
    r"(?:i|we)(?:['’]ve| have)?(?: (?:just|already|now|successfully)){0,2} [a-z]{4,14}"
    r"|(?P<es>he|hemos)(?: (?:ya|recién))? [a-záéíóúñ]{4,14}",
    re.IGNORECASE,
)
_PERSONAL = re.compile(r"\b(?:your?|sus?|tus?)\b.{0,80}\b(?:has|have|han?|was|were|fue(?:ron)?) ")
"""Tells what happened to what is the customer's: no rule, even where an article has the words."""
_PUBLISHED = ("article:", "playbook")
_SHORTEST_QUOTE = 4
"""Words."""
_PLAIN_OBJECT = re.compile(r" (?:your|the|su|tu) [\w #-]{1,50}[.!]?", re.IGNORECASE)


@check("act.claim", severity="critical")
def act_claim(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag claims of actions that neither an event nor a record shows."""
    claims = list(claimed_actions(ctx))
    if not claims:
        return
    known = ActionEvidence(ctx)
    for claim in claims:
        if known.shows(claim):
            continue
        if claim.family == "hand_over":
            message = "Only a hand-over tells a colleague; this reply does not make one."
            yield act_claim.finding("handed_over", claim.start, claim.end, message, severity="high")
            continue
        if known.told_by_person(claim) or _quotes_rule(claim, ctx):
            continue
        yield act_claim.finding(
            "not_done",
            claim.start,
            claim.end,
            "No record shows that this was done.",
            evidence=known.considered(claim),
            replacement=_offer(claim),
        )


def _quotes_rule(claim: ActionClaim, ctx: CheckContext) -> bool:
    """Whether the words are an article's or the playbook's, and say what holds for everybody."""
    sentence = claim.sentence.text
    said = lowered(sentence[: len(sentence) - len(claim.tail)])
    if claim.form == "active" or _PERSONAL.search(said):
        return False
    held = [s.reading.words for s in ctx.evidence.sources if s.id.startswith(_PUBLISHED)]
    return bool(held) and any(
        words.count(" ") >= _SHORTEST_QUOTE - 1 and any(f" {words} " in one for one in held)
        for words in map(plain_words, _with_neighbours(claim, ctx))
    )


def _with_neighbours(claim: ActionClaim, ctx: CheckContext) -> Iterator[str]:
    """The sentence, and it with those beside it: an item of a list is too short for a quote."""
    at = ctx.sentences.index(claim.sentence)
    before = ctx.sentences[max(0, at - 1)].start
    after = ctx.sentences[min(len(ctx.sentences) - 1, at + 1)].end
    start, end = claim.sentence.start, claim.sentence.end
    for first, last in ((start, end), (before, end), (start, after), (before, after)):
        yield ctx.folded.text[first:last]


def _offer(claim: ActionClaim) -> str | None:
    """Words to put in the claim's place, where it and its object are a whole plain sentence."""
    family = FAMILIES.get(claim.family)
    sentence = claim.sentence.text
    said = _PLAIN_ACTIVE.fullmatch(sentence[: len(sentence) - len(claim.tail)])
    if family is None or said is None or not _PLAIN_OBJECT.fullmatch(claim.tail):
        return None
    verb = family.asked_es if said["es"] else family.asked
    offer = _OFFER_ES if said["es"] else _OFFER
    return offer.format(verb=verb) if verb else None
