"""The web chat: a reply is delivered when the chat page may show it."""

from __future__ import annotations

from handrail.core.ports import Outgoing
from handrail.core.registry import register


class WebChat:
    """Nothing leaves the machine: the page reads delivered messages from the database."""

    name = "web"

    async def deliver(self, outgoing: Outgoing) -> str | None:
        """Confirm the delivery; the receipt makes the message visible."""
        return f"web:{outgoing.id}"


web = register(WebChat(), "channel", "web")
