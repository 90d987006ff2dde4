"""What stands before every request: headers that protect pages, limits of size and rate."""

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
            body = await _read(scope, receive)
        except TooLargeError as error:
            await error_response(error)(scope, receive, send_protected)
        else:
            await self._app(scope, body, send_protected)


async def _read(scope: Scope, receive: Receive) -> Receive:
    """Read the body whole; what a header claims about its size proves nothing."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise TooLargeError(
                f"the request to {scope['path']} has more than {MAX_BODY:,} bytes; a message has "
                f"at most {MAX_MESSAGE_CHARS:,} characters: send it in parts"
            )
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            break
    read = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Message:
        return next(read, None) or await receive()

    return again


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
