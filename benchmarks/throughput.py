"""How many turns workers do, how soon, and whether backlog, history and models slow them.

PostgreSQL runs as a private server with its default durability. Ratios are taken in one run.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import handrail
from benchmarks.bulk import store_conversations
from benchmarks.postgres_server import new_database, postgres_server, settle
from benchmarks.report import Row, arguments, show
from benchmarks.turn import QUESTIONS
from handrail.core.clock import SystemClock
from handrail.core.conversation import Customer
from handrail.core.events import CustomerMessage, Event
from handrail.core.ids import new_id
from handrail.desk.settings import Settings
from handrail.engine.preparing import open_dispatcher
from handrail.engine.service import Engine
from handrail.store.database import Database

LOAD = Path(__file__).with_name("load.py")
ANSWERED = QUESTIONS[1:]
"""Questions that are answered without a record."""
TURNS = 300
"""Turns of one measurement of throughput."""
LONG = 4 * TURNS
"""Turns with a slow model: so many that the wait for the last ones counts little."""
ROUNDS = 3
"""How often throughput is measured."""
GROWN = 150
"""Turns on a large database, each beside one on a small one."""
FEW, MANY = 20, 200
"""Turns that one worker has in flight at once."""
DELAY = 2.0
"""Seconds that the model server takes."""
TO_THE_OUTBOX = """
    SELECT EXTRACT(EPOCH FROM pg_xact_commit_timestamp(t.xmin) - e.received_at) * 1000
    FROM events e JOIN turns t ON t.id = e.turn_id JOIN conversations c ON c.id = e.conversation_id
    WHERE c.address LIKE '{who}%%' AND EXISTS (SELECT 1 FROM outbox o WHERE o.turn_id = t.id)
"""
"""SQL of milliseconds from the call at the door to the commit with the reply in the outbox."""
IN_FLIGHT = """
    SELECT max(n) FROM (SELECT (SELECT count(*) FROM turns b
        WHERE b.started_at <= a.started_at AND b.ended_at > a.started_at) AS n FROM turns a) c
"""
"""SQL of the most turns that went on at one moment."""


@dataclass
class Site:
    """A database with workers, and a door of the benchmark's own."""

    engine: Engine
    url: str
    home: Path
    workers: list[Process] = field(default_factory=list[Process])

    @property
    def sent(self) -> Path:
        """Where the workers note what they handed out."""
        return self.home / "sent.txt"

    async def hire(
        self, kind: str = "full", concurrency: int = 100, *, begin: bool = True
    ) -> Process:
        """Start a worker."""
        worker = await start("worker", self.url, self.home, kind, concurrency, self.sent)
        self.workers.append(worker)
        if begin:
            go(worker)
        return worker

    async def write(self, number: int, address: str | None = None) -> str:
        """Let a customer write; return the conversation."""
        customer = Customer(id=address or f"visitor_{number}")
        body = CustomerMessage(
            text=ANSWERED[number % len(ANSWERED)],
            address=customer.id,
            customer=customer,
            verified=True,
        )
        event = Event(channel="web", external_id=new_id("ext"), body=body)
        return (await self.engine.ingest(event)).conversation_id

    async def write_many(self, count: int, first: int = 0) -> None:
        """Let many customers write, eight at a time."""
        numbers = iter(range(first, first + count))

        async def door() -> None:
            for number in numbers:
                await self.write(number)

        await asyncio.gather(*(door() for _ in range(8)))

    async def count(self, query: str) -> int:
        """Run a query that returns one number."""
        return await self.engine.database.read(lambda c: c.exec_driver_sql(query).scalar_one())

    async def done(self, turns: int) -> None:
        """Wait until so many turns ended."""

        async def all_ended() -> bool:
            return await self.count("SELECT count(*) FROM turns") >= turns

        await until(all_ended)

    async def rate(self, begin: str) -> float:
        """Turns per second, from ``begin`` (an SQL expression) to the last end."""
        seconds = await self.engine.database.read(
            lambda c: c.exec_driver_sql(
                f"SELECT EXTRACT(EPOCH FROM (SELECT max(ended_at) FROM turns) - {begin})"
            ).scalar_one()
        )
        return await self.count("SELECT count(*) FROM turns") / float(seconds)

    def delays(self, written: dict[str, float]) -> list[float]:
        """Milliseconds from writing to the reply's leaving."""
        rows = (line.split() for line in self.sent.read_text().splitlines())
        return [1000 * (float(at) - written[who]) for who, at in rows if who in written]


