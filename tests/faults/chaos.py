"""Random chaos on PostgreSQL: workers killed and stopped, the server restarted, people careless.

Run as ``python tests/faults/chaos.py``: four workers, 2,000 events over 200 conversations. The
schedule of events and faults comes from ``--seed``, which is printed; exit code 1 where a promise
was broken. It starts a PostgreSQL server of its own, which writes to the disk as in production.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from random import Random

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

import handrail
from handrail.core.conversation import Customer
from handrail.core.decisions import Approve, Decision, Edit, Reject, Respond, Review
from handrail.core.errors import HandrailError, RequestError
from handrail.core.events import Accepted, CustomerMessage, Event
from handrail.core.ports import Outgoing
from handrail.desk.invariants import Invariant, broken, check_invariants
from handrail.desk.settings import Settings
from handrail.engine.service import Engine
from handrail.store import tables as t

WORKER = Path(__file__).with_name("chaos_worker.py")
SAYS = (
    "What is your return policy?",
    "Please cancel my order",
    "Where is my order?",
    "I want to talk to a human",
    "Do you ship to Canada and what does shipping cost?",
)
WORDS = (
    "Thank you for waiting. I look into it now and write to you here.",
    "I am sorry for the trouble. I check this with my colleagues.",
)


class Server:
    """A PostgreSQL server of one's own that keeps what it confirmed."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="handrail-chaos-"))
        names = {entry.pw_name for entry in pwd.getpwall()}
        self.account = None
        if os.geteuid() == 0:
            self.account = "postgres" if "postgres" in names else "nobody"
            shutil.chown(self.folder, self.account)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        self._control("start")

    def restart(self) -> None:
        """Restart as after a crash: what was not written is lost, what was confirmed is not."""
        self._control("restart", "-m", "immediate")

    def remove(self) -> None:
        """Stop it and remove its data."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def _control(self, *command: str) -> None:
        options = (
            f"-c port={self.port} -c listen_addresses=127.0.0.1 -c max_connections=100 "
            f"-c fsync=on -c unix_socket_directories={self.folder}"
        )
        log = self.folder / "server.log"
        self._run("pg_ctl", "-w", "-l", str(log), "-o", options, *command)

    def _run(self, program: str, *arguments: str) -> None:
        command = [self.programs / program, "-D", self.folder / "data", *arguments]
        subprocess.run(
            command, check=True, user=self.account, cwd=self.folder, stdout=subprocess.DEVNULL
        )


class Chaos:
    """Workers, people and faults around one database."""

    def __init__(self, server: Server, engine: Engine, home: Path, seed: int) -> None:
        self.server, self.engine, self.home, self.seed = server, engine, home, seed
        self.chance = Random(seed)
        self.provider = home / "provider.jsonl"
        self.provider.touch()
        self.workers: list[Process] = []
        self.hired = 0
        self.counted: Counter[str] = Counter()
        self.accepted: list[Accepted] = []
        self.over = False

    # Workers

    async def hire(self) -> Process:
        """Start a worker."""
        self.hired += 1
        seed = f"{self.seed}:{self.hired}"
        return await asyncio.create_subprocess_exec(
            sys.executable, WORKER, self.server.url, self.home, self.provider, seed
        )

    async def keep(self, place: int) -> None:
        """Start the worker of a place again whenever it has ended."""
        while not self.over:
            await self.workers[place].wait()
            if not self.over:
                self.counted["worker started again"] += 1
                self.workers[place] = await self.hire()

    async def hurt(self, fault: str, place: int, seconds: float) -> None:
        """Kill or stop a worker, or restart the server."""
        self.counted[fault] += 1
        worker = self.workers[place]
        with suppress(ProcessLookupError):
            if fault == "SIGKILL":
                worker.kill()
            elif fault == "SIGSTOP":
                worker.send_signal(signal.SIGSTOP)
                await asyncio.sleep(seconds)
                worker.send_signal(signal.SIGCONT)
            else:
                await asyncio.to_thread(self.server.restart)

    # People

    async def insist(self, what: Callable[[], Awaitable[Accepted]]) -> None:
        """Do what a client does: try again until there is an answer."""
        for _ in range(60):
            try:
                self.accepted.append(await what())
            except RequestError as error:
                self.counted[f"refused {type(error).__name__}"] += 1
            except (SQLAlchemyError, HandrailError, OSError) as error:
                self.counted[f"tried again after {type(error).__name__}"] += 1
                await asyncio.sleep(0.5)
                continue
            return
        raise RuntimeError("an event was not accepted in 30 seconds")

    async def message(self, number: int, customer: int, text: str, copies: int) -> None:
        """Deliver a message, some of them more than once."""
        body = CustomerMessage(
            text=text,
            address=f"customer-{customer}",
            customer=Customer(id=f"chaos_{customer}"),
            verified=True,
        )
        event = Event(channel="test", external_id=f"message-{number}", body=body)
        await asyncio.gather(
            *(self.insist(lambda: self.engine.ingest(event)) for _ in range(copies))
        )

    async def decide(self, review: Review, chance: Random) -> None:
        """Let one person decide a review, or two at once, or with what is no longer so."""
        decision = self._decision(review, chance)
        digest = review.draft.digest if review.draft else None
        how = chance.choice(("once", "once", "twice", "stale", "two people", "take over"))
        if how == "take over":
            await self._take_over(review.conversation_id, chance)
            return

        async def once(said: Decision, actor: str, version: int = review.version) -> None:
            await self.insist(
                lambda: self.engine.decide(
                    review.id, version=version, digest=digest, decision=said, actor=actor
                )
            )

        self.counted[f"decides {how}"] += 1
        if how == "stale":
            await once(decision, "kim", review.version - 1)
        others = {"twice": ["kim"], "two people": ["lee"]}.get(how, [])
        other = decision if how == "twice" else Respond(text=WORDS[1])
        await asyncio.gather(once(decision, "kim"), *(once(other, actor) for actor in others))

    def _decision(self, review: Review, chance: Random) -> Decision:
        choices: list[Decision] = [Respond(text=WORDS[0])]
        if review.draft is not None and "approve" in review.allowed:
            choices = [Approve(), Approve(), Edit(text=WORDS[0]), Reject(reason="other words")]
        return chance.choice(choices)

    async def _take_over(self, conversation_id: str, chance: Random) -> None:
        self.counted["takes over"] += 1
        engine = self.engine
        await self.insist(lambda: engine.take_over(conversation_id, actor="kim"))
        await asyncio.sleep(chance.uniform(0, 1))
        await self.insist(lambda: engine.write(conversation_id, WORDS[0], actor="kim"))
        await self.insist(lambda: engine.hand_back(conversation_id, actor="kim"))

    async def review_all(self) -> None:
        """Decide whatever waits, until the story is over."""
        chance, seen = Random(f"{self.seed}:people"), set[str]()
        while not self.over:
            await asyncio.sleep(0.3)
            with suppress(SQLAlchemyError, HandrailError, OSError):
                new = [one for one in await self.engine.reviews() if one.id not in seen]
                seen |= {one.id for one in new}
                await asyncio.gather(*(self.decide(one, chance) for one in new))

    # The story

    async def run(self, *, events: int, conversations: int, seconds: float, workers: int) -> None:
        """Let all of it happen, then wait until the workers have done what is left."""
        self.workers = [await self.hire() for _ in range(workers)]
        keepers = [asyncio.create_task(self.keep(place)) for place in range(workers)]
        people = asyncio.create_task(self.review_all())
        await asyncio.gather(
            *(
                self._at(moment, act)
                for moment, act in self._schedule(events, conversations, seconds)
            ),
        )
        await self._rest()
        self.over = True
        await people
        await self._rest()  # what they decided last
        for worker in self.workers:
            with suppress(ProcessLookupError):
                worker.send_signal(signal.SIGCONT)
                worker.kill()
        await asyncio.gather(*keepers)

    def _schedule(
        self, events: int, conversations: int, seconds: float
    ) -> list[tuple[float, Callable[[], Awaitable[None]]]]:
        """Everything that is going to happen from outside, from the seed."""
        chance, planned = self.chance, list[tuple[float, Callable[[], Awaitable[None]]]]()
        for number in range(events):
            customer, text = chance.randrange(conversations), chance.choice(SAYS)
            copies = 2 if chance.random() < 0.1 else 1
            moment = chance.uniform(0, seconds)  # so neighbours overtake each other
            planned.append(
                (moment, lambda n=number, c=customer, s=text, k=copies: self.message(n, c, s, k))
            )
        places = len(self.workers)
        faults = ["SIGKILL"] * 4 + ["SIGSTOP"] * 3
        for number in range(int(seconds / 2.5)):
            fault = "server restart" if number % 8 == 3 else chance.choice(faults)
            moment, place = chance.uniform(0, seconds), chance.randrange(places)
            stop = chance.uniform(2, 12)
            planned.append((moment, lambda f=fault, p=place, s=stop: self.hurt(f, p, s)))
        return planned

    async def _at(self, moment: float, act: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(moment)
        await act()

    async def _rest(self) -> None:
        """Wait until nothing is left to do; people go on deciding meanwhile."""
        quiet, deadline = 0, time.monotonic() + 240
        while quiet < 3:
            left = await self._left()
            quiet = 0 if left else quiet + 1
            if time.monotonic() > deadline:
                raise TimeoutError(f"work is left after four minutes: {left}")
            await asyncio.sleep(1)

    async def _left(self) -> list[int]:
        runs = select(func.count()).where(t.conversations.c.pending > 0)
        replies = select(func.count()).where(t.outbox.c.status.in_(("waiting", "sending")))
        found = await self.engine.database.read(
            lambda c: [c.execute(query).scalar() or 0 for query in (runs, replies)]
        )
        return found if any(found) else []

    async def judge(self) -> tuple[Invariant, ...]:
        """Check the promises on what is stored and what the provider took."""
        lines = self.provider.read_text().splitlines()
        taken = [Outgoing.model_validate_json(line) for line in lines]
        firsts = [one for one in self.accepted if not one.duplicate]
        self.counted |= Counter(events=len(firsts), duplicates=len(self.accepted) - len(firsts))
        self.counted["deliveries"] = len(taken)
        self.counted["replies delivered"] = len({call.id for call in taken})
        return await self.engine.database.read(
            lambda c: check_invariants(c, accepted=firsts, delivered=taken)
        )


def postgres_programs() -> Path | None:
    """Folder of the newest PostgreSQL server's programs, where one is installed."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(found, key=lambda path: float(path.parent.parent.name), default=None)
    return newest.parent if newest else None


