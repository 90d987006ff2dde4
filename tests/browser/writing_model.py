"""A model that writes one sentence every second, so that a page can be seen while it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

SENTENCES = (
    "The <b>zebra</b> is on its way.",
    "Refunds take ninety days.",
    "Ask us again in a year.",
)


async def answer(
    _: Sequence[Mapping[str, str]], schema: type[Any]
) -> AsyncIterator[dict[str, Any]]:
    """Answer so that the whole needs a person's approval."""
    if "sentences" not in schema.model_fields:
        yield dict.fromkeys(schema.model_fields, "")
        return
    said: list[dict[str, Any]] = []
    for text in SENTENCES:
        said.append({"text": text, "evidence": []})
        yield {"sentences": said}
        await asyncio.sleep(1)
    yield {"sentences": said, "records": [], "confidence": 0.9}
