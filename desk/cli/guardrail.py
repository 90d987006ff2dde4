"""``handrail guardrail``: what the checks are, what they say of a text, what became of findings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handrail.desk.cli.running import AsJson, print_json, print_rich, run

if TYPE_CHECKING:
    from handrail.guardrails.contract import Check
    from handrail.playbook.models import Release

app = typer.Typer(help="Guardrails: list, show, try, stats.", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option(help="Folder of the playbook; the setting's else.")]
RecordFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Records, YAML or JSON Lines, as for import."),
]
ActionFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="What was done, YAML or JSON Lines."),
]


class ModeName(StrEnum):
    """Who answers."""

    autonomous = "autonomous"
    supervised = "supervised"
    collaborative = "collaborative"
    shadow = "shadow"


@app.command("ls")
def list_checks(playbook: Folder = None, json: AsJson = False) -> None:
    """List the checks, with what each mode does with a finding by default."""
    release = _release(playbook)
    cards = [_card(check, release) for check in _checks().values()]
    if json:
        print_json({"checks": cards})
        return
    from handrail.desk.cli.guardrail_view import list_table

    print_rich(list_table(cards))


@app.command("show")
def show(name: str, playbook: Folder = None, json: AsJson = False) -> None:
    """Show a check: rules, needs, settings, and what each mode does with each severity."""
    known = _checks()
    if name not in known:
        raise typer.BadParameter(f"there is no check {name!r}; known: {', '.join(sorted(known))}")
    card = _card(known[name], _release(playbook))
    if json:
        print_json(card)
        return
    from handrail.desk.cli.guardrail_view import card_text

    print_rich(card_text(card))


@app.command("try")
def try_it(  # noqa: PLR0917 - typer reads options from parameters
    text: str,
    said: Annotated[str, typer.Option(help="What the customer wrote.")] = "",
    records: RecordFile = None,
    actions: ActionFile = None,
    customer: Annotated[
        str | None, typer.Option(help="Whose conversation; the first record's else.")
    ] = None,
    intent: Annotated[str | None, typer.Option(help="The intent that was detected.")] = None,
    mode: Annotated[ModeName, typer.Option(help="Who answers.")] = ModeName.supervised,
    repair: Annotated[bool, typer.Option(help="Apply proposals and judge again.")] = True,
    as_customer: Annotated[
        bool, typer.Option("--as-customer", help="Judge TEXT as what a customer wrote.")
    ] = False,
    playbook: Folder = None,
    json: AsJson = False,
) -> None:
    """Judge a text: findings on marked words, repairs, and what the mode would do.

    Exit code 0 where nothing is found, 1 where something is or a check failed.
    """
    from handrail.desk.guardrail_trial import try_text

    trial = run(
        try_text(
            text,
            _release(playbook),
            said=said,
            records=records,
            actions=actions,
            customer=customer,
            intent=intent,
            mode=mode.value,
            repair=repair,
            as_customer=as_customer,
        )
    )
    if json:
        print_json(trial)
    else:
        from handrail.desk.cli.guardrail_view import trial_text

        print_rich(trial_text(trial))
    repaired = trial.verdict is not None and bool(trial.verdict.repairs)
    raise typer.Exit(1 if trial.findings or trial.report.errored or repaired else 0)


@app.command("stats")
def stats(
    release: Annotated[str | None, typer.Option(help="Only this release, by its id.")] = None,
    json: AsJson = False,
) -> None:
    """Count per release, check and rule: fired, repaired, overridden, blocked, called wrong.

    All figures count texts; ``judged`` is what they are shares of.
    """
    from handrail.desk.cli.db import existing
    from handrail.store.feedback import tallies

    found = existing().read_now(lambda c: tallies(c, release=release))
    if json:
        print_json({"rules": found})
        return
    from handrail.desk.cli.guardrail_view import stats_table

    print_rich(stats_table(found))


def _checks() -> dict[str, Check[Any]]:
    from handrail.core.registry import registered

    return dict(sorted(registered("check").items()))


def _release(folder: Path | None) -> Release:
    from handrail.desk.settings import Settings
    from handrail.playbook.loading import demo_path, load_release

    return load_release(folder or Settings().playbook or demo_path())


def _card(check: Check[Any], release: Release) -> dict[str, Any]:
    """What a check says of itself, with what the modes do and what the playbook sets."""
    from dataclasses import asdict

    from handrail.core.verdict import SEVERITY_ORDER
    from handrail.desk.guardrail_trial import MODES, action
    from handrail.guardrails.describing import describe

    book = release.playbook
    card = describe(check)
    severities = {rule.severity for rule in card.rules} | {check.severity}
    return {
        **asdict(card),
        "actions": {
            mode: {
                severity: action(mode, check.stage, check.id, severity, book)
                for severity in SEVERITY_ORDER
                if severity in severities
            }
            for mode in MODES
        },
        "set": book.guardrails.checks.get(check.id, {}),
    }
