"""What ``handrail guardrail`` prints for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from handrail.core.verdict import RepairStep
from handrail.desk.cli.running import clean
from handrail.desk.guardrail_trial import Trial
from handrail.desk.marking import mark
from handrail.store.feedback import Tally

COLOURS = {"low": "dim", "medium": "yellow", "high": "dark_orange", "critical": "bold red"}


def list_table(cards: Sequence[Mapping[str, Any]]) -> RenderableType:
    """The checks as a table."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("check", "stage", "severity", "needs", "rules", "where nobody looks"):
        table.add_column(header, no_wrap=header in ("check", "severity"))
    for card in cards:
        severity = card["severity"]
        table.add_row(
            card["id"],
            card["stage"],
            Text(severity, style=COLOURS[severity]),
            ", ".join(card["needs"]),
            str(len(card["rules"])),
            card["actions"]["autonomous"][severity],
        )
    return table


def card_text(card: Mapping[str, Any]) -> RenderableType:
    """One check in full."""
    parts: list[RenderableType] = [
        Text.assemble((card["id"], "bold"), f" · {card['stage']} · ", card["severity"]),
        Text(card["summary"]),
        Text(),
        Text(card["about"]),
        Text(),
    ]
    if card["needs"]:
        parts.append(Text(f"skipped, and shown as skipped, without: {', '.join(card['needs'])}"))
    if card["yields_to"]:
        others = " and ".join(card["yields_to"])
        parts.append(Text(f"told only where {others} found nothing as grave in the same words"))
    rules = Table("rule", "severity", box=None, pad_edge=False, header_style="dim")
    for rule in card["rules"]:
        rules.add_row(rule["name"], Text(rule["severity"], style=COLOURS[rule["severity"]]))
    actions = Table("mode", "severity", "what happens", box=None, pad_edge=False)
    for mode, table in card["actions"].items():
        for severity, what in table.items():
            actions.add_row(mode, severity, what)
    settings = Table("setting", "type", "default", "set to", "meaning", box=None, pad_edge=False)
    for setting in card["settings"]:
        name = setting["name"]
        chosen = str(card["set"][name]) if name in card["set"] else ""
        row = (name, setting["type"], str(setting["default"]), chosen, setting["meaning"])
        settings.add_row(*map(Text, row))
    return Group(*parts, rules, Text(), actions, Text(), settings)


def trial_text(trial: Trial) -> RenderableType:
    """A text with its findings marked, the repairs before, and what would happen."""
    parts: list[RenderableType] = []
    for step in trial.verdict.repairs if trial.verdict else ():
        parts += _repair(step)
    draft = Text()
    for piece in mark(trial.text, trial.findings):
        style = f"underline {COLOURS[piece.severity]}" if piece.severity else ""
        draft.append(clean(piece.text), style=style)
        if piece.numbers:
            draft.append(f"[{','.join(map(str, piece.numbers))}]", style="dim")
    parts += [draft, Text()]
    for number, finding in enumerate(trial.findings, 1):
        line = f"{number} {finding.severity} {finding.key}: {clean(finding.message)}"
        parts.append(Text(line, style=COLOURS[finding.severity]))
        for proof in finding.evidence:
            quote = f" “{clean(proof.quote)}”" if proof.quote else ""
            parts.append(Text(f"    {proof.relation} {proof.source}{quote}", style="dim"))
        if finding.proposal:
            words = clean(finding.proposal.replacement) or "(nothing)"
            parts.append(Text(f"    proposed: {words}"))
    for item in trial.report.errored:
        parts.append(Text(f"could not judge: {item.check} ({item.reason})", style="bold red"))
    for item in trial.report.skipped:
        parts.append(Text(f"skipped: {item.check} ({item.reason})", style="dim"))
    outcome = trial.verdict.outcome if trial.verdict else "screened"
    ran = f"{len(trial.report.ran)} checks in {trial.report.duration_ms:.1f} ms"
    parts.append(Text(f"{outcome} · {trial.mode}: {trial.action} · {ran}", style="bold"))
    return Group(*parts)


def _repair(step: RepairStep) -> Iterator[RenderableType]:
    yield Text(f"before: {clean(step.before)}", style="dim")
    for finding in step.findings:
        edit = finding.proposal
        if edit is not None:
            gone = clean(step.before[edit.start : edit.end])
            came = clean(edit.replacement) or "(nothing)"
            yield Text.assemble(
                (f"  {finding.key}: ", "dim"), (gone, "red strike"), " ", (came, "green")
            )


def stats_table(tallies: Sequence[Tally]) -> RenderableType:
    """What became of findings, each figure with its share of the texts judged or fired on."""
    if not tallies:
        return Text("No check has found anything yet.")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("release", "check", "rule"):
        table.add_column(header, no_wrap=True)
    for header in ("judged", "fired", "repaired", "overridden", "blocked", "called wrong"):
        table.add_column(header, justify="right")
    for one in tallies:
        counts = (one.repaired, one.overridden, one.blocked, one.dismissed)
        table.add_row(
            one.release,
            one.check,
            one.rule,
            str(one.judged),
            _share(one.fired, one.judged),
            *(_share(count, one.fired) for count in counts),
        )
    return table


def _share(count: int, of: int) -> str:
    return f"{count} ({100 * count / of:.0f} %)" if of and count else str(count)
