"""Messages that other systems bring in, signed by the sender."""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError

from handrail.channels.signature import HEADER, check_webhook
from handrail.core.conversation import Customer
from handrail.core.errors import InvalidRequestError, NotFoundError
from handrail.core.events import Accepted, CustomerMessage, Event
from handrail.desk.api.chat import WEB
from handrail.desk.api.shapes import WebhookCustomer, WebhookMessage
from handrail.desk.doors import Desk, TheDesk
from handrail.store import customers

router = APIRouter(tags=["webhooks"])

_DOCUMENTED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": WebhookMessage.model_json_schema()}},
    },
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": "t=SECONDS,v1=HEX: HMAC-SHA256 of SECONDS.BODY with the shared secret",
        }
    ],
}


@router.post("/webhooks/{channel}", openapi_extra=_DOCUMENTED)
async def receive_webhook(channel: str, request: Request, desk: TheDesk) -> Accepted:
    """Take a customer's message; the sender vouches for the customer it names.

    401 where it is not signed, or more than five minutes ago. Sent again it is taken as the same
    message: 200 with ``duplicate``.
    """
    body = await request.body()
    check_webhook(desk.webhook_secret, request.headers.get(HEADER), body, desk.now())
    desk.webhook_limit.take(channel)
    if channel == WEB or channel not in desk.engine.channels:
        known = sorted(set(desk.engine.channels) - {WEB})
        raise NotFoundError(
            f"no channel {channel!r} takes webhooks; there are {', '.join(known) or 'none'}. "
            "Register one in a package (entry point handrail.channels)"
        )
    message = _read(body)
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


def _read(body: bytes) -> WebhookMessage:
    try:
        return WebhookMessage.model_validate_json(body)
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
