"""Puts everything together: database, playbook, graphs, checks, channels, tracing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection

from handrail.channels.webhook import Webhook
from handrail.core.clock import Clock, SystemClock
from handrail.core.errors import DatabaseBusyError
from handrail.core.ports import Channel, Dispatcher, Judge
from handrail.core.registry import registered
from handrail.desk.kits import ReleaseKits
from handrail.desk.learning import IntentLearning
from handrail.desk.lock import worker_lock
from handrail.desk.settings import Settings
from handrail.engine.preparing import open_dispatcher, open_writing, prepare
from handrail.engine.service import Engine
from handrail.engine.versions import Graphs
from handrail.engine.writing import DraftsInWriting
from handrail.language.chat_models import open_chat_model
from handrail.language.embeddings import open_encoder
from handrail.language.judges.opening import open_judge
from handrail.language.model_calls import ModelCalls
from handrail.language.usage import Prices
from handrail.playbook.loading import demo_path, load_release
from handrail.playbook.models import Release
from handrail.playbook.records import read_data, read_folder_actions
from handrail.store import customers, releases
from handrail.store.actions import save_actions
from handrail.store.database import Database
from handrail.traces.spans import start_tracing


@asynccontextmanager
async def open_engine(
    *,
    database: str | None = None,
    playbook: Path | str | None = None,
    model: str | None = None,
    work: bool | None = True,
    clock: Clock | None = None,
    settings: Settings | None = None,
    dispatcher: Dispatcher | None = None,
) -> AsyncGenerator[Engine]:
    """Open an engine; the library door, also called ``handrail.open``.

    Args:
        database: SQLAlchemy URL; ``HANDRAIL_DATABASE`` or the embedded one where left out.
        playbook: Folder of a playbook; ``HANDRAIL_PLAYBOOK`` or the demo shop where left out.
        model: Language model, such as ``openai:gpt-5-mini``; ``HANDRAIL_MODEL`` where left out.
        work: Whether this process runs turns in the background. ``False``: the caller calls
            :meth:`Engine.settle`, or another process works. ``None``: only if no other does.
        clock: The system's where left out.
        settings: In place of the environment.
        dispatcher: In place of the database's own: embedded on SQLite, Procrastinate's queue on
            PostgreSQL.

    Raises:
        ConfigurationError: something is not as needed; the text names the mend.
    """
    chosen = settings or Settings()
    url = database or chosen.database_url
    async with AsyncExitStack() as stack:
        db = Database(url)
        stack.callback(db.close)
        works = _take_lock(stack, db, work)
        prepare(db)
        tracing = start_tracing(db) if chosen.trace else None
        if tracing is not None:
            stack.callback(tracing.close)
        ticking = clock or SystemClock()
        release = _load(db, Path(playbook) if playbook else chosen.playbook, ticking)
        waking = dispatcher or open_dispatcher(
            db, ticking, concurrency=chosen.concurrency, drain=chosen.drain_seconds
        )
        stack.push_async_callback(waking.close)
        writing = open_writing(db)
        stack.push_async_callback(writing.close)
        kits = _open_kits(chosen, db, release, model=model or chosen.model, watcher=writing)
        engine = Engine(
            database=db,
            clock=ticking,
            graphs=Graphs(registered("graph").values()),
            kits=kits,
            channels=_channels(chosen),
            dispatcher=waking,
            tracer=tracing.tracer if tracing else None,
            writing=writing,
        )
        if works:
            if model or chosen.model:
                writing.start()
            running = asyncio.create_task(engine.run(), name="handrail-engine")
            stack.push_async_callback(_stop, running)
            learning = asyncio.create_task(IntentLearning(db, kits).run(), name="handrail-learning")
            stack.push_async_callback(_stop, learning)
        yield engine


def _open_kits(
    settings: Settings,
    database: Database,
    release: Release,
    *,
    model: str | None,
    watcher: DraftsInWriting,
) -> ReleaseKits:
    """Open what releases share, model, judge and encoder, and build the active one's kit."""
    calls = _model(settings, model)
    return ReleaseKits(
        database,
        active=release,
        model=calls,
        budget=settings.model_budget,
        cache=settings.home / "models",
        judge=_judge(settings, calls),
        scorer=settings.support_scorer,
        encoder=open_encoder(settings.embeddings) if settings.embeddings else None,
        watcher=watcher,
    )


def _model(settings: Settings, name: str | None) -> ModelCalls | None:
    if not name:
        return None
    prices = Prices(settings.model_input_price, settings.model_output_price)
    return ModelCalls(
        open_chat_model(name),
        timeout_s=settings.model_seconds,
        prices=prices if prices != Prices() else None,
    )


def _judge(settings: Settings, calls: ModelCalls | None) -> Judge | None:
    """Open the judge; a chat model that drafts too is called, and left alone, as one."""

    def opened(name: str) -> ModelCalls:
        if calls is not None and calls.name == name:
            return calls
        return ModelCalls(open_chat_model(name), timeout_s=settings.model_seconds)

    if settings.judge is None:
        return None
    return open_judge(settings.judge, calls=opened, budget=settings.model_budget)


def _channels(settings: Settings) -> dict[str, Channel]:
    """The registered channels, and the webhook with its address and secret."""
    webhook = Webhook(settings.webhook_url, settings.webhook_secret)
    return {**registered("channel"), "webhook": webhook}


def _take_lock(stack: AsyncExitStack, database: Database, work: bool | None) -> bool:
    """Become the working process of an embedded database, if asked to and possible."""
    if work is False:
        return False
    if database.path is None:
        return True
    try:
        stack.enter_context(worker_lock(database.path))
    except DatabaseBusyError:
        if work:
            raise
        return False
    return True


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _load(database: Database, folder: Path | None, clock: Clock) -> Release:
    """Read the playbook, store its release, and import the data beside it."""
    source = folder or demo_path()
    release = load_release(source)
    people, records = read_data(source, release.playbook)
    done = read_folder_actions(source)

    def store(connection: Connection) -> None:
        releases.activate(connection, release, clock.now())
        customers.save_customers(connection, people)
        customers.save_records(connection, records, clock.now())
        save_actions(connection, done)

    database.write_now(store)
    return release
