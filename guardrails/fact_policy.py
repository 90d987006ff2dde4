"""Check ``fact.policy``: what a reply says of a published rule is what the rule says.

Fires: "Refunds are possible within 60 days of delivery." where the article says 30. "You cannot
return opened items." where it says that you can. "Our policy says that pets travel free." where no
article speaks of pets. Does not fire: the article's own sentence, shortened or with other words
around it; a free paraphrase, which is for ``fact.grounded`` to judge.

Rules: ``altered`` (critical; high where only a name differs): a sentence closely follows one of an
article or the playbook, but with another number, unit, name or thing of its kind ("by phone" for
"by e-mail"), or turned into its opposite.
``absent`` (high): it claims a policy that no article speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from pydantic import Field

from handrail.core.verdict import ClaimVerdict, EvidenceSpan, Finding
from handrail.guardrails.alignment import Aligned, Change, Rank, ceiling, judge, lay
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.learned import Learned
from handrail.guardrails.reading import Source, stems
from handrail.guardrails.rule_words import Phrase
from handrail.guardrails.shelf import quoted

CLAIMED = re.compile(
    r"\b(?:(?:our|the|company|store|shop) (?:\w{1,20} ){0,2}(?:polic(?:y|ies)|terms|rules?)"
    r" (?:\w{1,20} ){0,2}(?:is|are|says?|states?|requires?|allows?|permits?|prohibits?|forbids?"
    r"|means?|covers?|does not|do not)"
    r"|(?:per|under|according to|in line with|based on|by) (?:our|the|company)"
    r" (?:\w{1,20} ){0,2}(?:polic(?:y|ies)|terms|rules?)"
    r"|(?:nuestra|la|según nuestra|según la) política|según nuestr[oa]s (?:normas|condiciones))\b",
    re.IGNORECASE,
)
_OFTELLING = frozenset(
    stems(
        """our company store shop policy policies terms conditions rule rules says states according
        regarding related allows permits unable since however unfortunately typically especially
        specific quite strict clear case issue understand importance concern frustration situation
        política"""
    )
)
"""What any policy is told in, whatever it is about."""
TELLING = frozenset(
    "policy policies terms rule rules política normas condiciones".split()  # noqa: SIM905
)
"""Words without one of which no policy is claimed."""
_MARKS = re.compile(r"[*`#]{1,6}\s?")
_LABELLED = re.compile(
    r"\W{0,4}[\w'’-]{1,20}(?: [\w'’-]{1,20}){0,2}:(?=.{0,80}\d)(?!.{0,80}[%$€£])"
    r"\W{0,4}\S{1,40}(?: \S{1,40}){0,3}"
)
"""A line that tells a number or code, "Order ID: W1": which one it is, is for ``fact.value``."""
_APART = 8
"""How many times the content words that both have two sentences may have together, to be laid
beside each other."""
_SLACK = 0.1
"""How much more a claim may add to a sentence than it leaves of it."""
_TRIED = 8
"""How many sentences of the evidence a sentence is laid beside."""
_NOT = Rank(0.0, 0.0, 0.0)
"""How closely a sentence is followed before any was found."""
_SAID: dict[Change, str] = {
    "number": "with another number",
    "unit": "with another unit",
    "polarity": "turned into its opposite",
    "entity": "about something else",
}


class PolicySettings(CheckSettings):
    """How close is close enough to compare word by word."""

    alike: float = Field(default=0.7, ge=0, le=1)
    """Share of the words, in order, from which a sentence is taken to repeat a source's."""
    same_words: float = Field(default=0.9, ge=0, le=1)
    """Share of common content words from which two sentences speak of the same thing, in whatever
    order."""
    spoken_of: float = Field(default=0.6, ge=0, le=1)
    """Share of the content words of a claimed policy that one article must hold."""


@dataclass(frozen=True, slots=True)
class _Near:
    """A sentence of the evidence that a claim follows."""

    aligned: Aligned
    source: Source
    sentence: Claim


