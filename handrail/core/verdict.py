"""What guardrails say about a text: findings with spans and evidence, reports and verdicts."""

from __future__ import annotations

import hashlib
from itertools import zip_longest
from typing import Any, Literal, cast

from pydantic import model_validator

from handrail.core.conversation import Frozen, Mode

Severity = Literal["low", "medium", "high", "critical"]
SEVERITY_ORDER: dict[Severity, int] = {"low": 0, "medium": 1, "high": 2, "critical": 3}

Relation = Literal["supports", "contradicts", "absent"]


def text_digest(text: str) -> str:
    """SHA-256 of a text in hexadecimal: the identity of what was verified, seen and sent."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


LIMITS = "rule:limits."
"""What the source of evidence begins with where it is a limit of the playbook."""


class EvidenceSpan(Frozen):
    """The place in a source that speaks for or against a span of the draft."""

    source: str
    """``record:order/W100#total``, ``article:returns#2``, ``message:msg_..``, ``rule:..``."""
    quote: str
    """The words of the source; empty where the evidence is an absence."""
    relation: Relation
    start: int | None = None
    end: int | None = None


class Edit(Frozen):
    """A proposed replacement of ``text[start:end]``."""

    start: int
    end: int
    replacement: str


class Finding(Frozen):
    """One thing a check has to say about a span of a text."""

    check: str
    """Id of the check: ``fact.value``."""
    rule: str
    """Id of the rule within the check: ``money_not_in_evidence``."""
    severity: Severity
    start: int
    end: int
    """Span in characters, ``text[start:end]``."""
    message: str
    """One sentence for a person; holds no text of other customers."""
    evidence: tuple[EvidenceSpan, ...] = ()
    confidence: float = 1.0
    """0 to 1."""
    proposal: Edit | None = None

    @property
    def key(self) -> str:
        """``check:rule``, the name a person acknowledges."""
        return f"{self.check}:{self.rule}"

    @property
    def beyond_limit(self) -> bool:
        """Whether it holds a promise back because of a limit, which is its evidence."""
        return self.severity == "critical" and any(
            span.source.startswith(LIMITS) for span in self.evidence
        )


Support = Literal["supported", "contradicted", "unsupported", "unverified"]
"""Whether the evidence bears a statement out: ``supported`` by a quotation or a typed value,
``contradicted``, ``unsupported`` where nothing speaks of it, and ``unverified`` where only a judge
or a person could tell."""


class ClaimVerdict(Frozen):
    """What the evidence says of one statement of a text."""

    start: int
    end: int
    """Span in characters, ``text[start:end]``."""
    support: Support
    by: str
    """What decided: ``quote``, ``value``, ``rule``, or the name of a judge."""
    evidence: tuple[EvidenceSpan, ...] = ()


class NotRun(Frozen):
    """A check that did not judge, and why."""

    check: str
    reason: str


class Report(Frozen):
    """All findings on one immutable text."""

    digest: str
    findings: tuple[Finding, ...] = ()
    """The gravest first; those of one severity in the order of the checks."""
    ran: tuple[str, ...] = ()
    skipped: tuple[NotRun, ...] = ()
    errored: tuple[NotRun, ...] = ()
    claims: tuple[ClaimVerdict, ...] = ()
    """The statements of the text, in order, each with what the evidence says of it."""
    duration_ms: float = 0.0

    @property
    def worst(self) -> Severity | None:
        """The gravest severity among the findings, or ``None`` for a clean report."""
        return max(
            (finding.severity for finding in self.findings),
            key=SEVERITY_ORDER.__getitem__,
            default=None,
        )


Outcome = Literal["clean", "flagged", "critical"]
"""``clean`` nothing above low; ``flagged`` medium or high findings left; ``critical`` at least
one critical finding, or a critical check that could not judge."""


class RepairStep(Frozen):
    """One repair: a text, the findings whose proposals were applied, and the text after."""

    before: str
    after: str | None
    """``None`` in verdicts that were stored when only the texts before were kept."""
    findings: tuple[Finding, ...] = ()
    """Each with the edit that was applied; their spans are those of the text before."""

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits that were applied, together."""
        return tuple(finding.proposal for finding in self.findings if finding.proposal)


class Verdict(Frozen):
    """The judgement on one draft's digest, after repairs."""

    digest: str
    """Digest of the draft that was judged last, proposed actions included: what may leave."""
    mode: Mode
    outcome: Outcome
    report: Report
    repairs: tuple[RepairStep, ...] = ()
    """What was repaired before, oldest first; each step ends where the next begins."""
    tokens: int = 0
    """Tokens of the language model that judging cost, in and out."""

    @model_validator(mode="before")
    @classmethod
    def _with_steps(cls, data: Any) -> Any:
        # Verdicts were once stored with the texts before each repair alone.
        if not isinstance(data, dict) or "repaired_from" not in data:
            return cast("Any", data)
        given = cast("dict[str, Any]", data)
        texts: list[str] = list(given["repaired_from"])
        steps = [
            {"before": before, "after": after} for before, after in zip_longest(texts, texts[1:])
        ]
        return {**{k: v for k, v in given.items() if k != "repaired_from"}, "repairs": steps}

    @property
    def beyond_limits(self) -> tuple[Finding, ...]:
        """The findings that hold a promise back because of a limit."""
        return tuple(finding for finding in self.report.findings if finding.beyond_limit)

    @property
    def critical_keys(self) -> frozenset[str]:
        """``check:rule`` of each critical finding: what a person must acknowledge to approve."""
        keys = {f.key for f in self.report.findings if f.severity == "critical"}
        return frozenset(keys | {f"{e.check}:errored" for e in self.report.errored})
