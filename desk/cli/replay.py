"""``handrail replay``: try Handrail on recorded conversations before going live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handrail.desk.cli.running import AsJson, print_json, print_rich, run

if TYPE_CHECKING:
    from rich.table import Table

    from handrail.desk.replaying import ReplayReport
    from handrail.desk.transcripts import Transcript


def replay(
    file: Annotated[Path, typer.Argument(help="JSONL file, one conversation a line.")],
    playbook: Annotated[Path | None, typer.Option(help="Folder of the playbook to try.")] = None,
    model: Annotated[str | None, typer.Option(help="Language model to try.")] = None,
    json: AsJson = False,
) -> None:
    """Run each customer turn of recorded conversations, send nothing, and report.

    A line has id, customer, channel, and messages with role and text (and intent, if labelled).
    It and each message may have actions: what had been done before.
    Exit code 1 where a line could not be read; the others are run all the same.
    """
    from handrail.desk.transcripts import read_transcripts

    transcripts, bad = read_transcripts(file)
    for line in bad:
        typer.echo(f"{file}:{line.line}: {line.problem}", err=True)
    report = _with_progress(transcripts, playbook, model)
    if json:
        print_json({**report.as_dict(), "bad_lines": bad})
    else:
        print_rich(_table(report))
    raise typer.Exit(1 if bad else 0)


def _with_progress(
    transcripts: list[Transcript], playbook: Path | None, model: str | None
) -> ReplayReport:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from handrail.desk.replaying import replay as run_replay

    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replaying", total=len(transcripts))
        return run(
            run_replay(
                transcripts,
                playbook=playbook,
                model=model,
                progress=lambda: progress.advance(task),
            )
        )


def _table(report: ReplayReport) -> Table:
    from rich.table import Table

    table = Table("what", "turns", "share", box=None, pad_edge=False)
    total = len(report.turns)

    def add(name: str, count: int) -> None:
        table.add_row(name, str(count), f"{100 * count / total:.1f} %" if total else "")

    table.add_row("conversations", str(report.conversations), "")
    table.add_row("customer turns", str(total), "")
    add("would have been sent", report.count("sent"))
    for title, outcome in (
        ("approval by a person", "review"),
        ("answered by a person", "handed_over"),
        ("failed", "failed"),
        ("no visible text", "unreadable"),
    ):
        add(title, report.count(outcome))
        for reason, count in report.reasons(outcome).items():
            add(f"  {reason}", count)
    table.add_section()
    for key, count in report.findings.items():
        add(f"finding {key}", count)
    table.add_section()
    known, right = report.labelled
    accuracy = f"{100 * right / known:.1f} %" if known else "no labels"
    table.add_row("intent accuracy", f"{right} of {known}", accuracy)
    table.add_row("time per turn", f"p50 {report.percentile(0.5):.1f} ms", "")
    table.add_row("", f"p95 {report.percentile(0.95):.1f} ms", "")
    return table