class _Judging:
    """One run over one text: which sentences of the evidence each claim is laid beside."""

    def __init__(
        self, ctx: CheckContext, settings: PolicySettings, subjects: Mapping[int, frozenset[str]]
    ) -> None:
        self._ctx = ctx
        self._settings = settings
        self._subjects = subjects
        self._compared = ctx.compared
        self._candidates = self._sharing()

    def _sharing(self) -> Mapping[int, Sequence[tuple[int, int]]]:
        """For each claim the sentences that share the most words and numbers, the best first.

        Each with the number of words that both have.
        """
        compared, numbers = self._compared, np.array([*self._subjects])
        said = np.array([len(self._ctx.content[number]) for number in self._subjects], np.int32)
        shared, lengths = compared.shared[numbers], compared.lengths
        near = (shared * _APART >= said[:, None] + lengths) & compared.said
        claims, rows = np.divmod(np.flatnonzero(near), near.shape[1])
        own = compared.held(numbers[claims], rows) >= np.maximum(1, said[claims] // 2)
        claims, rows = claims[own], rows[own]
        common = shared[claims, rows]
        order = np.argsort(claims - common / (said[claims] + lengths[rows]), kind="stable")
        claims, rows, common = claims[order], rows[order], common[order]
        place = np.arange(len(claims)) - np.searchsorted(claims, claims)
        tried = (place < _TRIED) & compared.rules[rows]
        ends = np.searchsorted(claims[tried], np.arange(len(numbers) + 1)).tolist()
        pairs = list(zip(rows[tried].tolist(), common[tried].tolist(), strict=True))
        parts = (pairs[start:end] for start, end in pairwise(ends))
        return dict(zip(self._subjects, parts, strict=True))

    def nearest(self, number: int) -> _Near | None:
        """The sentence that is followed most closely, where it is not followed faithfully."""
        if not self._candidates[number]:
            return None
        best: Aligned | None = None
        nearest, beaten = 0, _NOT
        said, rows = self._ctx.claims[number].phrase, self._compared.rows
        for row, shared in self._candidates[number]:
            source = rows[row].phrase
            most = ceiling(said, source)
            aligned = self._followed(said, source, most, beaten) if most > beaten else None
            if aligned is None and not beaten.share:
                aligned = self._of_the_same(number, row, shared)
            if aligned and (best is None or aligned.rank > beaten):
                best, nearest, beaten = aligned, row, aligned.rank
                if beaten.share == 1 and not aligned.changes:
                    return None
        if best is None or not best.changes:
            return None
        if best.changes == ("entity",) and _LABELLED.fullmatch(self._ctx.claims[number].text):
            return None
        return _Near(best, self._compared.source_of(nearest), rows[nearest])

    def _followed(self, said: Phrase, source: Phrase, most: Rank, beaten: Rank) -> Aligned | None:
        """How a claim follows a sentence; ``None`` where not, or not as closely as the best."""
        if not self._close(most):
            return None
        laid = lay(said, source)
        return judge(laid) if laid.rank > beaten and self._close(laid.rank) else None

    def _close(self, rank: Rank) -> bool:
        least = self._settings.alike
        return rank.alike >= least and rank.share >= least - _SLACK

    def _of_the_same(self, number: int, row: int, shared: int) -> Aligned | None:
        """How a claim compares to a sentence with the same words in another order.

        Only whether one of them says no can be told.
        """
        words, least = self._subjects[number], self._settings.same_words
        if shared < least * len(words):
            return None
        other = self._compared.rows[row]
        alike = _alike(words, _subject(other.stems))
        if alike < least:
            return None
        turned = self._ctx.claims[number].negated != other.negated
        return Aligned(Rank(0.0, 0.0, alike), ("polarity",) if turned else ())


def _tells(word: str) -> bool:
    return word != "cannot" and not word[0].isdigit()


_telling = Learned(_tells).__getitem__


def _subject(words: frozenset[str]) -> frozenset[str]:
    """What a sentence is about: its content words without numbers and denials."""
    return frozenset(filter(_telling, words))


def _alike(words: frozenset[str], others: frozenset[str]) -> float:
    """Share of the content words that both have, of the longer one, 0 to 1."""
    return len(words & others) / max(len(words), len(others), 1)


def _altered(claim: Claim, near: _Near) -> Finding:
    changes = near.aligned.changes
    quote = quoted(near.source, near.sentence.start, near.sentence.end, "contradicts")
    ours = not near.source.id.startswith("message:")
    return fact_policy.finding(
        "altered",
        claim.start,
        claim.end,
        f"A source says this {' and '.join(_SAID[change] for change in changes)}.",
        severity="high" if changes == ("entity",) else "critical",
        evidence=(quote,),
        confidence=round(near.aligned.rank.alike, 2),
        replacement=_MARKS.sub("", near.sentence.text) if ours else None,
    )


def _unspoken(words: frozenset[str], sources: Sequence[Source], least: float) -> bool:
    """Whether no article and no template speaks of what a claimed policy is about."""
    about = words - _OFTELLING
    spoken: dict[str, set[str]] = {}
    """By article, whichever of its passages say it: a policy may stand in several of them."""
    for source in sources:
        if not source.id.startswith(("message:", "record:")):
            held = spoken.setdefault(source.id.partition("#")[0], set())
            held |= about & source.reading.stems
    return len(about) > 1 and not any(len(one) >= least * len(about) for one in spoken.values())


@check("fact.policy", severity="critical", settings=PolicySettings)
def fact_policy(ctx: CheckContext, settings: PolicySettings) -> Iterator[Finding | ClaimVerdict]:
    """Flag sentences that repeat a published one with a difference, and invented policies."""
    own = ctx.evidence.unwritten([claim.text for claim in ctx.claims])
    subjects = {
        number: words
        for number, claim in enumerate(ctx.claims)
        if claim.kind != "question" and claim.text in own and (words := _subject(claim.stems))
    }
    if not subjects:  # every statement stands as it is in a source
        return
    judging = _Judging(ctx, settings, subjects)
    speaks_of_policies = not TELLING.isdisjoint(ctx.words)
    for number, words in subjects.items():
        claim, near = ctx.claims[number], judging.nearest(number)
        if near:
            found = _altered(claim, near)
            yield found
            yield ClaimVerdict(
                start=claim.start,
                end=claim.end,
                support="contradicted",
                by="rule",
                evidence=found.evidence,
            )
        elif (
            claim.kind == "statement"
            and speaks_of_policies
            and CLAIMED.search(claim.text)
            and _unspoken(words, ctx.evidence.sources, settings.spoken_of)
        ):
            yield fact_policy.finding(
                "absent",
                claim.start,
                claim.end,
                "No article speaks of such a policy.",
                severity="high",
                evidence=(EvidenceSpan(source="rule:evidence", quote="", relation="absent"),),
                confidence=0.7,
            )
