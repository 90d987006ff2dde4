"""With PostgreSQL every desk that has a conversation open sees its draft in writing, no other."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from handrail.core.decisions import Reject
from handrail.desk.api import stream
from handrail.desk.app import create_app
from handrail.desk.doors import Desk
from handrail.desk.settings import Settings
from handrail.engine import shared_drafts
from handrail.engine.service import Engine
from handrail.engine.shared_drafts import LOOKING, WRITING, SharedDrafts
from handrail.store.database import Database
from tests.integration.drafting import (
    ANA,
    FIRST,
    Lines,
    Writer,
    ask,
    opened,
    request,
    visitor_of,
)

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("backend", ["postgres"])]

BROWSER = Path(__file__).parent.parent / "browser"


class Wire:
    """All that is sent between the processes."""

    def __init__(self) -> None:
        self.drafts: list[str] = []
        self.looks: list[list[str]] = []

    async def hear(self, connection: psycopg.AsyncConnection) -> None:
        """Keep what is sent until cancelled."""
        async for notice in connection.notifies():
            if notice.channel == WRITING:
                self.drafts.append(notice.payload)
            else:
                self.looks.append(notice.payload.split()[1:])


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Wire]:
    address = make_url(database_url).set(drivername="postgresql")
    async with await psycopg.AsyncConnection.connect(
        address.render_as_string(), autocommit=True
    ) as connection:
        await connection.execute(f"LISTEN {WRITING}")
        await connection.execute(f"LISTEN {LOOKING}")
        made = Wire()
        task = asyncio.create_task(made.hear(connection))
        yield made
        task.cancel()


@asynccontextmanager
async def doors(home: Path, url: str, *, work: bool) -> AsyncGenerator[Desk]:
    """A desk in front of an engine that may work too."""
    async with opened(home, url, work=work) as engine:
        desk = create_app(engine, Settings(home=home)).state.desk
        yield desk
        await desk.feed.close()


@asynccontextmanager
async def working(home: Path, url: str) -> AsyncGenerator[None]:
    """Run ``handrail worker`` with a model that writes a sentence every second."""
    env = {
        **os.environ,
        "HANDRAIL_HOME": str(home),
        "HANDRAIL_DATABASE": url,
        "HANDRAIL_MODEL": "function:writing_model:answer",
        "PYTHONPATH": str(BROWSER),
    }
    run = "from handrail.desk.cli import main; main()"
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", run, "worker", stdout=PIPE, env=env
    )
    assert worker.stdout is not None
    try:
        assert b"at work" in await worker.stdout.readline()
        yield
    finally:
        worker.terminate()
        assert await worker.wait() == 0


async def page(desk: Desk, conversation: str) -> Lines:
    """Open a conversation at a desk; wait until the others know."""
    lines = Lines(await stream.follow(request(), desk, ANA, conversation))
    await lines.has('"text": null')
    lines.sent.clear()
    return lines


async def until(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not done():  # noqa: ASYNC110 - any condition
            await asyncio.sleep(0.01)


async def answer(desk: Desk, conversation: str) -> None:
    """Have the draft that waits for a person written anew."""
    review = next(r for r in await desk.engine.reviews() if r.conversation_id == conversation)
    await desk.engine.decide(
        review.id,
        version=review.version,
        digest=review.digest,
        decision=Reject(reason="Say it in another way"),
        actor="Ana",
    )


async def reviewed(engine: Engine, number: int) -> None:
    """Wait until so many drafts wait for a person."""
    async with asyncio.timeout(30):
        while len(await engine.reviews()) < number:  # noqa: ASYNC110 - asks the database
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("work", [False, True], ids=["doors only", "doors that work"])
async def test_two_desks_and_two_workers(
    home: Path, database_url: str, writer: Writer, wire: Wire, work: bool
) -> None:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(doors(home, database_url, work=work))
        two = await stack.enter_async_context(doors(home, database_url, work=work))
        crew = [
            await stack.enter_async_context(opened(home, database_url, work=True)) for _ in range(2)
        ]
        writer.go_on.set()
        shown = await ask(one, await visitor_of(one.engine, "cust_003"))
        other = await ask(
            one, await visitor_of(one.engine, "cust_001"), "I want a refund of LF1001"
        )
        await reviewed(one.engine, 2)
        assert wire.drafts == wire.looks == [], "nobody looked"
        writer.go_on.clear()
        pages = [await page(one, shown), await page(two, shown)]
        seers = [*crew, one.engine, two.engine]
        await until(lambda: all(engine.writing.watched(shown) for engine in seers))
        assert not any(engine.writing.watched(other) for engine in crew)
        await answer(one, shown)
        await answer(one, other)
        for lines in pages:
            await lines.has(f'"text": "{FIRST["text"]}"')
        writer.go_on.set()
        for lines in pages:
            await lines.has('"text": null')
        await reviewed(one.engine, 2)
        assert wire.drafts
        assert all(shown in sent for sent in wire.drafts)
        assert not any(other in sent for sent in wire.drafts), "nobody has it open"
        for lines in pages:
            assert other not in "".join(line for line in lines.sent if "writing" in line)
            await lines.close()
        await until(lambda: not any(engine.writing.watched(shown) for engine in crew))


@pytest.mark.usefixtures("writer")
async def test_a_worker_process_is_seen_from_the_doors(home: Path, database_url: str) -> None:
    async with working(home, database_url), doors(home, database_url, work=False) as desk:
        shown = await ask(desk, await visitor_of(desk.engine))
        await reviewed(desk.engine, 1)
        lines = await page(desk, shown)
        await answer(desk, shown)
        await lines.has("is on its way. Refunds take ninety days.")
        await lines.has('"text": null')
        await lines.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not said again is forgotten soon."""
    monkeypatch.setattr(shared_drafts, "BEAT", 0.2)
    monkeypatch.setattr(shared_drafts, "FORGOTTEN", 0.6)
    monkeypatch.setattr(shared_drafts, "PAUSE", 0.1)


