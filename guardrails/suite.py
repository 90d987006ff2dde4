"""The guardrails of one playbook release: judges, repairs where it safely can, judges again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from handrail.core.conversation import Mode, Passage, Snapshot
from handrail.core.drafting import Draft
from handrail.core.errors import CheckDefinitionError
from handrail.core.ports import Checked, CostlyJudge, Judge, OwnerIndex
from handrail.core.registry import registered
from handrail.core.verdict import NotRun, RepairStep, Report, Severity, Verdict, text_digest
from handrail.guardrails.contract import Check, CheckContext, Stage
from handrail.guardrails.evidence import playbook_source
from handrail.guardrails.reading import Source, read_published
from handrail.guardrails.resolver import outcome, repair
from handrail.guardrails.runner import Configured, run_checks
from handrail.guardrails.support_scorer import SupportScorer
from handrail.language.usage import counted
from handrail.playbook.models import Release


class CheckSuite:
    """The ``Verifier`` of a release: all its enabled checks, with the release's settings."""

    def __init__(
        self,
        release: Release,
        *,
        owners: OwnerIndex | None = None,
        judge: Judge | None = None,
        scorer: SupportScorer | None = None,
        protected: Mapping[str, str] | None = None,
        checks: Iterable[Check[Any]] | None = None,
        strict: bool = True,
    ) -> None:
        """Configure the checks of a release.

        Args:
            release: Playbook and articles.
            owners: Knows whose a personal value is; without it that check is skipped.
            judge: Judges statements that no rule decides; without it they stay ``unverified``.
            scorer: Finds sentences that nothing supports, in place of the one that ships.
            protected: Texts that must not reach a customer, by a name for them: prompts.
            checks: In place of all registered ones.
            strict: Refuse unknown checks and settings. A stored release that a conversation is
                pinned to may name a check that is gone since: with ``False`` every report says that
                it could not judge, which closes the way where nobody looks.

        Raises:
            CheckDefinitionError: the playbook names an unknown check or setting.
        """
        self.release = release
        self._playbook = release.playbook
        self._owners = owners
        self._judge_of_claims = judge
        self._scorer = scorer
        known = registered("check") if checks is None else {one.id: one for one in checks}
        self._severities: dict[str, Severity] = {id_: one.severity for id_, one in known.items()}
        settings = release.playbook.guardrails.checks
        self._broken = {} if strict else _broken(known, settings)
        usable = {id_: one for id_, one in known.items() if id_ not in self._broken}
        self._checks = _configured(
            usable,
            settings if strict else {id_: one for id_, one in settings.items() if id_ in usable},
        )
        self._of_passages = tuple(one for one in self._checks["input"] if one.check.of_passages)
        self._standing = (playbook_source(release.playbook),)
        self._protected = tuple(_protected(release, protected or {}))

    async def screen(
        self, text: str, snapshot: Snapshot, *, passages: Sequence[Passage] = ()
    ) -> Report:
        """Judge what comes in (the ``in.*`` checks); never raises.

        Args:
            text: What the customer wrote.
            snapshot: The records with it.
            passages: Found for the question; with them the checks that read passages judge these
                alone.
        """
        found = tuple(passages)
        _, report = await self._judge(
            "input", text, lambda: self._context(text, snapshot, said=text, found=found)
        )
        return report

    async def verify(
        self,
        draft: Draft,
        snapshot: Snapshot,
        *,
        mode: Mode,
        intent: str | None,
        text: str,
        repair: bool,
    ) -> Checked:
        """Judge ``draft`` and, with ``repair``, apply proposals and judge all anew; never raises.

        A person's text is never repaired. ``text`` is what the customer wrote.
        """

        async def judged(
            one: Draft, before: CheckContext | None = None
        ) -> tuple[CheckContext | None, Report]:
            about = {"said": text, "draft": one, "mode": mode, "intent": intent, "before": before}
            return await self._judge(
                "exit", one.text, lambda: self._context(one.text, snapshot, **about)
            )

        steps: list[RepairStep] = []
        rounds = self._playbook.guardrails.repairs if repair and draft.source != "person" else 0
        with counted() as usage:
            ctx, report = await judged(draft)
            while len(steps) < rounds and ctx is not None:
                step = _repair(ctx, report, steps)
                if step is None:
                    break
                steps.append(step)
                draft = draft.model_copy(update={"text": step.after})
                ctx, report = await judged(draft, ctx)
        verdict = Verdict(
            digest=draft.digest,
            mode=mode,
            outcome=outcome(report, mode, self._severities),
            report=report,
            repairs=tuple(steps),
            tokens=usage.tokens,
        )
        return Checked(draft=draft, verdict=verdict)

    def _context(self, text: str, snapshot: Snapshot, **known: Any) -> CheckContext:
        judge = self._judge_of_claims
        # Asking a protocol about None costs more than most checks.
        if judge is not None and isinstance(judge, CostlyJudge):
            judge = judge.within(snapshot.conversation)
        return CheckContext(
            text=text,
            snapshot=snapshot,
            playbook=self._playbook,
            owners=self._owners,
            standing=self._standing,
            protected=self._protected,
            judge=judge,
            scorer=self._scorer,
            **known,
        )

    async def _judge(
        self, stage: Stage, text: str, context: Callable[[], CheckContext]
    ) -> tuple[CheckContext | None, Report]:
        """Judge a text; without a context where not even that could be made."""
        made = None
        try:
            made = context()
            limit = self._playbook.guardrails.timeout_ms
            checks = self._of_passages if made.found else self._checks[stage]
            report = await run_checks(checks, made, timeout_ms=limit)
        except Exception as error:  # noqa: BLE001 - the verifier never raises
            failed = NotRun(check="suite", reason=type(error).__name__)
            report = Report(digest=text_digest(text), errored=(failed,))
        if broken := self._broken_at(stage):
            report = report.model_copy(update={"errored": (*report.errored, *broken)})
        return made, report

    def _broken_at(self, stage: Stage) -> tuple[NotRun, ...]:
        """The checks of a stage that the release names and that cannot run; unknown ones exit."""
        return tuple(
            NotRun(check=id_, reason=reason)
            for id_, (at, reason) in self._broken.items()
            if at == stage
        )


