"""Signed tokens and webhook signatures: HMAC-SHA256 with keys made from the server's secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from handrail.core.errors import ConfigurationError, SignatureError

MIN_SECRET_CHARS = 32
"""A shorter secret could be guessed."""
REPLAY_WINDOW = timedelta(minutes=5)
"""How far the time in a webhook's signature may be from ours."""


def load_secret(path: Path) -> str:
    """Read the server's secret, or make one that only its owner can read.

    Raises:
        ConfigurationError: the file is there and holds no usable secret.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return checked_secret(path.read_text(encoding="utf-8").strip(), str(path))
    secret = secrets.token_hex(32)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secret + "\n")
    return secret


def checked_secret(secret: str, where: str) -> str:
    """Return a secret that is long enough.

    Raises:
        ConfigurationError: it is not.
    """
    if len(secret) < MIN_SECRET_CHARS:
        raise ConfigurationError(
            f"the secret in {where} is shorter than {MIN_SECRET_CHARS} characters; put a random "
            "one there, for example the output of `openssl rand -hex 32`"
        )
    return secret


class Signer:
    """Makes and reads tokens; one made for a purpose is worth nothing for another."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def _seal(self, purpose: str, data: bytes) -> str:
        key = hmac.digest(self._secret, purpose.encode(), hashlib.sha256)
        return hmac.new(key, data, hashlib.sha256).hexdigest()

    def sign(self, purpose: str, payload: Mapping[str, Any]) -> str:
        """Make a token that carries ``payload``, readable by anybody, made by us alone."""
        data = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=")
        return f"{data.decode()}.{self._seal(purpose, data)}"

    def read(self, purpose: str, token: str, now: datetime) -> dict[str, Any] | None:
        """Return what a token carries; ``None`` for one that is not ours or is over.

        A payload with ``until`` (seconds since 1970) is over from then on.
        """
        data, _, seal = token.rpartition(".")
        if not hmac.compare_digest(
            self._seal(purpose, data.encode()).encode(), seal.encode("utf-8", "replace")
        ):
            return None
        try:
            payload = json.loads(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))
        except (binascii.Error, ValueError):
            return None
        return payload if payload.get("until", float("inf")) > now.timestamp() else None


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
    parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
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
