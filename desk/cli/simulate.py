"""``handrail simulate``: try graphs and playbook on simulated customers, agents and faults."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handrail.desk.cli.running import AsJson, print_json, print_rich, run

if TYPE_CHECKING:
    from rich.table import Table

    from handrail.desk.simulation.report import SimulationReport
    from handrail.desk.simulation.scenario import Scenario


def simulate(
    scenario: Annotated[
        str, typer.Argument(help="YAML file, or one that ships: rush, calm, outage.")
    ] = "rush",
    playbook: Annotated[Path | None, typer.Option(help="Folder of the playbook to try.")] = None,
    seed: Annotated[int | None, typer.Option(help="In place of the scenario's own.")] = None,
    json: AsJson = False,
) -> None:
    """Let simulated people write and decide while things fail, and check the promises.

    Time is simulated, nothing leaves, and the same seed gives the same run.
    Exit code 1 where a promise was broken.
    """
    from handrail.desk.settings import Settings
    from handrail.desk.simulation.scenario import find_scenario, load_scenario
    from handrail.playbook.loading import demo_path, load_release

    path = find_scenario(scenario)
    folder = playbook or Settings().playbook or demo_path()
    read = load_scenario(path, load_release(folder).playbook)
    if seed is not None:
        read = read.model_copy(update={"seed": seed})
    typer.echo(f"scenario {path.stem}, seed {read.seed}", err=True)
    report = _with_progress(read, path.stem, folder)
    if json:
        print_json(report.as_dict())
    else:
        print_rich(_table(report))
        for line in report.breaches:
            typer.echo(line)
    raise typer.Exit(1 if report.breaches else 0)


def _with_progress(scenario: Scenario, name: str, playbook: Path) -> SimulationReport:
    import logging

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from handrail.desk.simulation.driving import simulate as run_simulation

    # Failures are injected by the hundred; they are counted, and need no trace each.
    logging.getLogger("handrail.engine").setLevel(logging.CRITICAL)
    columns = (
        TextColumn("simulating"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} minutes"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("simulating", total=scenario.minutes)
        return run(
            run_simulation(
                scenario,
                name=name,
                playbook=playbook,
                progress=lambda minutes: progress.update(
                    task, completed=min(minutes, scenario.minutes)
                ),
            )
        )


def _table(report: SimulationReport) -> Table:
    from rich.table import Table

    table = Table("what", "count", "", box=None, pad_edge=False)
    table.add_row("seed", str(report.seed), f"story {report.story}")
    table.add_row("simulated minutes", f"{report.minutes:.0f}")
    table.add_row("conversations", str(report.conversations))
    table.add_row("messages", str(report.messages), f"and {report.duplicates} duplicates")
    for title, counts in (
        ("turns", report.turns),
        ("replies", report.replies),
        ("reviews", report.reviews),
        ("decisions", report.decisions),
        ("refused", report.refused),
        ("faults", report.injected),
        ("engine errors", report.errors),
    ):
        table.add_row(title, str(sum(counts.values())))
        for name, count in counts.items():
            table.add_row(f"  {name}", str(count))
    table.add_section()
    for one in report.invariants:
        held = f"{len(one.breaches)} broken" if one.breaches else "holds"
        table.add_row(f"{one.promise} {one.says}", str(one.looked_at), held)
    return table
