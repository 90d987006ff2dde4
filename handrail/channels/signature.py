"""Signatures of webhooks, both ways: HMAC-SHA256 over the time and the body."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from handrail.core.errors import SignatureError

HEADER = "Handrail-Signature"
"""Carries ``t=SECONDS,v1=HEX``."""
REPLAY_WINDOW = timedelta(minutes=5)
"""How far the time in a webhook's signature may be from ours."""


def sign_webhook(secret: str, body: bytes, moment: datetime) -> str:
    """Make the ``Handrail-Signature`` header of a webhook."""
    stamp = int(moment.timestamp())
    return f"t={stamp},v1={_webhook_seal(secret, stamp, body)}"


def check_webhook(secret: str | None, header: str | None, body: bytes, now: datetime) -> None:
    """Refuse a webhook that its sender did not sign just now.

    Raises:
        SignatureError: there is no signature, it is wrong, or too old.
    """
    if not secret:
        raise SignatureError(
            "this server takes no webhooks yet: set HANDRAIL_WEBHOOK_SECRET, here and at the sender"
        )
    if not header:
        raise SignatureError(
            "the webhook is not signed; send the header Handrail-Signature: t=SECONDS,v1=HEX, "
            "where HEX is HMAC-SHA256 of 'SECONDS.BODY' with the shared secret"
        )
    pieces = (part.strip().partition("=") for part in header.split(","))
    parts = {name: value for name, _, value in pieces}
    stamp = parts.get("t", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13):
        raise SignatureError("the signature has no time; send Handrail-Signature: t=SECONDS,v1=HEX")
    seal = _webhook_seal(secret, int(stamp), body)
    if not hmac.compare_digest(seal.encode(), parts.get("v1", "").encode("utf-8", "replace")):
        raise SignatureError(
            "the signature is wrong; sign the bytes 'SECONDS.BODY' exactly as they are sent, with "
            "the secret in HANDRAIL_WEBHOOK_SECRET"
        )
    if abs(now.timestamp() - int(stamp)) > REPLAY_WINDOW.total_seconds():
        raise SignatureError(
            f"the signature's time is more than {REPLAY_WINDOW.seconds // 60} minutes from ours; "
            "sign at the moment of sending and set the sender's clock"
        )


def _webhook_seal(secret: str, stamp: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