async def wreak(
    programs: Path, *, seed: int, events: int, conversations: int, seconds: float, workers: int
) -> int:
    """Run one chaos, print what it came to, and return the exit code."""
    print(f"seed {seed}: {events} messages, {conversations} conversations, {workers} workers")
    begin = time.monotonic()
    async with AsyncExitStack() as stack:
        server = Server(programs)
        stack.callback(server.remove)
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handrail-chaos-")))
        opening = handrail.open(
            database=server.url, work=False, settings=Settings(home=home, trace=False)
        )
        chaos = Chaos(server, await stack.enter_async_context(opening), home, seed)
        await chaos.run(
            events=events, conversations=conversations, seconds=seconds, workers=workers
        )
        found = await chaos.judge()
    for name, count in sorted(chaos.counted.items()):
        print(f"  {name}: {count}")
    for one in found:
        print(f"  {one.promise} {one.says}: {one.looked_at} looked at, {len(one.breaches)} broken")
    for line in broken(found):
        print(line)
    print(f"{len(broken(found))} promises broken, {time.monotonic() - begin:.0f} s")
    return 1 if broken(found) else 0


def main() -> int:
    """Read the options and let chaos happen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120, help="in which they happen")
    parser.add_argument("--workers", type=int, default=4)
    given = vars(parser.parse_args())
    logging.disable(logging.CRITICAL)  # failures are wanted here
    programs = postgres_programs()
    if programs is None:
        print("there is no PostgreSQL server in /usr/lib/postgresql; install one")
        return 2
    return asyncio.run(wreak(programs, **given))


if __name__ == "__main__":
    sys.exit(main())
