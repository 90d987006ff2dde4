"""The pages people open, and the parts of pages that scripts load anew."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from handrail.desk.api.shapes import Body
from handrail.desk.api.traces import describe_graph, graph_named
from handrail.desk.cards import Card, is_urgent, load_card, load_queue, proposal, why
from handrail.desk.doors import Desk, Reader, TheDesk, TheEngine, Writer
from handrail.desk.error_replies import json_response
from handrail.desk.identity import Agent
from handrail.desk.labels import labels_for
from handrail.desk.statements import statements
from handrail.desk.story import tell
from handrail.engine.roles import who_may
from handrail.graphs.drawing import draw_svg
from handrail.store import customers
from handrail.traces.drawing import draw_waterfall
from handrail.traces.reading import find_traces, read_trace

router = APIRouter(include_in_schema=False)

DEMO_CUSTOMERS = 6
"""Customers the demo's chat page offers."""


class AgentName(Body):
    """The name a person wants to be known by."""

    name: str


def _page(request: Request, desk: Desk, name: str, **values: Any) -> HTMLResponse:
    labels = labels_for(desk.engine.playbook, request.headers.get("accept-language", ""))
    return desk.pages.TemplateResponse(request, name, {"desk": desk, "labels": labels, **values})


def _desk_page(
    request: Request, desk: Desk, agent: Agent, name: str, **values: Any
) -> HTMLResponse:
    """Render a page of the team; it carries the session's token for changes."""
    shell = HTMLResponse()
    started = desk.sessions.start_agent(request, shell, agent)
    page = _page(
        request,
        desk,
        name,
        agent=started,
        csrf=desk.sessions.csrf(started),
        selectable=desk.sessions.authenticator.selectable,
        why=why,
        is_urgent=is_urgent,
        proposal=proposal,
        who_may=who_may,
        **values,
    )
    page.headers["Set-Cookie"] = shell.headers["Set-Cookie"]
    return page


@router.get("/")
async def show_start(request: Request, desk: TheDesk) -> HTMLResponse:
    """The landing page."""
    return _page(request, desk, "start.html", graphs=sorted(desk.engine.graphs))


@router.get("/chat")
async def show_chat(
    request: Request, desk: TheDesk, link: Annotated[str | None, Query()] = None
) -> Response:
    """The customer's chat; a signed link opens it as a verified customer."""
    now = desk.now()
    if link is not None:
        response = RedirectResponse("/chat", status_code=303)
        desk.sessions.start_visitor(request, response, now, desk.sessions.read_link(link, now))
        return response
    visitor = desk.sessions.visitor(request, now)
    known = visitor.customer.id if visitor and visitor.customer else None
    page = _page(
        request,
        desk,
        "chat.html",
        brand=desk.engine.kits.active.release.playbook.brand.name,
        known=known,
        demo=await _demo_links(desk) if desk.demo else [],
    )
    if visitor is None:
        desk.sessions.start_visitor(request, page, now)
    return page


@router.get("/chat/leave")
async def leave_chat(request: Request, desk: TheDesk) -> Response:
    """Begin again as an unknown visitor."""
    response = RedirectResponse("/chat", status_code=303)
    desk.sessions.start_visitor(request, response, desk.now())
    return response


async def _demo_links(desk: Desk) -> list[dict[str, str]]:
    known = await desk.engine.database.read(customers.with_records)
    # The first of each language, so that every language of the demo can be tried.
    first = {customer.language: customer for customer in reversed(known)}
    others = [one for one in first.values() if one not in known[:DEMO_CUSTOMERS]]
    found = (*known[:DEMO_CUSTOMERS], *others)
    now = desk.now()
    return [
        {
            "id": customer.id,
            "name": customer.name or customer.id,
            "link": f"/chat?link={desk.sessions.link_token(customer.id, now)}",
        }
        for customer in found
    ]


@router.get("/desk")
async def show_desk(
    request: Request,
    desk: TheDesk,
    agent: Reader,
    review: str | None = None,
    conversation: str | None = None,
) -> HTMLResponse:
    """The desk: queue, conversation, draft, customer."""
    after = await desk.engine.last_change()
    queue = await load_queue(desk.engine, desk.now())
    card = await _chosen(desk, review, conversation)
    return _desk_page(request, desk, agent, "desk.html", queue=queue, card=card, after=after)


