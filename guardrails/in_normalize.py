"""Check ``in.normalize``: what the customer wrote reads the same to an eye and to a program.

Fires: zero-width characters within "pass\u200bword", a right-to-left override, text hidden in tag
characters, "p\u0430ypal" with a Cyrillic letter, full-width letters. Does not fire: a family
emoji with its joiners, the flag of Wales, Persian and Hindi words with theirs, Russian text.

Rules: ``invisible``, ``bidi``, ``tag``, ``look_alike``, ``width`` (all medium). The evidence is
what the span was folded to, which is what every other check judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.normalisation import Oddity, find_oddities

MOST = 20
"""Findings on one text: somebody who writes all of it in odd letters is told so often enough."""

_MESSAGES: Mapping[Oddity, str] = MappingProxyType(
    {
        "invisible": "Invisible characters stand here.",
        "bidi": "Characters here turn the direction in which the text is shown.",
        "tag": "Text is hidden here in characters that are not shown.",
        "look_alike": "This word mixes letters of two scripts that look alike.",
        "width": "These letters are written in another width or style.",
    }
)


@check("in.normalize", severity="medium", stage="input")
def in_normalize(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Report each run of characters that was folded before the other checks looked."""
    for odd in islice(find_oddities(ctx.text), MOST):
        evidence = EvidenceSpan(
            source="rule:normalisation",
            quote=odd.reads,
            relation="contradicts",
            start=odd.start,
            end=odd.end,
        )
        yield in_normalize.finding(
            odd.kind, odd.start, odd.end, _MESSAGES[odd.kind], evidence=(evidence,)
        )
