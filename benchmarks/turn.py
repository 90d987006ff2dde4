"""What a turn costs: against a bare LangGraph loop, along a long conversation, and where it goes.

Ratios are taken in one run with interleaved rounds, because machines are noisy.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import httpx
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

import handrail
from benchmarks.report import Row, arguments, show
from handrail.core.conversation import Customer
from handrail.core.events import CustomerMessage, Event
from handrail.core.ids import new_id
from handrail.core.turn import TurnInput
from handrail.desk.cli.running import COLLECTED_AFTER
from handrail.desk.settings import Settings
from handrail.engine.service import Engine
from handrail.engine.versions import Graphs
from handrail.graphs.definition import GraphDefinition
from handrail.nodes.contract import node

ROUNDS = 5
TURNS = 24
"""Turns of each kind in a round."""
EARLY, LONG = 4, 500
"""Turns before those that are compared: multiples of four, so that no question comes twice in a
row, which would be a review."""
QUESTIONS = (
    "Where is my order?",
    "What is your return policy?",
    "How much is shipping?",
    "How do I reset my password?",
)
"""Questions that the demo shop's AI answers by itself."""


@dataclass
class Times:
    """Times of single turns, in seconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def measure(self, work: Callable[[], Awaitable[object]]) -> None:
        """Run and time one turn."""
        wall, cpu = time.perf_counter(), time.process_time()
        await work()
        self.cpu.append(time.process_time() - cpu)
        self.wall.append(time.perf_counter() - wall)


def p50(values: list[float]) -> float:
    """Return the median in milliseconds."""
    return statistics.median(values) * 1000


class Trivial(TypedDict, total=False):
    """State of the trivial graphs."""

    turn: TurnInput
    note: dict[str, int]


def trivial_flow(*, ours: bool) -> StateGraph[Any, Any, Any, Any]:
    """Seven nodes that do nothing, in a row: as LangGraph takes them, or declared as nodes here."""

    def step(state: Trivial) -> Trivial:
        return {"note": {"seen": len(state)}}

    @node()
    async def our_step(state: Trivial, runtime: Any) -> Trivial:  # noqa: ARG001 - the contract
        return step(state)

    flow: StateGraph[Any, Any, Any, Any] = StateGraph(Trivial)
    names = [f"step_{number}" for number in range(7)]
    for name in names:
        flow.add_node(name, our_step if ours else step)
    for source, target in zip([START, *names], [*names, END], strict=True):
        flow.add_edge(source, target)
    return flow


class Checkpointed(GraphDefinition):
    """The trivial graph, run with a saver as if it could wait for a person."""

    @property
    def interrupts(self) -> bool:
        """Always, so that LangGraph does for it what it does for the full graph."""
        return True


@asynccontextmanager
async def shop(home: Path, *, trace: bool, database: str | None = None) -> AsyncGenerator[Engine]:
    """The demo shop on a database of its own."""
    settings = Settings(home=home, trace=trace)
    url = database or f"sqlite:///{home / new_id('bench')}.db"
    async with handrail.open(database=url, work=False, settings=settings) as engine:
        yield engine


async def answer(engine: Engine, text: str, number: int) -> None:
    """One turn from the message at the door to the reply in the outbox."""
    customer = Customer(id=f"cust_{number % 25 + 1:03}")
    body = CustomerMessage(text=text, address=customer.id, customer=customer, verified=True)
    event = Event(channel="web", external_id=new_id("ext"), body=body)
    accepted = await engine.ingest(event)
    await engine.handle("conversation", accepted.conversation_id)


async def compare(home: Path) -> list[Row]:
    """Our turns against the bare loop, in rounds: one kind after the other, as a worker runs them.

    Single turns in alternation would measure how far one kind takes the caches from the other.
    """
    bare, full, trivial = Times(), Times(), Times()
    connection = sqlite3.connect(home / "bare.db", check_same_thread=False)
    graph = trivial_flow(ours=False).compile(checkpointer=SqliteSaver(connection))

    async def bare_turn(number: int) -> None:
        config: Any = {"configurable": {"thread_id": f"thread-{number % 25}"}}
        graph.invoke({"note": {"seen": number}}, config, durability="sync")

    async with shop(home, trace=True) as ours, shop(home, trace=True) as empty:
        definition = Checkpointed("support", "1", lambda: trivial_flow(ours=True))
        empty.runner.graphs = Graphs([definition])

        async def full_turn(number: int) -> None:
            await answer(ours, _question(number), number)

        async def trivial_turn(number: int) -> None:
            await answer(empty, _question(number), number)

        for first in range(0, (ROUNDS + 1) * TURNS, TURNS):
            for times, work in ((bare, bare_turn), (full, full_turn), (trivial, trivial_turn)):
                for number in range(first, first + TURNS):
                    await times.measure(partial(work, number))
        sent = await ours.database.read(
            lambda c: c.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one()
        )
    connection.close()
    for times in (bare, full, trivial):  # the first round warms up
        times.wall, times.cpu = times.wall[TURNS:], times.cpu[TURNS:]
    n = len(bare.wall)
    return [
        Row("bare LangGraph, stock SqliteSaver sync, wall p50", p50(bare.wall), "ms", n),
        Row("bare LangGraph, stock SqliteSaver sync, CPU p50", p50(bare.cpu), "ms", n),
        Row("full turn, wall p50", p50(full.wall), "ms", n),
        Row("full turn, CPU p50", p50(full.cpu), "ms", n),
        Row("full turns that ended in a reply", 100 * sent / (n + TURNS), "%", n + TURNS),
        _ratio("full turn / bare, wall", full.wall, bare.wall, 1.0),
        _ratio("full turn / bare, CPU", full.cpu, bare.cpu, 1.0),
        _ratio("engine with seven trivial nodes / bare, wall", trivial.wall, bare.wall, 0.5),
        _ratio("engine with seven trivial nodes / bare, CPU", trivial.cpu, bare.cpu, 0.5),
    ]


def _question(number: int) -> str:
    return QUESTIONS[number // 25 % len(QUESTIONS)]


def _ratio(name: str, ours: list[float], theirs: list[float], goal: float) -> Row:
    return Row(name, p50(ours) / p50(theirs), "x", len(ours), goal=goal, at="most")


async def collected(home: Path) -> list[Row]:
    """What a server saves by looking for garbage less often; means, for that comes in bursts."""
    usual, seldom = Times(), Times()
    threshold = gc.get_threshold()
    async with shop(home, trace=True) as engine:
        for turn in range(10 * TURNS):
            gc.set_threshold(*threshold)
            if of_server := turn // 12 % 2:
                gc.set_threshold(COLLECTED_AFTER)
            text, times = QUESTIONS[turn // 25 % len(QUESTIONS)], (usual, seldom)[of_server]
            await times.measure(lambda turn=turn, text=text: answer(engine, text, turn))
    gc.set_threshold(*threshold)
    ratio = statistics.mean(seldom.cpu) / statistics.mean(usual.cpu)
    return [Row("full turn as servers collect garbage / by default, CPU", ratio, "x", 5 * TURNS)]


async def long_conversation(home: Path) -> list[Row]:
    """Whether turn 500 costs what turn 5 does, of the same customer on another database."""
    early, late = Times(), Times()
    async with shop(home, trace=False) as young, shop(home, trace=False) as old:
        sizes: list[int] = []
        for turn in range(LONG):
            await answer(old, QUESTIONS[turn % len(QUESTIONS)], 0)
            if turn in (LONG - 100, LONG - 1):
                sizes.append(await _stored_bytes(old))
        for turn in range(EARLY):
            await answer(young, QUESTIONS[turn % len(QUESTIONS)], 0)
        for turn in range(20):
            text = QUESTIONS[turn % len(QUESTIONS)]
            for times, engine in ((early, young), (late, old)):
                await times.measure(lambda engine=engine, text=text: answer(engine, text, 0))
    return [
        Row(
            "turn 500 / turn 5, CPU (medians of 20)",
            p50(late.cpu) / p50(early.cpu),
            "x",
            20,
            goal=1.1,
            at="most",
        ),
        Row(
            "bytes stored per turn at 500, spans apart",
            (sizes[1] - sizes[0]) / 99,
            "B",
            99,
            goal=40_000,
            at="most",
        ),
    ]


async def _stored_bytes(engine: Engine) -> int:
    def used(connection: Any) -> int:
        pages, free, size = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    return await engine.database.read(used)


async def parts(home: Path) -> list[Row]:
    """Where the time of a full turn goes, tracing on."""
    spent: dict[str, list[float]] = {}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        async def run(*given: Any, **options: Any) -> Any:
            begin = time.process_time()
            try:
                return await function(*given, **options)
            finally:
                spent.setdefault(name, []).append(time.process_time() - begin)

        return run

    async with shop(home, trace=True) as engine:
        runner: Any = engine.runner
        engine_ingest: Any = timed("ingest", engine.ingest)
        for name in ("_claim", "_invoke", "_write"):
            setattr(runner, name, timed(name, getattr(runner, name)))
        verifier: Any = engine.kits.active.verifier
        verifier.verify = timed("verify", verifier.verify)
        total = Times()
        for turn in range(100):
            customer = Customer(id=f"cust_{turn % 25 + 1:03}")
            body = CustomerMessage(
                text=QUESTIONS[turn // 25], address=customer.id, customer=customer, verified=True
            )
            event = Event(channel="web", external_id=new_id("ext"), body=body)

            async def one(event: Event = event) -> None:
                accepted = await engine_ingest(event)
                await engine.handle("conversation", accepted.conversation_id)

            await total.measure(one)
    named = {
        "ingest": "part: ingest transaction",
        "_claim": "part: lease and context transaction",
        "_invoke": "part: graph with all nodes and checks",
        "verify": "part: of that, exit guardrails",
        "_write": "part: last transaction (checkpoint, outbox, audit)",
    }
    rows = [Row(text, p50(spent[name][25:]), "ms", 75) for name, text in named.items()]
    return [*rows, Row("part: sum of a turn, CPU", p50(total.cpu[25:]), "ms", 75)]


def disk(home: Path, times: int = 50) -> list[Row]:
    """How long the disk takes to keep a page: the bare loop waits for it at every step."""
    waited: list[float] = []
    with (home / "page").open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(bytes(4096))
            begin = time.perf_counter()
            os.fsync(file.fileno())
            waited.append(time.perf_counter() - begin)
    return [Row("fsync of a page on this disk, p50", p50(waited), "ms", times)]


def start_up() -> list[Row]:
    """CPU of ``handrail --help``, the best of three."""
    best = 1e9
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        program = Path(sys.executable).with_name("handrail")
        subprocess.run([program, "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best, used)
    return [Row("handrail --help, CPU", best, "s", 3, goal=0.5, at="most")]


def idle_server(home: Path, seconds: float = 20.0) -> list[Row]:
    """Memory and CPU of ``handrail up`` that nobody uses."""
    program = Path(sys.executable).with_name("handrail")
    server = subprocess.Popen(
        [program, "up", "--port", "8794"],
        env={"HANDRAIL_HOME": str(home / "idle"), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_up("http://127.0.0.1:8794/healthz")
        time.sleep(5)
        before, resident = _process(server.pid)
        time.sleep(seconds)
        after, resident = _process(server.pid)
    finally:
        server.terminate()
        server.wait(10)
    share = 100 * (after - before) / seconds
    return [
        Row("handrail up, idle CPU of a core", share, "%", 1, goal=1.0, at="most"),
        Row("handrail up, idle memory after training", resident, "MB", 1),
    ]


def _wait_until_up(address: str, seconds: float = 120.0) -> None:
    """Wait for the server, training and start-up included."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if httpx.get(address).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError(f"no answer from {address} in {seconds:g} s")


def _process(pid: int) -> tuple[float, float]:
    """CPU seconds and resident megabytes of a process (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return ticks / 100, pages * resource.getpagesize() / 1_000_000


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows = disk(home)
        rows += asyncio.run(compare(home))
        rows += asyncio.run(collected(home))
        rows += asyncio.run(long_conversation(home))
        rows += asyncio.run(parts(home))
        rows += start_up()
        rows += idle_server(home)
    note = (
        "A bare turn keeps a checkpoint for each step and nothing else; ours keeps the message, "
        "lease, draft, verdict, outbox row, audit chain and spans, and a checkpoint where it waits."
    )
    show(rows, [note], as_json=given.json)


if __name__ == "__main__":
    main()
