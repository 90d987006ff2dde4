"""``handrail db size | prune | erase | vacuum | backup | restore``: a small and safe database."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handrail.desk.cli.running import AsJson, print_json, print_rich

if TYPE_CHECKING:
    from handrail.store.audit import Break
    from handrail.store.removal import Erased
    from handrail.store.sizes import Size

Days = Annotated[int | None, typer.Option(min=0, help="Days; the setting where left out, 0 keeps.")]
File = Annotated[Path, typer.Argument(help="The backup.")]


def size(json: AsJson = False) -> None:
    """Show how much room each table takes, and how much a conversation and a turn are."""
    from handrail.desk.cli.db import existing
    from handrail.store import sizes

    measured = sizes.measure(existing())
    if json:
        print_json(measured)
    else:
        _show(measured)


def prune(
    spans: Days = None, conversations: Days = None, dry_run: bool = False, json: AsJson = False
) -> None:
    """Remove what nothing needs, and what is older than the operator keeps it.

    Checkpoints that no run goes on from, timers that fired, changes that every page has seen,
    old spans, and conversations in which nothing happened for long. A server may work meanwhile.
    """
    from datetime import UTC, datetime, timedelta

    from handrail.desk.cli.db import existing
    from handrail.desk.settings import Settings
    from handrail.engine import pruning

    settings = Settings()
    kept = [
        settings.retention_span_days if spans is None else spans,
        settings.retention_conversation_days if conversations is None else conversations,
    ]
    ages = [timedelta(days=days) if days else None for days in kept]
    retention = pruning.Retention(spans=ages[0], conversations=ages[1])
    database = existing()
    done: dict[str, int] = {}
    rules = pruning.rules(database, retention, actor="handrail db prune", now=datetime.now(UTC))
    for rule in rules:
        found = pruning.count(database, rule)
        done[rule.name] = found
        if not dry_run:
            with _bar(rule.name) as advance:
                done[rule.name] = 0
                for removed in pruning.carry_out(database, rule):
                    done[rule.name] += removed
                    advance(done[rule.name], max(found, done[rule.name]))
    if json:
        print_json({"dry_run": dry_run, "removed": done})
    else:
        verb = "would remove" if dry_run else "removed"
        for name, number in done.items():
            what = "conversations' checkpoints" if name == "checkpoints" else name
            typer.echo(f"{verb} {number:,} {what.replace('_', ' ')}")


def erase(
    customer: Annotated[str, typer.Argument(help="Id, or an address they write from.")],
    dry_run: bool = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: AsJson = False,
) -> None:
    """Erase a customer: messages, drafts, reviews, replies, checkpoints, traces, records.

    It cannot be taken back; backups and what channels hold are not reached. A server may work.
    """
    from datetime import UTC, datetime

    from handrail.desk.cli.db import existing
    from handrail.desk.settings import Settings
    from handrail.desk.upkeep import erase as erase_for_good
    from handrail.engine import erasing

    now = datetime.now(UTC)
    with closing(existing()) as database:
        who = database.read_now(lambda connection: erasing.find_customer(connection, customer))
        erased = erasing.erase(database, who, actor="nobody", now=now, rehearsed=True)
        if not dry_run:
            if not yes:
                _confirm(who, erased)
            erased = erase_for_good(database, who, models=Settings().home / "models", now=now)
    if json:
        print_json({"dry_run": dry_run, "customer": who, "removed": erased.rows})
        return
    verb = "would remove" if dry_run else "removed"
    for name, number in sorted(erased.rows.items()):
        if number:
            typer.echo(f"{verb} {number:,} {name.replace('_', ' ')}")


def _confirm(who: str, erased: Erased) -> None:
    """Ask on the error channel, so that output stays clean."""
    many = f"{len(erased.conversations)} conversation(s), {sum(erased.rows.values()):,} rows"
    typer.confirm(f"Erase {who} with {many} for good?", abort=True, err=True)


def vacuum(json: AsJson = False) -> None:
    """Give room that is not used any more back to the disk."""
    from handrail.desk.cli.db import existing
    from handrail.desk.upkeep import vacuum as give_back

    done = give_back(existing())
    if json:
        print_json(done)
    else:
        typer.echo(f"{done.before:,} bytes before, {done.after:,} after")
        if done.problem:
            typer.echo(done.problem, err=True)


def backup(file: File, json: AsJson = False) -> None:
    """Write a verified copy, while a server works if one does; nothing is overwritten."""
    from handrail.desk.cli.db import existing
    from handrail.desk.restoring import back_up

    with _bar("copying") as advance:
        breaks = back_up(existing(), file, advance)
    if json:
        print_json({"file": str(file), "bytes": file.stat().st_size, "breaks": breaks})
    else:
        typer.echo(f"{file}: {file.stat().st_size:,} bytes, verified")
    _exit(breaks)


def restore(file: File, json: AsJson = False) -> None:
    """Put a backup in the database's place; what was unfinished in it waits for people."""
    from datetime import UTC, datetime

    from handrail.desk.restoring import restore as put_back
    from handrail.desk.settings import Settings
    from handrail.store.database import Database

    database = Database(Settings().database_url)
    with _bar("copying") as advance:
        done = put_back(database, file, datetime.now(UTC), advance)
    if json:
        print_json(done)
    else:
        held = done.held
        typer.echo(f"restored from {file}; what was there before is in {done.kept}")
        typer.echo(
            f"{held.replies} reply(s) were held back, {held.conversations} conversation(s) wait for"
            f" a person, {held.reviews} open review(s) are marked: see `handrail inbox list`"
        )
    _exit(done.breaks)


def _exit(breaks: list[Break] | tuple[Break, ...]) -> None:
    for item in breaks:
        typer.echo(f"the audit chain does not hold: {item}", err=True)
    raise typer.Exit(1 if breaks else 0)


@contextmanager
def _bar(name: str) -> Generator[Callable[[int, int], None]]:
    """Show how far something is, on the error channel so that output stays clean."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(name.replace("_", " "), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _show(measured: Size) -> None:
    from rich.table import Table

    tables = Table("table", "part", "rows", "bytes")
    for item in measured.tables:
        tables.add_row(item.name, item.part, f"{item.rows:,}", _bytes(item.bytes))
    print_rich(tables)
    shares = Table("part", "bytes", "per conversation", "per turn")
    for name, share in measured.parts.items():
        shares.add_row(name, *map(_bytes, (share.bytes, share.per_conversation, share.per_turn)))
    print_rich(shares)
    typer.echo(
        f"{measured.bytes:,} bytes ({measured.free:,} free, log {measured.log:,}), "
        f"{measured.conversations:,} conversations, {measured.turns:,} turns"
    )


def _bytes(value: Any) -> str:
    return "?" if value is None else f"{value:,.0f}"
