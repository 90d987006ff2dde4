"""A model that promises what no limit allows it to promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PROMISE = "We will refund you 80.00 USD."


def answer(_: Sequence[Mapping[str, str]], schema: type[Any]) -> dict[str, Any]:
    """Answer with the promise."""
    if "sentences" not in schema.model_fields:
        return dict.fromkeys(schema.model_fields, "")
    return {"sentences": [{"text": PROMISE, "evidence": []}], "records": [], "confidence": 0.9}
