"""What stands before every request: headers that protect pages, a limit of size, a limit of rate."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handrail.core.errors import RateLimitError, TooLargeError
from handrail.core.events import MAX_MESSAGE_CHARS
from handrail.desk.error_replies import error_response

CONTENT_POLICY = (
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
    "object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
MAX_BODY = 256 * 1024
"""Largest body of a request, in bytes: the longest message, escaped, with room to spare."""
MAX_BUCKETS = 10_000
"""Senders that are remembered; the longest unseen is forgotten first."""


class Protection:
    """Adds the headers to every response and refuses large bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-cache" if static else "no-store")
            await send(message)

        try:
            await self._app(scope, _limited(scope, receive), send_protected)
        except TooLargeError as error:
            await error_response(error)(scope, receive, send_protected)


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Count the bytes of a body while it comes in; what a header claims proves nothing."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            raise TooLargeError(
                f"the request to {scope['path']} has more than {MAX_BODY:,} bytes; a message has "
                f"at most {MAX_MESSAGE_CHARS:,} characters: send it in parts"
            )
        return message

    return counted


class RateLimit:
    """A bucket of tokens for each sender: ``burst`` at once, ``per_second`` in the long run."""

    def __init__(
        self, *, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._rate = per_second
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, sender: str) -> None:
        """Take a token.

        Raises:
            RateLimitError: the bucket is empty.
        """
        now = self._clock()
        tokens, at = self._buckets.pop(sender, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        self._buckets[sender] = (max(tokens - 1, 0) if tokens >= 1 else tokens, now)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        if tokens < 1:
            wait = (1 - tokens) / self._rate
            raise RateLimitError(
                f"too many messages at once; try again in {wait:.1f} seconds", retry_after=wait
            )
