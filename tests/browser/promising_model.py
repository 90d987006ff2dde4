"""Models that promise what no limit allows, and claim what nothing shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PROMISE = "We will refund you 80.00 USD."
CLAIM = "Your order LF1001 has been cancelled."


def answer(_: Sequence[Mapping[str, str]], schema: type[Any]) -> dict[str, Any]:
    """Answer with the promise."""
    return _saying(PROMISE, schema)


def claim(_: Sequence[Mapping[str, str]], schema: type[Any]) -> dict[str, Any]:
    """Answer with the claim."""
    return _saying(CLAIM, schema)


def _saying(text: str, schema: type[Any]) -> dict[str, Any]:
    if "sentences" not in schema.model_fields:
        return dict.fromkeys(schema.model_fields, "")
    return {"sentences": [{"text": text, "evidence": []}], "records": [], "confidence": 0.9}