@pytest.fixture
async def pair(database_url: str) -> AsyncIterator[tuple[SharedDrafts, SharedDrafts]]:
    """A desk's and a writer's end."""
    database = Database(database_url)
    ends = SharedDrafts(database), SharedDrafts(database)
    yield ends
    for end in ends:
        await end.close()
    database.close()


@pytest.mark.usefixtures("hurried")
async def test_a_lost_connection_costs_a_moment(
    pair: tuple[SharedDrafts, SharedDrafts], database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk, model = pair
    model.start()
    with desk.watching("c1", lambda: None):
        await until(lambda: model.watched("c1"))
        model.writing("c1", "The zebra.")
        await until(lambda: desk.text("c1") == "The zebra.")
        address = make_url(database_url).set(drivername="postgresql").render_as_string()
        with psycopg.connect(address, autocommit=True) as other:
            ended = other.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchone()
        assert ended is not None
        assert ended[0] >= 3
        model.writing("c1", "The zebra. It runs.")
        await until(lambda: desk.text("c1") == "The zebra. It runs.")
        model.written("c1")
        await until(lambda: desk.text("c1") is None)
    assert "drafts that other processes write cannot be seen" in caplog.text
    assert "zebra" not in caplog.text


@pytest.mark.usefixtures("hurried")
async def test_who_died_is_forgotten(pair: tuple[SharedDrafts, SharedDrafts]) -> None:
    desk, model = pair
    model.start()
    told: list[str | None] = []
    with desk.watching("c1", lambda: told.append(desk.text("c1"))):
        model.writing("c1", "One.")
        await until(lambda: desk.text("c1") == "One.")
        await model.close()
        await until(lambda: desk.text("c1") is None)
        assert told == [None, "One.", None]
        model.start()
        await until(lambda: desk.text("c1") == "One.")
        await desk.close()
        await until(lambda: not model.watched("c1"))


async def test_a_fast_writer_is_told_of_four_times_a_second(
    pair: tuple[SharedDrafts, SharedDrafts], wire: Wire
) -> None:
    desk, model = pair
    model.start()
    with desk.watching("c1", lambda: None):
        await until(lambda: model.watched("c1"))
        written = ""
        for number in range(100):
            written += f"Sentence {number} has “words”. "
            model.writing("c1", written * 4)
            await asyncio.sleep(0.01)
        await until(lambda: (desk.text("c1") or "").endswith(written[-100:]))
    assert 2 <= len(wire.drafts) <= 8
    assert all(len(sent.encode()) < 8_000 for sent in wire.drafts)


async def test_what_is_looked_at_where_it_is_written_is_not_sent(
    pair: tuple[SharedDrafts, SharedDrafts], wire: Wire
) -> None:
    alone, other = pair
    other.start()
    with alone.watching("c1", lambda: None), other.watching("c2", lambda: None):
        await until(lambda: alone.watched("c2"))
        alone.writing("c1", "The zebra.")
        alone.writing("c2", "The lion.")
        await until(lambda: other.text("c2") == "The lion.")
        assert alone.text("c1") == "The zebra."
        assert other.text("c1") is None
    assert not any("zebra" in sent for sent in wire.drafts)


async def test_what_cannot_be_told_is_in_no_log(
    pair: tuple[SharedDrafts, SharedDrafts],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk, model = pair
    model.start()

    async def refuse(_: object) -> None:
        raise SQLAlchemyError("[parameters: {'payload': 'The zebra.'}]")

    with desk.watching("c1", lambda: None):
        await until(lambda: model.watched("c1"))
        monkeypatch.setattr(Database, "write", lambda self, work: refuse(work))
        model.writing("c1", "The zebra.")
        await until(lambda: "not told of: SQLAlchemyError" in caplog.text)
    assert "zebra" not in caplog.text
