"""Kills a process at every commit and every call outside, one at a time, and compares the ends.

Run as ``python tests/faults/kill_points.py``: every point on SQLite. ``--database URL`` takes a
PostgreSQL server whose databases it may create, ``--points 24`` a spread of so many,
``--only NAME`` those of one name, ``--without transaction`` takes a mechanism out to show that the
sweep sees it. Exit code 1 where an end differs.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from kill_story import KILLED, UNDO_SECONDS, Diary, Killer, Model, Provider, Story, outcome
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from handrail.core.clock import ManualClock
from handrail.desk import compose, kits
from handrail.desk.settings import Settings
from handrail.engine import finish
from handrail.engine.embedded import EmbeddedDispatcher
from handrail.playbook.loading import demo_path, load_release
from handrail.playbook.records import read_data
from handrail.store.database import Database


@dataclass
class Stage:
    """Where stories are played: a folder and databases like one template."""

    folder: Path
    server: str | None
    """URL of a PostgreSQL server; SQLite files where ``None``."""
    removal: str | None

    def prepare(self) -> None:
        """Do once what every process would: read the playbook, train, make the tables."""
        release = load_release(demo_path())
        sending = release.playbook.sending.model_copy(update={"undo_seconds": UNDO_SECONDS})
        playbook = release.playbook.model_copy(update={"sending": sending})
        release = release.model_copy(update={"playbook": playbook})
        data = read_data(demo_path(), playbook)
        classifier = kits.load_classifiers(release, self.folder)
        kits.load_classifiers = lambda *_: classifier
        compose.load_release = lambda _: release
        compose.read_data = lambda *_: data
        database = Database(self.create("template"))
        prepare = compose.prepare
        prepare(database)
        database.close()
        # What a first story imports and builds, no later one pays for.
        warm = Stage(self.folder, None, None)
        compose.prepare, url = prepare, warm.create("warm")
        (self.folder / "warm").mkdir()
        asyncio.run(_tell(self.folder / "warm", url, Killer(0), None))
        compose.prepare = lambda _: None
        gc.freeze()

    def create(self, name: str, template: str | None = None) -> str:
        """Make a database and return its URL."""
        if self.server is None:
            path = self.folder / f"{name}.db"
            if template:
                shutil.copy(self.folder / f"{template}.db", path)
            return f"sqlite:///{path}"
        self._admin(f'CREATE DATABASE "{name}" TEMPLATE {template or "template0"}')
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        """Remove what a story left."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        if self.server is not None:
            self._admin(f'DROP DATABASE "{name}" WITH (FORCE)')
        for file in self.folder.glob(f"{name}.db*"):
            file.unlink()

    def _admin(self, statement: str) -> None:
        engine = create_engine(self.server or "", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def play(self, name: str, url: str, at: int) -> tuple[int, Any]:
        """Tell a story in a process of its own; return its exit code and what it found."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        child = os.fork()
        if child == 0:
            _end(lambda: asyncio.run(_tell(folder, url, Killer(at), self.removal)), folder)
        _, status = os.waitpid(child, 0)
        result = folder / "result.json"
        found = json.loads(result.read_text()) if result.is_file() else None
        return os.waitstatus_to_exitcode(status), found


def _end(play: Callable[[], Any], folder: Path) -> None:
    """Play and leave the process without the clean-up of the one it was forked from."""
    try:
        (folder / "result.json").write_text(json.dumps(play()))
        os._exit(0)
    except BaseException:  # noqa: BLE001 - told by the parent
        (folder / "result.json").write_text(json.dumps({"error": traceback.format_exc()}))
        os._exit(1)


async def _tell(folder: Path, url: str, killer: Killer, removal: str | None) -> Any:
    clock = ManualClock()
    provider = Provider(Diary(folder / "provider"), killer)
    settings = Settings(home=folder, trace=False)
    async with compose.open_engine(
        database=url,
        work=False,
        clock=clock,
        settings=settings,
        dispatcher=EmbeddedDispatcher(clock),
    ) as engine:
        engine.relay.channels = {"test": provider}
        changing: Any = engine.kits
        changing.change(lambda made: replace(made, drafter=Model(made.drafter, killer)))
        if removal == "transaction":
            _write_replies_apart(killer)
        killer.watch(engine)
        await Story(engine, clock, provider, Diary(folder / "memory")).tell()
        taken = provider.taken()
        told = await engine.database.read(lambda c: outcome(c, taken))
        return {"points": killer.passed, "outcome": told}


def _write_replies_apart(killer: Killer) -> None:
    """Take the mechanism out: replies are stored before the rest of their run."""
    real = finish.write_reply

    def apart(end: Any, reply: Any) -> None:
        real(end, reply)
        end.connection.exec_driver_sql("COMMIT")
        killer.point("between commits")
        end.connection.exec_driver_sql("BEGIN")

    finish.write_reply = apart


def sweep_one(stage: Stage, at: int, expected: Any) -> str | None:
    """Kill at one point, go on in a new process, and say what is different."""
    name = f"point_{at}"
    url = stage.create(name, "template")
    try:
        code, _ = stage.play(name, url, at)
        if code != KILLED:
            return f"the process ended with {code} before the point"
        code, found = stage.play(name, url, 0)
        if code != 0:
            return f"the new process failed: {found['error'] if found else code}"
        return _difference(expected, found["outcome"])
    finally:
        stage.drop(name)


def _difference(expected: Any, found: Any) -> str | None:
    for who in sorted({*expected, *found}):
        mine, theirs = expected.get(who), found.get(who)
        if mine != theirs and isinstance(mine, dict) and isinstance(theirs, dict):
            for part in mine:
                if mine[part] != theirs[part]:
                    return f"{who}'s {part}: {mine[part]} became {theirs[part]}"
        if mine != theirs:
            return f"{who}: {mine} became {theirs}"
    return None


def sweep(stage: Stage, points: list[int], expected: Any, jobs: int) -> dict[int, str]:
    """Sweep the points in some processes at once; return what was different, by point."""
    children: list[int] = []
    for job in range(jobs):
        child = os.fork()
        if child == 0:
            folder = stage.folder / f"job_{job}"
            folder.mkdir()
            mine = points[job::jobs]
            _end(lambda mine=mine: {at: sweep_one(stage, at, expected) for at in mine}, folder)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    different: dict[int, str] = {}
    for job in range(jobs):
        found = json.loads((stage.folder / f"job_{job}" / "result.json").read_text())
        if "error" in found:
            raise RuntimeError(found["error"])
        different |= {int(at): what for at, what in found.items() if what is not None}
    return different


def main() -> int:
    """Sweep, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", help="URL of a PostgreSQL server")
    parser.add_argument("--points", type=int, default=0, help="a spread of so many; 0: all")
    parser.add_argument("--at", type=int, nargs="*", help="these points alone, by number")
    parser.add_argument("--only", help="points of this name")
    parser.add_argument("--without", choices=["transaction"], help="take a mechanism out")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="handrail-kill-") as folder:
        stage = Stage(Path(folder), given.database, given.without)
        stage.prepare()
        code, told = stage.play("undisturbed", stage.create("undisturbed", "template"), 0)
        if code != 0 or told["outcome"]["promises"]:
            print(told if told is None or "error" not in told else told["error"])
            return 2
        names = told["points"]
        points = [n for n, name in enumerate(names, 1) if given.only in (None, name)]
        points = given.at or points
        if given.points:
            points = points[:: max(len(points) // given.points, 1)]
        different = sweep(stage, points, told["outcome"], given.jobs)
        if given.database:
            stage.drop("undisturbed")
            stage.drop("template")
    kinds = ", ".join(f"{count} {name}" for name, count in sorted(Counter(names).items()))
    print(f"{len(names)} points: {kinds}")
    for at, what in sorted(different.items()):
        print(f"point {at} ({names[at - 1]}): {what[-600:]}")
    seconds = time.perf_counter() - begin
    print(f"killed at {len(points)} points, {len(different)} ends differ, {seconds:.0f} s")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
