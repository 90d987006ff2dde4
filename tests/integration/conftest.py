"""The whole desk over a real engine with the demo shop, driven through ASGI."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from handrail.channels.signature import HEADER, sign_webhook
from handrail.desk.app import create_app
from handrail.desk.compose import open_engine
from handrail.desk.settings import Settings
from handrail.engine.service import Engine
from tests.integration.drafting import Writer

BASE = "http://127.0.0.1"
WEBHOOK_SECRET = "a secret that two machines share in this test"


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The classifier is trained once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def home(tmp_path: Path, model_cache: Path) -> Path:
    """A home whose classifier is trained already."""
    (tmp_path / "models").symlink_to(model_cache)
    return tmp_path


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    """The model of engines that :func:`~tests.integration.drafting.opened` opens."""
    made = Writer()
    monkeypatch.setattr(json, "writer", made.__call__, raising=False)
    return made


@dataclass
class Door:
    """The web application, and how a test goes through it."""

    engine: Engine
    app: Any
    settings: Settings

    def browser(self, base: str = BASE) -> httpx.AsyncClient:
        """A fresh browser without cookies."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=base)

    async def agent(self, name: str = "Ana") -> httpx.AsyncClient:
        """A browser of somebody of the team."""
        client = self.browser()
        session = (await client.get("/api/v1/session")).json()
        client.headers["X-CSRF"] = session["csrf"]
        answer = await client.post("/desk/agent", json={"name": name})
        assert answer.status_code == 200, answer.text
        return client

    async def customer(self, customer_id: str | None = None) -> httpx.AsyncClient:
        """A browser with the chat open, as a verified customer where one is named."""
        client = self.browser()
        path = "/chat"
        if customer_id:
            desk = self.app.state.desk
            path += f"?link={desk.sessions.link_token(customer_id, desk.now())}"
        answer = await client.get(path)
        assert answer.status_code in (200, 303)
        return client

    async def webhook(
        self, body: dict[str, Any], *, channel: str = "webhook", moment: datetime | None = None
    ) -> httpx.Response:
        """Send a signed webhook."""
        return await self.signed(f"webhooks/{channel}", body, moment)

    async def told(self, body: dict[str, Any], *, moment: datetime | None = None) -> httpx.Response:
        """Tell of an action that was done, signed."""
        return await self.signed("actions", body, moment)

    async def signed(
        self, path: str, body: dict[str, Any], moment: datetime | None = None
    ) -> httpx.Response:
        """Post a signed body."""
        content = json.dumps(body).encode()
        signature = sign_webhook(WEBHOOK_SECRET, content, moment or datetime.now(UTC))
        async with self.browser() as client:
            return await client.post(
                f"/api/v1/{path}", content=content, headers={HEADER: signature}
            )

    async def waiting(self, customer: httpx.AsyncClient, text: str) -> Any:
        """Have a customer write something that a person must answer; return the review."""
        said = (await customer.post("/api/v1/chat/messages", json={"text": text})).json()
        await self.engine.settle()
        found = await self.engine.reviews()
        return next(item for item in found if item.conversation_id == said["conversation_id"])


@pytest.fixture
async def door(tmp_path: Path, sqlite_template: Path, model_cache: Path) -> AsyncIterator[Door]:
    """The web application over an engine that works when the test says so."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(sqlite_template, home / "handrail.db")
    (home / "models").symlink_to(model_cache)
    settings = Settings(home=home, webhook_secret=WEBHOOK_SECRET, trace=False)
    async with open_engine(settings=settings, work=False) as engine:
        yield Door(engine, create_app(engine, settings), settings)
