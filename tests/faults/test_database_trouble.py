"""A database that goes away, is held, full or read-only while the engine works."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, event, text

import handrail
from handrail.core.errors import (
    DatabaseFullError,
    DatabaseReadOnlyError,
    DatabaseUnavailableError,
)
from handrail.desk.app import create_app
from handrail.desk.settings import Settings
from handrail.desk.testing import World, open_world, refusal
from handrail.engine import work
from handrail.store import audit, database
from handrail.store import tables as t
from handrail.store.database import Database

ASKS = "Where is my order?"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that keeps the trained classifier."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.postgres
async def test_a_server_that_goes_away_and_comes_back(own_postgres: Any, home: Path) -> None:
    """The doors say 503 meanwhile; then everything goes on without a restart of ours."""
    settings = Settings(home=home, database=own_postgres.url)
    async with handrail.open(settings=settings) as engine:
        app = create_app(engine, settings)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
            await browser.get("/chat")
            assert (await say(browser, "What is your return policy?", "first")).status_code == 200
            await answered(browser, 1)
            told = asyncio.create_task(next_change(engine))
            await asyncio.sleep(0.1)
            own_postgres.stop()
            for _ in range(3):  # more often than a dead connection could explain
                refused = await say(browser, "How much is shipping?", "second")
                assert refused.status_code == 503
                assert refused.json()["error"]["code"] == "HR210"
                assert int(refused.headers["Retry-After"]) > 0
            page = await browser.get("/desk", headers={"accept": "text/html"})
            assert (page.status_code, "Traceback" in page.text) == (503, False)
            assert not told.done()
            own_postgres.start()
            assert (await say(browser, "How much is shipping?", "second")).status_code == 200
            await answered(browser, 2)
            assert await asyncio.wait_for(told, 10)
        assert await engine.database.read(audit.verify) == []


async def say(browser: httpx.AsyncClient, words: str, name: str) -> httpx.Response:
    return await browser.post("/api/v1/chat/messages", json={"text": words, "id": name})


async def answered(browser: httpx.AsyncClient, times: int) -> None:
    """Wait until the AI has answered so often."""
    async with asyncio.timeout(40):
        while True:
            answer = await browser.get("/api/v1/chat/messages")
            if answer.status_code == 200:
                roles = [message["role"] for message in answer.json()["messages"]]
                if roles.count("ai") == times:
                    return
            await asyncio.sleep(0.05)


async def next_change(engine: Any) -> Any:
    return await anext(engine.changes(await engine.last_change()))


async def stored(world: World) -> list[str]:
    return [row["text"] for row in await world.rows(t.messages) if row["role"] == "customer"]


async def test_another_writer_holds_on(
    database_url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    async with open_world(database_url, home) as world:
        await world.ask(ASKS)
        with holding(world.engine.database):
            error = await refusal(world.say("refused", name="again"))
            assert isinstance(error, DatabaseUnavailableError)
            assert error.details["retry_after"] > 0
        await world.say("taken", name="again")
        assert await stored(world) == [ASKS, "taken"]


@contextmanager
def holding(held: Database) -> Generator[None]:
    """Another program is in a transaction that writes."""
    other = create_engine(held.url)
    with other.connect() as connection:
        connection.execute(text("UPDATE conversations SET summary = 'held'"))
        yield
        connection.rollback()
    other.dispose()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other accounts can look into, as pytest's own is not."""
    made = Path(tempfile.mkdtemp(prefix="handrail-faults-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


async def test_a_database_that_takes_no_changes(
    backend: str, folder: Path, home: Path, request: pytest.FixtureRequest
) -> None:
    on_postgres = backend == "postgres"
    url = request.getfixturevalue("database_url") if on_postgres else f"sqlite:///{folder}/some.db"
    async with open_world(url, home) as world:
        held = world.engine.database
        await world.ask(ASKS)
        with read_only(held):
            error = await refusal(world.say("refused", name="again"))
            assert isinstance(error, DatabaseReadOnlyError)
            if on_postgres:  # SQLite writes in its log to read
                assert await stored(world) == [ASKS]
        await world.say("taken", name="again")
        await world.work()
        assert await stored(world) == [ASKS, "taken"]
        assert await held.read(audit.verify) == []


@contextmanager
def read_only(held: Database) -> Generator[None]:
    """New connections cannot write."""
    if held.path is None:
        for_all = f'ALTER DATABASE "{held.engine.url.database}" SET default_transaction_read_only'
        administrator = create_engine(
            held.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT"
        )
        with administrator.connect() as connection:
            connection.execute(text(f"{for_all} = on"))
            held.disconnect()
            yield
            connection.execute(text(f"{for_all} = off"))
        administrator.dispose()
    else:
        held.disconnect()
        with read_only_file(held.path):
            yield
    held.disconnect()


@contextmanager
def read_only_file(file: Path) -> Generator[None]:
    """The file's mode counts, even for root."""
    file.chmod(0o444)
    file.parent.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        file.parent.chmod(0o755)
        file.chmod(0o644)


async def test_a_full_file(sqlite_url: str, home: Path) -> None:
    """As a full disk, for an account that may not mount one."""
    async with open_world(sqlite_url, home) as world:
        held = world.engine.database

        @event.listens_for(held.engine, "connect")
        def limit(connection: Any, _: Any) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 40}")

        held.disconnect()
        await fill_up(world)
        event.remove(held.engine, "connect", limit)
        held.disconnect()
        await room_again(world)


@pytest.mark.postgres
async def test_a_full_disk(
    backend: str, small_disk: Path, request: pytest.FixtureRequest, home: Path
) -> None:
    url = f"sqlite:///{small_disk}/handrail.db"
    if backend == "postgres":
        url = on_small_disk(request.getfixturevalue("own_postgres"), small_disk)
    async with open_world(url, home) as world:
        await fill_up(world)
        make_larger(small_disk)
        await room_again(world)


def on_small_disk(server: Any, disk: Path) -> str:
    """A database of which all tables lie on the small disk."""
    shutil.chown(disk, server.account)
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE TABLESPACE small LOCATION '{disk}'"))
        connection.execute(text("CREATE DATABASE small TABLESPACE small"))
    engine.dispose()
    return f"{server.url.rpartition('/')[0]}/small"


@pytest.fixture
def small_disk(backend: str, folder: Path) -> Iterator[Path]:
    """A disk of a few megabytes."""
    size = "4m" if backend == "sqlite" else "16m"
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this account may mount no disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def make_larger(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=99m", disk], check=True)


async def fill_up(world: World) -> None:
    """Write until there is no room: what was accepted is there, what was refused is not."""
    accepted: list[str] = []
    for number in range(2_000):
        words = f"{number} {os.urandom(9_000).hex()}"
        said = await refusal(world.say(words, name=f"filling{number}"))
        if isinstance(said, Exception):
            assert isinstance(said, DatabaseFullError), said
            assert said.http_status == 507
            break
        accepted.append(words)
    else:
        pytest.fail("the disk never got full")
    assert await stored(world) == accepted
    assert len(accepted) > 3


async def room_again(world: World) -> None:
    """After the mend the engine goes on."""
    before = await stored(world)
    await world.say("there is room again")
    assert await stored(world) == [*before, "there is room again"]
    assert await world.engine.database.read(audit.verify) == []


async def test_a_database_that_is_away_when_work_begins(
    sqlite_url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine waits for it, and then takes up what is there."""
    tried: list[str] = []

    async with open_world(sqlite_url, home) as world:
        recover = world.engine.recover

        async def away_at_first() -> None:
            tried.append("")
            if len(tried) == 1:
                raise DatabaseUnavailableError("the database is away")
            await recover()

        monkeypatch.setattr(world.engine, "recover", away_at_first)
        monkeypatch.setattr(work, "SWEEP_SECONDS", 0.01)
        await world.say(ASKS)
        running = asyncio.create_task(world.engine.run())
        async with asyncio.timeout(20):
            while not world.postbox.delivered:  # noqa: ASYNC110 - a fake without events
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait({running})

    assert len(tried) == 2
