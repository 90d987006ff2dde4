"""Keeps the leases of the runs of this process, and stops a run whose lease is lost or late."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from handrail.core.clock import Clock
from handrail.core.errors import LeaseLostError
from handrail.engine import gate
from handrail.engine.gate import Lease
from handrail.store.database import Database

log = logging.getLogger("handrail.engine")

_SECONDS = gate.LEASE.total_seconds()
_EVERY = _SECONDS / 4


@dataclass(eq=False)
class _Held:
    lease: Lease
    run: asyncio.Task[object]
    until: float
    """End of the lease on this process's own clock, which nobody can set."""
    lost: bool = False

    def stop(self) -> None:
        """Cancel the run: what it does from now on would be refused anyway."""
        if not self.lost:
            self.lost = True
            self.run.cancel()


class Leases:
    """The leases that this process holds; one statement renews them all."""

    def __init__(self, database: Database, clock: Clock, owner: str) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._held: list[_Held] = []
        self._timer: asyncio.TimerHandle | None = None
        self._renewing: asyncio.Task[None] | None = None

    @contextmanager
    def kept(self, lease: Lease) -> Generator[None]:
        """Keep a lease while the block runs.

        Raises:
            LeaseLostError: the conversation got another owner, or the lease could not be renewed
                in time; the block was cancelled.
        """
        run = asyncio.current_task()
        assert run is not None
        held = _Held(lease, run, time.monotonic() + _SECONDS)
        self._held.append(held)
        self._schedule()
        try:
            yield
        except asyncio.CancelledError:
            if not held.lost:
                raise
            run.uncancel()
            raise LeaseLostError("the conversation has another owner; this run stops") from None
        finally:
            self._held.remove(held)

    def _schedule(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_EVERY, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._held:
            self._renewing = asyncio.get_running_loop().create_task(self._renew())
            self._schedule()

    async def _renew(self) -> None:
        held, until = list(self._held), time.monotonic() + _SECONDS
        conversations = {item.lease.conversation_id for item in held}
        kept: Mapping[str, int] | None = None
        try:
            kept = await self._database.write(
                lambda c: gate.renew(c, self._owner, conversations, self._clock.now())
            )
        except Exception as error:  # noqa: BLE001 - the database may be back in time
            log.warning("leases were not renewed: %s", type(error).__name__)
        for item in held:
            if kept is None:
                if time.monotonic() > item.until:
                    item.stop()
            elif kept.get(item.lease.conversation_id) == item.lease.fence:
                item.until = until
            elif item in self._held:
                item.stop()