async def until(done: Callable[[], Awaitable[bool]], seconds: float = 300) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not await done():  # noqa: ASYNC110 - any condition
            await asyncio.sleep(0.02)


async def start(*given: object) -> Process:
    """Start a process of :mod:`benchmarks.load` and wait until it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.load",
        *map(str, given),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    await line_of(process)
    return process


def go(process: Process) -> None:
    """Let a process begin."""
    assert process.stdin is not None
    process.stdin.write(b"go\n")


async def line_of(process: Process) -> str:
    """Read the next line a process says."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("a process of the benchmark ended early")
    return line.decode().strip()


async def end(process: Process) -> str:
    """Close a process's input and return its last line."""
    assert process.stdin is not None
    process.stdin.close()
    last = await line_of(process)
    await process.wait()
    return last


@asynccontextmanager
async def site(url: str, home: Path) -> AsyncGenerator[Site]:
    """Open a site on an empty database; its workers end with it."""
    settings = Settings(home=home, trace=False)
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(
            handrail.open(database=url, settings=settings, work=False)
        )
        made = Site(engine, url, home)
        made.sent.write_text("")
        yield made
        for worker in made.workers:
            if worker.returncode is None:
                await end(worker)


async def against_bare(server: str, home: Path) -> list[Row]:
    """Throughput against the bare loop, for 1, 2 and 4 workers; rounds interleaved."""
    rows: list[Row] = []
    for workers in (1, 2, 4):
        bare: list[float] = []
        drain: list[float] = []
        live: list[float] = []
        for _ in range(ROUNDS):
            bare.append(await _bare_rate(new_database(server, new_id("b").lower()), workers))
            drain.append(await _our_rate(server, home, workers, beforehand=True))
            live.append(await _our_rate(server, home, workers, beforehand=False))
        middle = statistics.median(bare)
        name = f"{workers} worker{'s' if workers > 1 else ''}"
        rows += [
            Row(f"{name}: bare LangGraph, stock PostgresSaver", middle, "/s", ROUNDS),
            Row(f"{name}: ours, same seven nodes", statistics.median(drain), "/s", ROUNDS),
            Row(f"{name}: ours / bare", statistics.median(drain) / middle, "x", ROUNDS, goal=1.0),
            # No goal: the bare loop has no door, and here it takes its share of the same cores.
            Row(
                f"{name}: ours / bare, while messages come in",
                statistics.median(live) / middle,
                "x",
                ROUNDS,
            ),
        ]
    return rows


async def _our_rate(server: str, home: Path, workers: int, *, beforehand: bool) -> float:
    """Turns a second, of messages that were written beforehand or are written meanwhile."""
    async with site(new_database(server, new_id("o").lower()), home) as at:
        if beforehand:
            await at.write_many(TURNS)
        crew = [await at.hire("trivial", begin=False) for _ in range(workers)]
        for worker in crew:
            go(worker)
        begin = time.perf_counter()
        if not beforehand:
            await at.write_many(TURNS)
        await at.done(TURNS)
        return TURNS / (time.perf_counter() - begin)


async def _bare_rate(url: str, workers: int) -> float:
    import psycopg  # noqa: PLC0415
    from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        PostgresSaver(connection).setup()  # pyright: ignore[reportArgumentType]
    share = TURNS // workers
    processes = [await start("bare", url, f"p{number}", share) for number in range(workers)]
    begin = time.perf_counter()
    for process in processes:
        go(process)
    await asyncio.gather(*(line_of(process) for process in processes))
    seconds = time.perf_counter() - begin
    for process in processes:
        await process.wait()
    return share * workers / seconds


