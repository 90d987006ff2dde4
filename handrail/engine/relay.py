"""Delivers the outbox: in order, each reply under its own idempotency key, until it is there."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from sqlalchemy import Connection

from handrail.core import attributes as a
from handrail.core.clock import Clock
from handrail.core.errors import LeaseLostError, NotFoundError
from handrail.core.events import Accepted, DeliveryReceipt, Event
from handrail.core.ports import Channel, Dispatcher, Outgoing
from handrail.core.tracing import tracer
from handrail.engine.spans import context_of
from handrail.store import outbox
from handrail.store.database import Database
from handrail.store.prepared import Row

log = logging.getLogger("handrail.engine")

MOST_TRIES = 8
"""Deliveries tried before a person is asked."""
FIRST_PAUSE = 2.0
"""Seconds before the second try; doubled each time, with jitter."""
LONGEST_PAUSE = 600.0
"""Seconds."""
DELIVERY_SECONDS = 30.0
"""Longest time one delivery may take."""
RENEWAL = outbox.DELIVERY.total_seconds() / 4
"""Seconds after which a try that goes on is prolonged."""


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after so many failed tries: doubling, with half of it random."""
    longest = min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE)
    return timedelta(seconds=longest / 2 + random.uniform(0, longest / 2))  # noqa: S311


class Relay:
    """Takes replies from the outbox to their channels."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        channels: Mapping[str, Channel],
        dispatcher: Dispatcher,
        ingest: Callable[[Event], Awaitable[Accepted]],
    ) -> None:
        self._database = database
        self._clock = clock
        self.channels = channels
        self._dispatcher = dispatcher
        self._ingest = ingest

    async def deliver(self, conversation_id: str) -> None:
        """Deliver the replies of a conversation that may leave now, in order."""
        while (row := await self._take(conversation_id)) is not None:
            if not await self._deliver(row):
                return

    async def _take(self, conversation_id: str) -> Row | None:
        now = self._clock.now()

        def work(connection: Connection) -> Row | None:
            row = outbox.first(connection, conversation_id)
            if row is None:
                return None
            if outbox.is_due(row, now):
                outbox.begin(connection, row, now)
            return row

        row = await self._database.write(work)
        if row is not None and not outbox.is_due(row, now):
            self._dispatcher.wake_at(row["send_after"], "outbox", conversation_id)
            return None
        return row

    async def _deliver(self, row: Row) -> bool:
        outgoing = Outgoing(
            id=row["id"],
            conversation_id=row["conversation_id"],
            address=row["address"],
            text=row["text"],
        )
        try:
            channel = self.channels[row["channel"]]
            with tracer().start_as_current_span(
                a.DELIVER_SPAN.format(channel=row["channel"]),
                context=context_of(row["traceparent"]),
                attributes={a.CONVERSATION: row["conversation_id"], a.CHANNEL: row["channel"]},
                record_exception=False,
            ):
                provider_id = await self._hand_out(channel, outgoing, row)
        except LeaseLostError as lost:
            log.info("delivery of %s stopped: %s", row["id"], lost)
            return False
        except Exception as error:  # noqa: BLE001 - any failure is tried again
            log.warning("delivery of %s failed: %s", row["id"], type(error).__name__)
            await self._failed(row, f"{type(error).__name__}: {error}"[:500])
            return False
        receipt = DeliveryReceipt(outbox_id=row["id"], status="sent", provider_id=provider_id)
        await self._receive(row, receipt, "sent")
        return True

    async def _hand_out(self, channel: Channel, outgoing: Outgoing, row: Row) -> str | None:
        """Deliver, and prolong the try while the channel takes its time.

        Raises:
            LeaseLostError: this process was late, and another one tries.
        """
        async with asyncio.timeout(DELIVERY_SECONDS):
            delivering = asyncio.ensure_future(channel.deliver(outgoing))
            try:
                while not (await asyncio.wait({delivering}, timeout=RENEWAL))[0]:
                    now = self._clock.now()
                    if not await self._database.write(lambda c, now=now: outbox.keep(c, row, now)):
                        raise LeaseLostError("another process delivers this reply")
                return delivering.result()
            finally:
                delivering.cancel()

    async def _failed(self, row: Row, error: str) -> None:
        tries = row["attempts"] + 1
        if tries >= MOST_TRIES:
            receipt = DeliveryReceipt(outbox_id=row["id"], status="failed", error=error)
            await self._receive(row, receipt, "failed")
            return
        moment = self._clock.now() + pause_after(tries)
        await self._database.write(
            lambda connection: outbox.try_again(connection, row["id"], moment, error)
        )
        self._dispatcher.wake_at(moment, "outbox", row["conversation_id"])

    async def _receive(self, row: Row, receipt: DeliveryReceipt, name: str) -> None:
        event = Event(
            channel="outbox",
            external_id=f"{row['id']}:{name}",
            conversation_id=row["conversation_id"],
            body=receipt,
        )
        try:
            await self._ingest(event)
        except NotFoundError:
            log.info("delivery of %s: its conversation was removed meanwhile", row["id"])
