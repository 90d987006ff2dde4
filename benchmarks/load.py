"""Processes that a benchmark puts to work: our workers, and the bare LangGraph loop.

Each says ``ready``, begins at a line of input, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import handrail
from benchmarks.turn import Checkpointed, trivial_flow
from handrail.core.drafting import Draft
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest, Outgoing
from handrail.desk.settings import Settings
from handrail.desk.testing import use
from handrail.engine.service import Engine
from handrail.engine.versions import Graphs


@dataclass
class Stamps:
    """A channel that keeps when each reply was handed out."""

    path: Path
    name: str = "web"
    lines: list[str] = field(default_factory=list[str])

    async def deliver(self, outgoing: Outgoing) -> str | None:
        """Write the address and the moment."""
        with self.path.open("a") as file:
            file.write(f"{outgoing.address} {time.time()}\n")
        return None


class ServedDrafter:
    """Asks a model server, as a drafter with a real model does.

    Over plain streams: with 200 requests open an HTTP library spends more time on its list of
    connections than the engine on a whole turn, and the engine is what is measured.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname, address.port

    async def draft(self, request: DraftRequest) -> Draft:
        """Send the customer's words, get a reply."""
        body = json.dumps({"text": request.text}).encode()
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            head = f"POST / HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            said = json.loads(await reader.readexactly(length))
        finally:
            writer.close()
        return Draft(id=new_id("dft"), text=said["text"], source="template")


def prepare_engine(engine: Engine, kind: str) -> None:
    """Give an engine its work: ``trivial``, ``full``, or the address of a model server."""
    if kind == "trivial":
        definition = Checkpointed("support", "1", lambda: trivial_flow(ours=True))
        engine.runner.graphs = Graphs([definition])
    elif kind != "full":
        use(engine, drafter=ServedDrafter(kind))


async def work(url: str, home: str, kind: str, concurrency: str, sent: str) -> None:
    """Be one worker."""
    settings = Settings(home=Path(home), trace=False, concurrency=int(concurrency))
    async with handrail.open(database=url, settings=settings, work=False) as engine:
        prepare_engine(engine, kind)
        engine.relay.channels = {"web": Stamps(Path(sent))}
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        running = asyncio.create_task(engine.run())
        await asyncio.to_thread(sys.stdin.read)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)


def bare(url: str, name: str, turns: str) -> None:
    """Be one bare loop: LangGraph with its own PostgreSQL saver, and nothing else."""
    import psycopg  # noqa: PLC0415 - only this process needs it
    from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415
    from psycopg.rows import dict_row  # noqa: PLC0415

    address = url.replace("+psycopg", "")
    options: Any = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    with psycopg.connect(address, **options) as connection:
        saver = PostgresSaver(connection)  # pyright: ignore[reportArgumentType]
        graph = trivial_flow(ours=False).compile(checkpointer=saver)
        _bare_turn(graph, f"{name}-warm")
        print("ready", flush=True)
        sys.stdin.readline()
        for turn in range(int(turns)):
            _bare_turn(graph, f"{name}-{turn}")
        print("done", flush=True)


def _bare_turn(graph: Any, thread: str) -> None:
    config = {"configurable": {"thread_id": thread}}
    graph.invoke({"note": {"seen": 1}}, config, durability="sync")


if __name__ == "__main__":
    role, *given = sys.argv[1:]
    if role == "bare":
        bare(*given)
    else:
        asyncio.run(work(*given))