async def paced(at: Site, count: int, name: str, pause: float = 1 / 6) -> list[float]:
    """Let customers write at an even pace; return milliseconds until replies were handed out."""
    written: dict[str, float] = {}
    for number in range(count):
        who = f"{name}_{number}"
        written[who] = time.time()
        await at.write(number, who)
        await asyncio.sleep(max(0.0, written[who] + pause - time.time()))

    async def most_left() -> bool:
        return len(at.delays(written)) >= 0.8 * count

    await until(most_left)
    return at.delays(written)


async def to_the_outbox(at: Site, name: str) -> list[float]:
    """Milliseconds from the door to the outbox, of the customers of one pace."""
    query = TO_THE_OUTBOX.format(who=name)
    found = await at.engine.database.read(lambda c: c.exec_driver_sql(query).scalars().all())
    return [float(value) for value in found]


async def latency_and_backlog(server: str, home: Path) -> list[Row]:
    """Delay at six messages a second, alone and with 10,000 conversations that wait."""
    async with site(new_database(server, "latency"), home) as at:
        await at.hire()
        await paced(at, 12, "warm")
        out = await paced(at, 60, "alone")
        alone = await to_the_outbox(at, "alone")
    async with site(new_database(server, "backlog"), home) as at:
        store_conversations(at.url, 10_000, waiting=True)
        await _queue(at.url, 10_000)
        await at.hire()
        await paced(at, 12, "warm")
        await paced(at, 60, "crowded")
        crowded = await to_the_outbox(at, "crowded")
        left = await at.count("SELECT count(*) FROM conversations WHERE pending > 0")
    p50 = statistics.median
    p95 = statistics.quantiles(alone, n=20)[18]
    return [
        Row("door to outbox, p50", p50(alone), "ms", len(alone), goal=40, at="most"),
        Row("door to outbox, p95", p95, "ms", len(alone)),
        Row("door to reply handed out, p50", p50(out), "ms", len(out)),
        Row("door to outbox with a backlog of 10,000, p50", p50(crowded), "ms", len(crowded)),
        Row(
            "backlog / alone, p50",
            p50(crowded) / p50(alone),
            "x",
            len(crowded),
            goal=2.0,
            at="most",
        ),
        Row("conversations of the backlog left then", left, "", 1),
    ]


async def _queue(url: str, count: int) -> None:
    """Tell the workers of stored conversations, as the door would have."""
    database = Database(url)
    queue = open_dispatcher(database, SystemClock(), concurrency=1, drain=0)
    for number in range(count):
        queue.wake("conversation", f"cnv_old_{number}")
    await queue.close()
    database.close()
    settle(url)


async def growth(server: str, home: Path) -> list[Row]:
    """Time of a turn from 1 to 500 turns, and from 100 to 50,000 stored conversations."""
    young, old = new_database(server, "young"), new_database(server, "old")
    async with site(young, home / "young") as few, site(old, home / "old") as many:
        for at in (few, many):
            await _turns(at, 30, "warm")
            await at.write_many(100 - 30, first=1000)
        store_conversations(many.url, 50_000)
        settle(many.url)
        times: dict[str, list[float]] = {few.url: [], many.url: []}
        for number in range(GROWN):
            for at in (few, many):
                times[at.url].append(await _one_turn(at, f"turn_{number}", number))
        long = [await _one_turn(few, "long", number) for number in range(500)]
    early, late = statistics.median(long[:40]), statistics.median(long[-40:])
    grown = statistics.median(times[old]) / statistics.median(times[young])
    return [
        Row("50,000 stored conversations / 100, turn p50", grown, "x", GROWN, goal=1.2, at="most"),
        Row(
            "turn 461-500 / turn 1-40 of one conversation, p50", late / early, "x", 40,
            goal=1.2, at="most",
        ),
    ]  # fmt: skip


async def _turns(at: Site, count: int, name: str) -> list[float]:
    return [await _one_turn(at, f"{name}_{number}", number) for number in range(count)]


async def _one_turn(at: Site, who: str, number: int) -> float:
    begin = time.perf_counter()
    conversation = await at.write(number % 3, who)
    await at.engine.handle("conversation", conversation)
    return time.perf_counter() - begin


