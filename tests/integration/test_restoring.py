"""A backup is whole, and after a restore nothing happens twice without a person seeing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from handrail.core.decisions import Approve, Respond
from handrail.core.errors import (
    ConfigurationError,
    DatabaseBusyError,
    DatabaseDamagedError,
    DatabaseVersionError,
    LeaseLostError,
    StaleDecisionError,
)
from handrail.desk import restoring
from handrail.desk.lock import worker_lock
from handrail.desk.testing import World, open_world, refusal
from handrail.engine import gate
from handrail.engine.holding_back import JUMP, Held
from handrail.store import audit, backups
from handrail.store import tables as t
from handrail.store.database import Database

NOW = datetime(2026, 1, 6, 9, 0, tzinfo=UTC)
PAUSES = "Please cancel my order LF1001"


def silent(done: int, pages: int) -> None:
    """No progress bar."""


def back_up(url: str, file: Path) -> None:
    database = Database(url)
    try:
        assert restoring.back_up(database, file, silent) == []
    finally:
        database.close()


def put_back(url: str, file: Path) -> restoring.Restored:
    database = Database(url)
    try:
        return restoring.restore(database, file, NOW, silent)
    finally:
        database.close()


def is_private(file: Path) -> bool:
    return file.stat().st_mode & 0o077 == 0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup"


@pytest.fixture(autouse=True)
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dumps of what a restore replaces go to the working directory."""
    monkeypatch.chdir(tmp_path)


async def approved_reply(world: World, url: str, file: Path) -> None:
    """A reply waits for its undo window when the backup is made, and leaves afterwards."""
    await world.ask(PAUSES)
    await world.decide(await world.only_review(), Approve())
    await world.engine.settle()
    back_up(url, file)
    await world.work()


async def unanswered_message(world: World, url: str, file: Path) -> None:
    """A message waits for its turn when the backup is made, and is answered afterwards."""
    await world.say("Where is my order?")
    back_up(url, file)
    await world.work()


async def open_review(world: World, url: str, file: Path) -> None:
    """A review is open when the backup is made, and is approved afterwards."""
    await world.ask(PAUSES)
    back_up(url, file)
    await world.decide(await world.only_review(), Approve())
    await world.work()


Story = Callable[[World, str, Path], Awaitable[None]]


async def twice_delivered(story: Story, url: str, home: Path, file: Path) -> bool:
    """Whether a reply that had left leaves again after the restore, nobody having decided."""
    async with open_world(url, home) as world:
        await story(world, url, file)
        assert len(world.postbox.delivered) == 1
    put_back(url, file)
    async with open_world(url, home) as world:
        world.clock.set(NOW)
        await world.work()
        if world.postbox.delivered:
            return True
        (review,) = await world.engine.reviews()
        assert "backup" in review.explanation
        assert await world.engine.database.read(audit.verify) == []
    return False


@pytest.mark.parametrize("story", [approved_reply, unanswered_message, open_review])
async def test_nothing_goes_out_twice_by_itself(
    story: Story, database_url: str, model_cache: Path, file: Path
) -> None:
    assert not await twice_delivered(story, database_url, model_cache, file)


@pytest.mark.parametrize("story", [approved_reply, unanswered_message])
async def test_without_holding_back_it_would(
    story: Story, sqlite_url: str, model_cache: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "hold_back", lambda *_: Held(0, 0, 0))
    assert await twice_delivered(story, sqlite_url, model_cache, file)


async def test_a_person_answers_what_was_not(
    sqlite_url: str, model_cache: Path, file: Path
) -> None:
    async with open_world(sqlite_url, model_cache) as world:
        await unanswered_message(world, sqlite_url, file)
    put_back(sqlite_url, file)
    async with open_world(sqlite_url, model_cache) as world:
        world.clock.set(NOW)
        review = await world.only_review()
        assert review.reason == "failure:restored"
        await world.decide(review, Respond(text="Hello Ada, your parcel is on its way."))
        await world.work()
        assert len(world.postbox.delivered) == 1


