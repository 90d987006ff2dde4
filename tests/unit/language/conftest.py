"""The demo shop and requests about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from handrail.core.conversation import ConversationFacts, Customer, Message, Record, Snapshot
from handrail.core.drafting import DraftNotes, IntentGuess, IntentResult
from handrail.core.ports import DraftRequest
from handrail.language.knowledge import ArticleIndex
from handrail.playbook.loading import demo_path, load_release
from handrail.playbook.models import Release
from handrail.playbook.records import read_data

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
MakeRequest = Callable[..., DraftRequest]


@pytest.fixture(scope="session")
def release() -> Release:
    return load_release(demo_path())


@pytest.fixture(scope="session")
def knowledge(release: Release) -> ArticleIndex:
    return ArticleIndex(release.articles)


@pytest.fixture(scope="session")
def people(release: Release) -> tuple[tuple[Customer, ...], tuple[Record, ...]]:
    return read_data(demo_path(), release.playbook, today=date(2026, 1, 5))


@pytest.fixture
def make_request(
    release: Release,
    knowledge: ArticleIndex,
    people: tuple[tuple[Customer, ...], tuple[Record, ...]],
) -> MakeRequest:
    """Makes a request of a demo customer: text, intent, and what differs from the usual."""

    def make(
        text: str,
        intent: str,
        *,
        customer: str = "cust_001",
        verified: bool = True,
        decision: str = "accept",
        others: tuple[str, ...] = (),
        history: tuple[tuple[str, str], ...] = (),
        records: tuple[Record, ...] | None = None,
        notes: DraftNotes | None = None,
        clarifications: int = 0,
        channel: str = "web",
    ) -> DraftRequest:
        owner = next(c for c in people[0] if c.id == customer)
        own = tuple(r for r in people[1] if r.customer_id == customer)
        messages = tuple(
            Message.model_validate(
                {
                    "id": f"msg_{number}",
                    "conversation_id": "cnv_1",
                    "seq": number,
                    "role": role,
                    "channel": channel,
                    "text": words,
                    "at": NOW,
                }
            )
            for number, (role, words) in enumerate(history, start=1)
        )
        snapshot = Snapshot(
            conversation=ConversationFacts(
                id="cnv_1",
                customer_id=customer,
                channel=channel,
                address="session-1",
                clarifications=clarifications,
            ),
            customer=owner,
            verified=verified,
            messages=messages,
            records=own if records is None else records,
            now=NOW,
            release=release.id,
        )
        guesses = [IntentGuess(intent=intent, probability=0.9 if decision == "accept" else 0.4)]
        guesses += [IntentGuess(intent=other, probability=0.3) for other in others]
        result = IntentResult.model_validate(
            {"ranked": tuple(guesses), "out_of_scope": 0.1, "decision": decision}
        )
        return DraftRequest(
            snapshot=snapshot,
            text=text,
            intent=result,
            passages=knowledge.search(text),
            notes=notes or DraftNotes(),
        )

    return make
