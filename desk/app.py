"""The web application: every door over one engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from handrail import __version__
from handrail.desk import pages
from handrail.desk.api import chat, conversations, reviews, system, traces, webhooks
from handrail.desk.api import stream as changes
from handrail.desk.doors import Desk
from handrail.desk.error_replies import add_error_handlers
from handrail.desk.feed import Feed
from handrail.desk.identity import Authenticator, LocalUser, ProxyUser, Sessions
from handrail.desk.protection import Protection, RateLimit
from handrail.desk.settings import Settings
from handrail.desk.signing import Signer, checked_secret, load_secret
from handrail.desk.templating import templates
from handrail.engine.service import Engine

API = "/api/v1"


def create_app(
    engine: Engine, settings: Settings, *, authenticator: Authenticator | None = None
) -> FastAPI:
    """Make the web application over a running engine.

    Args:
        engine: Stays the caller's to open and to close.
        settings: Secret, webhooks, the proxy's header, and whether this is the demo.
        authenticator: Says who of the team is asking; by the settings where left out.

    Raises:
        ConfigurationError: the secret cannot be used.
    """
    desk = _desk(engine, settings, authenticator)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        await desk.feed.close()

    app = FastAPI(
        title="Handrail",
        version=__version__,
        summary="Customer support conversations shared by AI and people",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.desk = desk
    for part in (conversations, reviews, chat, webhooks, traces, changes, system):
        app.include_router(part.router, prefix=API)
    app.include_router(system.health)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    add_error_handlers(app)
    app.add_middleware(Protection)
    return app


def _desk(engine: Engine, settings: Settings, authenticator: Authenticator | None) -> Desk:
    header = settings.trusted_user_header
    secret = (
        checked_secret(settings.secret, "HANDRAIL_SECRET")
        if settings.secret
        else load_secret(settings.home / "secret")
    )
    return Desk(
        engine=engine,
        sessions=Sessions(
            Signer(secret), authenticator or (ProxyUser(header) if header else LocalUser())
        ),
        feed=Feed(engine),
        pages=templates(),
        chat_limit=RateLimit(burst=20, per_second=1.0),
        webhook_limit=RateLimit(burst=500, per_second=50.0),
        webhook_secret=settings.webhook_secret,
        demo=settings.playbook is None,
    )
