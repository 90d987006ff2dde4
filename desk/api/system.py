"""Health, the session of a program, and the description of this interface."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from handrail.desk.api.shapes import Session
from handrail.desk.doors import Reader, TheDesk, TheEngine

router = APIRouter()
health = APIRouter(tags=["system"])


@health.get("/healthz")
async def is_healthy(engine: TheEngine) -> dict[str, Any]:
    """Say whether the database answers."""
    return {"ok": True, "last_change": await engine.last_change()}


@router.get("/session", tags=["system"])
async def open_session(
    request: Request, response: Response, desk: TheDesk, agent: Reader
) -> Session:
    """Give a program its cookie and the token that changes need in the header ``X-CSRF``."""
    started = desk.sessions.start_agent(request, response, agent)
    role = desk.engine.playbook.role_of(started.name)
    return Session(agent=started.name, role=role, csrf=desk.sessions.csrf(started))


@router.get("/docs", include_in_schema=False)
async def describe(request: Request, desk: TheDesk) -> HTMLResponse:
    """List every operation on a page without scripts."""
    document = request.app.openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["other"])[0]
            groups.setdefault(tag, []).append(
                {"method": method.upper(), "path": path, "body": _body(operation), **operation}
            )
    return desk.pages.TemplateResponse(
        request, "docs.html", {"groups": groups, "schemas": document["components"]["schemas"]}
    )


def _body(operation: dict[str, Any]) -> str:
    """Name of the schema an operation takes."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    name: str = schema.get("$ref", schema.get("title", ""))
    return name.rpartition("/")[2]
