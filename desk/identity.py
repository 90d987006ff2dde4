"""Who is at the door: people of the team at the desk, customers in the chat."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from handrail.core.conversation import Customer
from handrail.core.errors import ForbiddenError, InvalidRequestError, SignInError
from handrail.desk.binding import is_loopback
from handrail.desk.signing import Signer

DESK_COOKIE = "handrail_desk"
CHAT_COOKIE = "handrail_chat"
CSRF_HEADER = "X-CSRF"
DEFAULT_AGENT = "agent"
CHAT_DAYS = 30
"""How long a browser keeps its chat session, in days."""
LINK_LIFE = timedelta(hours=12)
"""How long a signed link to the chat can be opened."""
_NAME = re.compile(r"[\w][\w .@'-]{0,59}")


@dataclass(frozen=True)
class Agent:
    """A person of the team."""

    name: str
    session: str
    """Names the browser session that the CSRF token is bound to."""


class Authenticator(Protocol):
    """Says which person of the team a request comes from."""

    selectable: bool
    """Whether people may choose their name themselves."""

    def name_of(self, request: Request, chosen: str | None) -> str:
        """Return the person's name; ``chosen`` is what they call themselves in this browser.

        Raises:
            SignInError: nobody is signed in.
        """
        ...


class LocalUser:
    """One person on this machine, who may choose a name; only for a loopback address."""

    selectable = True

    def name_of(self, request: Request, chosen: str | None) -> str:
        """Return the chosen name.

        Raises:
            ForbiddenError: the request was sent to a foreign host name: a page elsewhere made a
                name of its own point here.
        """
        host = request.url.hostname or ""
        if not is_loopback(host):
            raise ForbiddenError(
                f"this desk answers at a loopback address, not as {host!r}; open "
                "http://127.0.0.1 with its port"
            )
        return chosen or DEFAULT_AGENT


class ProxyUser:
    """The person whom a reverse proxy signed in; it must remove the header from outside."""

    selectable = False

    def __init__(self, header: str) -> None:
        self._header = header

    def name_of(self, request: Request, chosen: str | None) -> str:  # noqa: ARG002
        """Return the name in the proxy's header, whatever the browser says.

        Raises:
            SignInError: the header is missing.
        """
        name = request.headers.get(self._header, "").strip()
        if not _NAME.fullmatch(name):
            raise SignInError(
                f"nobody is signed in: the proxy sent no usable name in the header {self._header}"
            )
        return name


@dataclass(frozen=True)
class Visitor:
    """A customer in the web chat."""

    address: str
    """Names them on the channel ``web``."""
    customer: Customer | None = None
    """Who they are, where a signed link said so."""


class Sessions:
    """Reads and writes the two cookies."""

    def __init__(self, signer: Signer, authenticator: Authenticator) -> None:
        self._signer = signer
        self.authenticator = authenticator

    def agent(self, request: Request, now: datetime) -> Agent:
        """Return the person of the team behind a request.

        Raises:
            SignInError: nobody is signed in.
        """
        session = self._signer.read("desk", request.cookies.get(DESK_COOKIE, ""), now) or {}
        name = self.authenticator.name_of(request, session.get("name"))
        return Agent(name, str(session.get("id", "")))

    def start_agent(
        self, request: Request, response: Response, agent: Agent, name: str | None = None
    ) -> Agent:
        """Give a browser its desk session, with a chosen name where one is given.

        Raises:
            InvalidRequestError: the name has other characters than names have.
        """
        if name is not None and not _NAME.fullmatch(name):
            raise InvalidRequestError(
                "a name has 1 to 60 letters, digits, spaces or .@'-, and begins with a letter"
            )
        agent = Agent(name or agent.name, agent.session or secrets.token_urlsafe(16))
        token = self._signer.sign("desk", {"id": agent.session, "name": agent.name})
        _set(request, response, DESK_COOKIE, token)
        return agent

    def csrf(self, agent: Agent) -> str:
        """Make the token that a page sends with every change."""
        return self._signer.sign("csrf", {"id": agent.session})

    def check_csrf(self, request: Request, agent: Agent, now: datetime) -> None:
        """Refuse a change that no page of this desk asked for.

        Raises:
            ForbiddenError: the token is missing or another session's.
        """
        token = self._signer.read("csrf", request.headers.get(CSRF_HEADER, ""), now)
        if not agent.session or token is None or token.get("id") != agent.session:
            raise ForbiddenError(
                f"the header {CSRF_HEADER} is missing or out of date: reload the page; a program "
                "takes token and cookie from GET /api/v1/session"
            )

    def visitor(self, request: Request, now: datetime) -> Visitor | None:
        """Return the customer in the chat; ``None`` for a browser without a session."""
        payload = self._signer.read("chat", request.cookies.get(CHAT_COOKIE, ""), now)
        if payload is None:
            return None
        known = payload.get("customer")
        return Visitor(payload["address"], Customer(id=known) if known else None)

    def start_visitor(
        self,
        request: Request,
        response: Response,
        now: datetime,
        customer_id: str | None = None,
    ) -> Visitor:
        """Give a browser a chat session.

        A verified customer has one address, whatever the browser; a visitor has one per browser.
        """
        address = f"customer:{customer_id}" if customer_id else f"visitor:{secrets.token_hex(12)}"
        until = (now + timedelta(days=CHAT_DAYS)).timestamp()
        token = self._signer.sign(
            "chat", {"address": address, "customer": customer_id, "until": until}
        )
        _set(request, response, CHAT_COOKIE, token, days=CHAT_DAYS)
        return Visitor(address, Customer(id=customer_id) if customer_id else None)

    def link_token(self, customer_id: str, now: datetime) -> str:
        """Make the token of a link that opens the chat as a verified customer."""
        return self._signer.sign(
            "link", {"customer": customer_id, "until": (now + LINK_LIFE).timestamp()}
        )

    def read_link(self, token: str, now: datetime) -> str:
        """Return the customer of a signed link.

        Raises:
            SignInError: the link is not ours or is over.
        """
        payload = self._signer.read("link", token, now)
        if payload is None:
            raise SignInError("this link is not valid any more; ask for a new one")
        return str(payload["customer"])


def _set(
    request: Request, response: Response, name: str, token: str, days: int | None = None
) -> None:
    response.set_cookie(
        name,
        token,
        max_age=days * 86_400 if days else None,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