async def slow_model(server: str, home: Path) -> list[Row]:
    """One worker with a model server that takes two seconds, against none."""
    async with _model_server() as address:
        without = await _worked(server, home, "full", TURNS, MANY)
        few = await _worked(server, home, address, 2 * FEW, FEW)
        many = await _worked(server, home, address, LONG, MANY)
    share = (many.memory - few.memory) / (many.in_flight - few.in_flight)
    return [
        Row("one worker, no model", without.rate, "/s", TURNS),
        Row(f"one worker, model of {DELAY:g} s", many.rate, "/s", LONG),
        Row("turns in flight at once, most", many.in_flight, "", LONG, goal=100),
        Row("with a model / without", many.rate / without.rate, "x", LONG, goal=0.8),
        Row(f"memory for each waiting turn beyond {few.in_flight}", share / 1000, "kB", 1),
    ]


@dataclass(frozen=True)
class Worked:
    """Turns per second, turns at once and bytes held by one worker, the latter two at most."""

    rate: float
    in_flight: int
    memory: int


async def _worked(server: str, home: Path, kind: str, turns: int, concurrency: int) -> Worked:
    """Have one worker do some turns that wait already."""
    async with site(new_database(server, new_id("model").lower()), home) as at:
        await at.write_many(turns)
        worker = await at.hire(kind, concurrency=concurrency)
        await at.done(turns)
        rate = await at.rate("(SELECT min(started_at) FROM turns)")
        return Worked(rate, await at.count(IN_FLIGHT), int(await end(worker)))


@asynccontextmanager
async def _model_server() -> AsyncGenerator[str]:
    """Serve replies after a while; each takes as long however many there are."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                await asyncio.sleep(DELAY)
                body = b'{"text": "Thank you for your message."}'
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def embedded(home: Path) -> list[Row]:
    """Full turns in one process on SQLite."""
    async with site(f"sqlite:///{home / 'embedded.db'}", home) as at:
        await at.write_many(TURNS)
        await at.hire()
        begin = time.monotonic()
        await at.done(TURNS)
        rate = TURNS / (time.monotonic() - begin)
    return [Row("SQLite, one process, full turns", rate, "/s", TURNS, goal=30)]


async def recovery(server: str, home: Path) -> list[Row]:
    """Seconds from a worker's SIGKILL in the middle of a turn to the reply's leaving."""
    took: list[float] = []
    async with _model_server() as slow, site(new_database(server, "recovery"), home) as at:
        for number in range(5):
            doomed = await at.hire(slow)
            conversation = await at.write(0, f"left_{number}")
            leased = f"FROM conversations WHERE id = '{conversation}' AND lease_until IS NOT NULL"

            async def begun(leased: str = leased) -> bool:
                return bool(await at.count(f"SELECT count(*) {leased}"))

            await until(begun)
            doomed.kill()
            at.workers.remove(doomed)
            await doomed.wait()
            killed = time.time()
            other = await at.hire()

            async def sent(who: str = f"left_{number}") -> bool:
                return f"{who} " in at.sent.read_text()

            await until(sent)
            took.append(at.delays({f"left_{number}": killed})[0] / 1000)
            at.workers.remove(other)
            await end(other)
    return [
        Row("recovery after SIGKILL, p50", statistics.median(took), "s", 5, goal=10, at="most"),
        Row("recovery after SIGKILL, longest", max(took), "s", 5),
    ]


PARTS = ("bare", "latency", "growth", "model", "embedded", "recovery")


async def measure(server: str, home: Path, wanted: list[str]) -> list[Row]:
    """Run the wanted parts."""
    rows: list[Row] = []
    for name in wanted:
        match name:
            case "bare":
                rows += await against_bare(server, home)
            case "latency":
                rows += await latency_and_backlog(server, home)
            case "growth":
                rows += await growth(server, home)
            case "model":
                rows += await slow_model(server, home)
            case "embedded":
                rows += await embedded(home)
            case _:
                rows += await recovery(server, home)
    return rows


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__, parts=PARTS)
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server:
        rows = asyncio.run(measure(server, Path(folder), given.part or list(PARTS)))
    note = (
        "The bare loop keeps checkpoints and nothing else. Ours keeps the event, lease, outbox "
        "row and audit chain as well, and its workers hear of work through a queue."
    )
    show(rows, [note], as_json=given.json)


if __name__ == "__main__":
    main()