async def test_a_run_and_a_page_of_before_are_too_late(
    database_url: str, model_cache: Path, file: Path
) -> None:
    async with open_world(database_url, model_cache) as world:
        await world.ask(PAUSES)
        seen = await world.only_review()
        back_up(database_url, file)
        accepted = await world.say("And where is it?")
        lease = await world.engine.database.write(
            lambda c: gate.claim(
                c, accepted.conversation_id, owner="old", release="rel", now=world.clock.now()
            )
        )
        assert lease is not None
    put_back(database_url, file)
    async with open_world(database_url, model_cache) as world:
        (row,) = await world.rows(t.conversations)
        assert row["fence"] > lease.fence + JUMP / 2
        late = world.engine.database.write(lambda c: gate.locked(c, lease))
        assert isinstance(await refusal(late), LeaseLostError)
        assert isinstance(await refusal(world.decide(seen, Approve())), StaleDecisionError)
        await world.decide(await world.only_review(), Approve())
        await world.work()
        assert len(world.postbox.delivered) == 1


async def test_what_was_there_before_is_kept(
    sqlite_url: str, model_cache: Path, file: Path
) -> None:
    async with open_world(sqlite_url, model_cache) as world:
        back_up(sqlite_url, file)
        await world.say("Written after the backup")
    done = put_back(sqlite_url, file)
    assert ".before-restore-20260106T090000" in done.kept.name
    with closing(sqlite3.connect(done.kept)) as before:
        assert before.execute("SELECT COUNT(*) FROM messages").fetchone() == (1,)
    async with open_world(sqlite_url, model_cache) as world:
        assert await world.rows(t.messages) == []


async def test_a_backup_is_of_one_moment_and_ends_beside_a_writer(
    sqlite_url: str, model_cache: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "PAGES", 5)
    steps: list[int] = []
    async with open_world(sqlite_url, model_cache) as world:
        database = world.engine.database
        assert database.path is not None

        def write(done: int, _: int) -> None:
            steps.append(done)
            name = f"during{len(steps)}"
            database.write_now(lambda c: c.execute(t.customers.insert().values(id=name)))

        assert backups.back_up(database.path, file, write) == []
        assert len(await world.rows(t.customers)) > len(steps)
    assert len(steps) > 10
    assert steps == sorted(steps)  # it never began anew
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copied:
        during = copied.execute("SELECT COUNT(*) FROM customers WHERE id LIKE 'during%'")
        assert during.fetchone() == (0,)
    assert sorted(path.name for path in file.parent.glob("backup*")) == ["backup"]
    assert is_private(file)


def test_a_backup_overwrites_nothing(database_url: str, file: Path) -> None:
    file.write_text("precious")
    with pytest.raises(ConfigurationError, match="is there already"):
        back_up(database_url, file)
    assert file.read_text() == "precious"


def test_a_damaged_database_makes_no_backup(
    sqlite_template: Path, tmp_path: Path, file: Path
) -> None:
    damaged = tmp_path / "damaged.db"
    content = bytearray(sqlite_template.read_bytes())
    content[8192:40960] = b"\x55" * (40960 - 8192)
    damaged.write_bytes(content)
    with pytest.raises(DatabaseDamagedError):
        backups.back_up(damaged, file, silent)
    assert list(tmp_path.glob("backup*")) == []


def test_a_restore_is_refused_while_somebody_works(database_url: str, file: Path) -> None:
    back_up(database_url, file)
    other = Database(database_url)
    try:
        if other.path is not None:
            with worker_lock(other.path), pytest.raises(DatabaseBusyError):
                put_back(database_url, file)
        else:
            with other.engine.connect(), pytest.raises(DatabaseBusyError):
                put_back(database_url, file)
    finally:
        other.close()


def test_a_newer_backup_is_refused(database_url: str, file: Path) -> None:
    database = Database(database_url)
    moved = "UPDATE alembic_version SET version_num = '9999'"
    database.write_now(lambda c: c.execute(text(moved)))
    if database.path is None:
        restoring.postgres_programs.dump(database, file)
    else:
        backups.copy(database.path, file, silent)
    database.write_now(lambda c: c.execute(text(moved.replace("9999", "0001"))))
    database.close()
    with pytest.raises(DatabaseVersionError, match="newer"):
        put_back(database_url, file)


@pytest.mark.parametrize("content", [b"not a backup", b"", b"\x00" * 5000])
def test_something_else_is_no_backup(database_url: str, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(DatabaseDamagedError):
        put_back(database_url, file)
    database = Database(database_url)
    assert database.read_now(lambda c: c.execute(t.conversations.select()).all()) == []
    database.close()


def test_a_missing_program_is_named(
    postgres_url: str, postgres_template: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(file.parent))
    with pytest.raises(ConfigurationError, match=r"pg_dump --format=custom --file=\S+ postgresql:"):
        back_up(f"{postgres_url.rpartition('/')[0]}/{postgres_template}", file)
