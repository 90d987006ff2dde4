"""Signed tokens: HMAC-SHA256 with keys made from the server's secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from handrail.core.errors import ConfigurationError

MIN_SECRET_CHARS = 32
"""A shorter secret could be guessed."""


def load_secret(path: Path) -> str:
    """Read the server's secret, or make one that only its owner can read.

    Raises:
        ConfigurationError: the file holds no usable secret, or cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if not path.is_file():
            raise ConfigurationError(
                f"the secret cannot be kept in {path}: {error.strerror}; name a folder that can be "
                "written in with HANDRAIL_HOME, or give a secret in HANDRAIL_SECRET"
            ) from error
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
