"""``handrail doctor``: what is there, what is missing, and the mend."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from handrail.desk.cli.running import AsJson, print_json

if TYPE_CHECKING:
    from handrail.desk.settings import Settings


@dataclass(frozen=True)
class Result:
    """What one look found."""

    name: str
    ok: bool
    text: str


def doctor(json: AsJson = False) -> None:
    """Look at everything Handrail needs; exit code 1 where something must be mended."""
    from handrail.core.errors import HandrailError
    from handrail.desk.settings import Settings

    settings = Settings()
    results: list[Result] = []
    for name, look in LOOKS.items():
        try:
            results.append(Result(name, True, look(settings)))
        except HandrailError as error:
            results.append(Result(name, False, f"{error.code}: {error.message}"))
    ok = all(result.ok for result in results)
    if json:
        print_json({"ok": ok, "results": results})
    else:
        for result in results:
            typer.echo(f"{'ok  ' if result.ok else 'MEND'}  {result.name:<10} {result.text}")
    raise typer.Exit(0 if ok else 1)


def _python(_: Settings) -> str:
    from handrail import __version__

    return f"Handrail {__version__} on Python {platform.python_version()}"


def _database(settings: Settings) -> str:
    from handrail.store import migrating
    from handrail.store.database import Database

    database = Database(settings.database_url)
    if database.path is not None and not database.path.is_file():
        return f"{database.path} will be made by `handrail up`"
    try:
        migrating.check_revision(database)
        return f"{database.engine.url!r} at {migrating.revision(database)}"
    finally:
        database.close()


def _worker(settings: Settings) -> str:
    from handrail.core.errors import DatabaseBusyError
    from handrail.desk.lock import worker_lock
    from handrail.store.database import Database

    path = Database(settings.database_url).path
    if path is None or not path.is_file():
        return "none runs here"
    try:
        with worker_lock(path):
            return "none runs; start one with `handrail up`"
    except DatabaseBusyError:
        return "a server is at work on this database"


def _audit(settings: Settings) -> str:
    from handrail.core.errors import IntegrityError
    from handrail.store import audit
    from handrail.store.database import Database

    database = Database(settings.database_url)
    if database.path is not None and not database.path.is_file():
        return "empty"
    try:
        breaks = database.read_now(audit.verify)
    finally:
        database.close()
    if breaks:
        raise IntegrityError(
            f"{len(breaks)} break(s) in the audit chain; see `handrail audit verify`"
        )
    return "the chain is whole"


def _playbook(settings: Settings) -> str:
    from handrail.playbook.loading import demo_path, load_release

    release = load_release(settings.playbook or demo_path())
    kind = "" if settings.playbook else " (the demo shop; name yours in HANDRAIL_PLAYBOOK)"
    return f"{release.name}, {len(release.playbook.intents)} intents, {release.id}{kind}"


def _graphs(_: Settings) -> str:
    from handrail.core.errors import GraphError
    from handrail.core.registry import registered

    found = registered("graph")
    broken = [name for name, graph in found.items() if graph.check()]
    if broken:
        raise GraphError(f"{', '.join(broken)} not safe to run; see `handrail graph check`")
    return f"{', '.join(sorted(found))}: safe to run"


def _model(settings: Settings) -> str:
    from handrail.language.chat_models import open_chat_model

    if settings.model is None:
        return "none; replies come from templates (set HANDRAIL_MODEL for one)"
    open_chat_model(settings.model)
    return settings.model


def _judge(settings: Settings) -> str:
    from handrail.language.judges.opening import open_judge

    if settings.judge is None:
        return "none; paraphrases stay unverified (set HANDRAIL_JUDGE for one)"
    return open_judge(settings.judge).name


def _embeddings(settings: Settings) -> str:
    from handrail.language.embeddings import open_encoder

    if settings.embeddings is None:
        return "none; intents come from words alone (name a folder in HANDRAIL_EMBEDDINGS)"
    encoder = open_encoder(settings.embeddings)
    return f"{settings.embeddings}, {encoder.size} dimensions, {encoder.id}"


def _desk(settings: Settings) -> str:
    import socket

    from handrail.desk.binding import check_binding

    check_binding(settings.host, settings.trusted_user_header)
    with socket.socket() as probe:
        probe.settimeout(0.5)
        busy = probe.connect_ex((settings.host, settings.port)) == 0
    return f"http://{settings.host}:{settings.port} {'answers' if busy else 'is free'}"


def _webhooks(settings: Settings) -> str:
    if not settings.webhook_secret:
        return "off; set HANDRAIL_WEBHOOK_SECRET to take them"
    return f"on; replies go to {settings.webhook_url or 'nowhere: set HANDRAIL_WEBHOOK_URL'}"


LOOKS: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "database": _database,
    "worker": _worker,
    "audit": _audit,
    "playbook": _playbook,
    "graphs": _graphs,
    "model": _model,
    "judge": _judge,
    "embeddings": _embeddings,
    "desk": _desk,
    "webhooks": _webhooks,
}