def _broken(
    known: Mapping[str, Check[Any]], settings: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[Stage, str]]:
    """Checks that a release names and that cannot run here, each with its stage and why."""
    found: dict[str, tuple[Stage, str]] = {}
    for id_, values in settings.items():
        if values.get("enabled") is False:
            continue
        if id_ not in known:
            found[id_] = ("exit", "no such check")
            continue
        try:
            known[id_].configure(values)
        except CheckDefinitionError:
            found[id_] = (known[id_].stage, "its settings are not understood")
    return found


def _repair(ctx: CheckContext, report: Report, before: Sequence[RepairStep]) -> RepairStep | None:
    """The next repair; ``None`` where there is none, it leads back, or it cannot be judged."""
    try:
        step = repair(ctx, report.findings)
    except Exception:  # noqa: BLE001 - the verifier never raises; the findings stay
        return None
    return None if step is None or step.after in {one.before for one in before} else step


def _configured(
    known: Mapping[str, Check[Any]], settings: Mapping[str, Mapping[str, Any]]
) -> dict[Stage, tuple[Configured, ...]]:
    for id_ in settings:
        if id_ not in known:
            raise CheckDefinitionError(
                f"guardrails.checks.{id_}: there is no such check; "
                f"known: {', '.join(sorted(known))}",
                check=id_,
            )
    ready = [
        Configured(known[id_], known[id_].configure(settings.get(id_, {}))) for id_ in sorted(known)
    ]
    enabled = [one for one in ready if one.settings.enabled]
    return {
        "exit": tuple(one for one in enabled if one.check.stage == "exit"),
        "input": tuple(one for one in enabled if one.check.stage == "input"),
    }


def _protected(release: Release, texts: Mapping[str, str]) -> Iterable[Source]:
    for name, text in texts.items():
        yield Source(f"prompt:{name}", read_published(text))
    for article in release.articles:
        if article.internal:
            yield Source(f"article:{article.id}", read_published(article.body))
