"""The drafts that models are writing, as far as they have come."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

Watcher = Callable[[], None]
"""Looks at the draft of one conversation when it is called."""


class DraftsInWriting:
    """Passes unfinished, unverified drafts on to who watches: people of the team, nobody else.

    Nothing is stored, and a restart loses it. Another process knows nothing of it; where several
    work on one database, :class:`~handrail.engine.shared_drafts.SharedDrafts` takes its place.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        """What is being written in this process, by conversation."""
        self._watchers: dict[str, list[Watcher]] = {}

    def start(self) -> None:
        """Begin to hear of who watches elsewhere; nothing to do within one process."""

    async def close(self) -> None:
        """Give back what :meth:`start` took."""

    def watched(self, conversation_id: str) -> bool:
        """Say whether anybody has the conversation open; if not, no model needs to tell of it."""
        return conversation_id in self._watchers

    def text(self, conversation_id: str) -> str | None:
        """Return what is written so far; ``None`` where nothing is being written."""
        return self.texts.get(conversation_id)

    def writing(self, conversation_id: str, text: str) -> None:
        """Tell the text so far."""
        if self.texts.get(conversation_id) != text:
            self.texts[conversation_id] = text
            self._changed(conversation_id)

    def written(self, conversation_id: str) -> None:
        """Tell that nothing more is written."""
        if self.texts.pop(conversation_id, None) is not None:
            self._changed(conversation_id)

    @contextmanager
    def watching(self, conversation_id: str, watcher: Watcher) -> Generator[None]:
        """Have ``watcher`` called now, and when the conversation's draft has grown or is over."""
        here = self._watchers.setdefault(conversation_id, [])
        here.append(watcher)
        try:
            watcher()
            yield
        finally:
            here.remove(watcher)
            if not here:
                del self._watchers[conversation_id]

    def _changed(self, conversation_id: str) -> None:
        """A draft that is written in this process has changed."""
        self._tell(conversation_id)

    def _tell(self, conversation_id: str) -> None:
        for watcher in tuple(self._watchers.get(conversation_id, ())):
            watcher()
