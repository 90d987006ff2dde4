"""What other systems bring in, signed by the sender: messages, and actions that were done."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError

from handrail.channels.signature import HEADER, check_webhook
from handrail.core.conversation import ActionNotice, Customer
from handrail.core.errors import InvalidRequestError, NotFoundError
from handrail.core.events import Accepted, CustomerMessage, Event
from handrail.desk.api.chat import WEB
from handrail.desk.api.shapes import ToldAction, WebhookCustomer, WebhookMessage
from handrail.desk.doors import Desk, TheDesk
from handrail.engine.telling import Told
from handrail.store import customers

router = APIRouter(tags=["webhooks"])

B = TypeVar("B", bound=BaseModel)
_SIGNATURE = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "t=SECONDS,v1=HEX: HMAC-SHA256 of SECONDS.BODY with the shared secret",
}


def _documented(shape: type[BaseModel]) -> dict[str, Any]:
    content = {"application/json": {"schema": shape.model_json_schema()}}
    return {
        "requestBody": {"required": True, "content": content},
        "parameters": [_SIGNATURE],
    }


@router.post("/actions", openapi_extra=_documented(ToldAction))
async def tell_action(request: Request, desk: TheDesk) -> Told:
    """Take in what was done for a customer, so that replies may say so.

    Only a system that signs may tell, for it is the evidence that people's words are held
    against. Sent again it counts once: 200 with ``duplicate``; 409 where something else was told
    under the id. What was ``pending`` may be told as ``done`` or ``failed`` later.
    """
    told = _read(ToldAction, await _signed(request, desk, "actions"))
    customer = await _customer(desk, told.customer)
    assert customer is not None
    event = told.model_dump(exclude={"customer"})
    return await desk.engine.tell_action(ActionNotice(customer_id=customer.id, **event))


@router.post("/webhooks/{channel}", openapi_extra=_documented(WebhookMessage))
async def receive_webhook(channel: str, request: Request, desk: TheDesk) -> Accepted:
    """Take a customer's message; the sender vouches for the customer it names.

    401 where it is not signed, or more than five minutes ago. Sent again it is taken as the same
    message: 200 with ``duplicate``.
    """
    body = await _signed(request, desk, channel)
    if channel == WEB or channel not in desk.engine.channels:
        known = sorted(set(desk.engine.channels) - {WEB})
        raise NotFoundError(
            f"no channel {channel!r} takes webhooks; there are {', '.join(known) or 'none'}. "
            "Register one in a package (entry point handrail.channels)"
        )
    message = _read(WebhookMessage, body)
    return await desk.engine.ingest(
        Event(
            channel=channel,
            external_id=message.id,
            body=CustomerMessage(
                text=message.text,
                address=message.address,
                customer=await _customer(desk, message.customer),
                verified=message.customer is not None,
            ),
        )
    )


async def _signed(request: Request, desk: Desk, sender: str) -> bytes:
    body = await request.body()
    check_webhook(desk.webhook_secret, request.headers.get(HEADER), body, desk.now())
    desk.webhook_limit.take(sender)
    return body


def _read(shape: type[B], body: bytes) -> B:
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        problems = [
            {"at": ".".join(map(str, item["loc"])) or "body", "problem": item["msg"]}
            for item in error.errors()
        ]
        listed = "; ".join(f"{item['at']}: {item['problem']}" for item in problems[:5])
        raise InvalidRequestError(
            f"the webhook has another shape than it must have: {listed}. The shape is at "
            "/api/v1/docs",
            problems=problems,
        ) from error


async def _customer(desk: Desk, named: WebhookCustomer | None) -> Customer | None:
    """Find the customer the sender names; one known by e-mail alone gets a lasting id."""
    if named is None:
        return None
    if named.id is not None:
        return Customer(id=named.id, email=named.email, name=named.name)
    if named.email is None:
        raise InvalidRequestError("customer: give its id or its email")
    email = named.email.strip().casefold()
    known = await desk.engine.database.read(lambda c: customers.ids_by_email(c, email))
    if len(known) > 1:
        raise InvalidRequestError(f"{len(known)} customers have this e-mail address; give the id")
    made = f"cus_{hashlib.sha256(email.encode()).hexdigest()[:22]}"
    return Customer(id=known[0] if known else made, email=email, name=named.name)
