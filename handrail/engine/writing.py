"""The drafts that models are writing in this process, as far as they have come."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager


class DraftsInWriting:
    """Passes unfinished, unverified drafts on to who watches: people of the team, nobody else.

    Nothing is stored, and a restart loses it. Another process knows nothing of it.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        """What was written so far, by conversation."""
        self._watchers: set[Callable[[str], None]] = set()

    @property
    def watched(self) -> bool:
        """Whether anybody looks; if not, no model needs to tell how far it has come."""
        return bool(self._watchers)

    def writing(self, conversation_id: str, text: str) -> None:
        """Tell the text so far."""
        if self.texts.get(conversation_id) != text:
            self.texts[conversation_id] = text
            self._tell(conversation_id)

    def written(self, conversation_id: str) -> None:
        """Tell that nothing more is written."""
        if self.texts.pop(conversation_id, None) is not None:
            self._tell(conversation_id)

    @contextmanager
    def watching(self, watcher: Callable[[str], None]) -> Generator[None]:
        """Have ``watcher`` called with the conversation whenever its draft has grown or is over."""
        self._watchers.add(watcher)
        try:
            for conversation_id in tuple(self.texts):
                watcher(conversation_id)
            yield
        finally:
            self._watchers.discard(watcher)

    def _tell(self, conversation_id: str) -> None:
        for watcher in tuple(self._watchers):
            watcher(conversation_id)
