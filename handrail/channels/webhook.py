"""Webhooks: messages come in signed, replies go out signed to the address in the settings."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx

from handrail.channels.signature import HEADER, sign_webhook
from handrail.core.errors import ConfigurationError
from handrail.core.ports import Outgoing
from handrail.core.registry import register

SECONDS = 10.0
"""Longest time the receiver may take to answer."""


class Webhook:
    """Posts each reply as JSON; any answer but 2xx is tried again later."""

    name = "webhook"

    def __init__(self, url: str | None = None, secret: str | None = None) -> None:
        self._url = url
        self._secret = secret

    async def deliver(self, outgoing: Outgoing) -> str | None:
        """Post a reply with its id as idempotency key.

        Raises:
            ConfigurationError: no address or secret is set.
            httpx.HTTPError: the receiver cannot be reached or did not take it.
        """
        if not self._url or not self._secret:
            raise ConfigurationError(
                "replies to webhooks have nowhere to go: set HANDRAIL_WEBHOOK_URL and "
                "HANDRAIL_WEBHOOK_SECRET"
            )
        body = json.dumps(
            {
                "id": outgoing.id,
                "conversation_id": outgoing.conversation_id,
                "address": outgoing.address,
                "text": outgoing.text,
            }
        ).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": outgoing.id,
            HEADER: sign_webhook(self._secret, body, datetime.now(UTC)),
        }
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            answer = await client.post(self._url, content=body, headers=headers)
            answer.raise_for_status()
        return answer.headers.get("x-message-id")


webhook = register(Webhook(), "channel", "webhook")