async def _chosen(desk: Desk, review: str | None, conversation: str | None) -> Card | None:
    if review or conversation:
        return await load_card(
            desk.engine, desk.now(), review_id=review, conversation_id=conversation or ""
        )
    return None


@router.get("/desk/queue")
async def show_queue(request: Request, desk: TheDesk, agent: Reader) -> HTMLResponse:
    """The queue alone, for the script."""
    queue = await load_queue(desk.engine, desk.now())
    return _page(
        request, desk, "parts/queue.html", queue=queue, agent=agent, why=why, is_urgent=is_urgent
    )


@router.get("/desk/reviews/{review_id}")
async def show_review(
    request: Request, review_id: str, desk: TheDesk, agent: Reader
) -> HTMLResponse:
    """A review with its conversation, for the script."""
    card = await load_card(desk.engine, desk.now(), review_id=review_id)
    return _card(request, desk, agent, card)


@router.get("/desk/conversations/{conversation_id}")
async def show_held(
    request: Request, conversation_id: str, desk: TheDesk, agent: Reader
) -> HTMLResponse:
    """A conversation, with its open review where there is one, for the script."""
    card = await load_card(desk.engine, desk.now(), conversation_id=conversation_id)
    return _card(request, desk, agent, card)


def _card(request: Request, desk: Desk, agent: Agent, card: Card) -> HTMLResponse:
    return _page(
        request,
        desk,
        "parts/card.html",
        card=card,
        agent=agent,
        why=why,
        is_urgent=is_urgent,
        proposal=proposal,
        who_may=who_may,
    )


@router.post("/desk/agent")
async def choose_name(request: Request, body: AgentName, desk: TheDesk, agent: Writer) -> Response:
    """Choose the name this browser's decisions are made under; for the local desk only."""
    response = json_response({"agent": body.name})
    if desk.sessions.authenticator.selectable:
        desk.sessions.start_agent(request, response, agent, body.name.strip())
    return response


@router.get("/conversations")
async def show_conversations(request: Request, desk: TheDesk, agent: Reader) -> HTMLResponse:
    """All conversations, the last changed first."""
    lines = await desk.engine.conversations(limit=200)
    return _desk_page(request, desk, agent, "conversations.html", lines=lines)


@router.get("/c/{conversation_id}")
async def show_story(
    request: Request, conversation_id: str, desk: TheDesk, agent: Reader
) -> HTMLResponse:
    """The whole story of a conversation."""
    view = await desk.engine.conversation(conversation_id)
    moments = tell(view, await desk.engine.judgements(conversation_id))
    return _desk_page(request, desk, agent, "story.html", view=view, moments=moments)


@router.get("/traces")
async def show_traces(request: Request, desk: TheDesk, agent: Reader) -> HTMLResponse:
    """The newest traces."""
    found = await desk.engine.database.read(lambda c: find_traces(c, limit=100))
    return _desk_page(request, desk, agent, "traces.html", traces=found)


@router.get("/t/{reference}")
async def show_trace(
    request: Request, reference: str, desk: TheDesk, agent: Reader
) -> HTMLResponse:
    """One turn as a tree with times, and its audit rows."""
    trace = await desk.engine.database.read(lambda c: read_trace(c, reference))
    picture = draw_waterfall(trace)
    last = trace.steps[-1] if trace.steps else None
    return _desk_page(
        request,
        desk,
        agent,
        "trace.html",
        trace=trace,
        waterfall=picture,
        stated=statements(last.text or "", last.claims) if last else (),
    )


@router.get("/graphs/{name}")
async def show_graph(
    request: Request, name: str, engine: TheEngine, desk: TheDesk, agent: Reader
) -> HTMLResponse:
    """A graph as a picture and as a table."""
    graph = graph_named(engine, name)
    return _desk_page(
        request,
        desk,
        agent,
        "graph.html",
        graph=describe_graph(graph),
        picture=draw_svg(graph),
        names=sorted(engine.graphs),
    )
