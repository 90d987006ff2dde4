"""What every request handler is given: the engine, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.templating import Jinja2Templates

from handrail.core.errors import SignInError
from handrail.desk.feed import Feed
from handrail.desk.identity import Agent, Sessions, Visitor
from handrail.desk.protection import RateLimit
from handrail.engine.service import Engine


@dataclass(frozen=True)
class Desk:
    """All that the web doors share."""

    engine: Engine
    sessions: Sessions
    feed: Feed
    pages: Jinja2Templates
    chat_limit: RateLimit
    webhook_limit: RateLimit
    webhook_secret: str | None
    demo: bool
    """Whether the chat page offers to write as one of the demo customers."""

    def now(self) -> datetime:
        """The current moment in UTC."""
        return self.engine.clock.now()


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]


def _engine(desk: TheDesk) -> Engine:
    return desk.engine


TheEngine = Annotated[Engine, Depends(_engine)]


def _reader(request: Request, desk: TheDesk) -> Agent:
    return desk.sessions.agent(request, desk.now())


Reader = Annotated[Agent, Depends(_reader)]
"""A person of the team who looks."""


def _writer(request: Request, desk: TheDesk, agent: Reader) -> Agent:
    desk.sessions.check_csrf(request, agent, desk.now())
    return agent


Writer = Annotated[Agent, Depends(_writer)]
"""A person of the team who changes something, from a page of this desk."""


def _visitor(request: Request, desk: TheDesk) -> Visitor:
    visitor = desk.sessions.visitor(request, desk.now())
    if visitor is None:
        raise SignInError("this browser has no chat session; open /chat first")
    return visitor


TheVisitor = Annotated[Visitor, Depends(_visitor)]
"""A customer in the web chat."""
