"""What every drafter promises (``handrail.core.ports.Drafter``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from handrail.core.conversation import ConversationFacts, Customer, Snapshot
from handrail.core.drafting import IntentGuess, IntentResult
from handrail.core.errors import ModelCallError
from handrail.core.ports import Drafter, DraftRequest
from handrail.language.fallback_drafter import FallbackDrafter
from handrail.language.knowledge import ArticleIndex
from handrail.language.model_calls import ModelCalls
from handrail.language.model_drafter import ModelDrafter
from handrail.language.models.function import FunctionModel
from handrail.language.template_drafter import TemplateDrafter
from handrail.playbook.loading import demo_path, load_release
from handrail.playbook.models import Release
from handrail.playbook.records import read_data

RELEASE = load_release(demo_path())
CUSTOMERS, RECORDS = read_data(demo_path(), RELEASE.playbook)
INDEX = ArticleIndex(RELEASE.articles)


def _answering(*_: Any) -> dict[str, Any]:
    return {"sentences": [{"text": "We look into it.", "evidence": []}], "confidence": 0.8}


def _failing(*_: Any) -> dict[str, Any]:
    raise ModelCallError("down")


def _model(answer: Callable[..., Any]) -> Callable[[Release], Drafter]:
    return lambda release: ModelDrafter(release, ModelCalls(FunctionModel(answer), pause_s=0))


def _fallback(release: Release) -> Drafter:
    return FallbackDrafter([_model(_failing)(release), TemplateDrafter(release)])


@pytest.fixture(
    params=[TemplateDrafter, _model(_answering), _model(_failing), _fallback],
    ids=["template", "model", "model down", "fallback"],
)
def drafter(request: pytest.FixtureRequest) -> Drafter:
    return request.param(RELEASE)


def _requests(customer: Customer, *, verified: bool) -> Sequence[DraftRequest]:
    snapshot = Snapshot(
        conversation=ConversationFacts(
            id="cnv_1", customer_id=customer.id, channel="web", address="session-1"
        ),
        customer=customer,
        verified=verified,
        messages=(),
        records=tuple(r for r in RECORDS if r.customer_id == customer.id),
        now=datetime(2026, 1, 5, tzinfo=UTC),
        release=RELEASE.id,
    )
    results = [IntentResult(ranked=(), out_of_scope=1, decision="escalate")]
    for name in RELEASE.playbook.intents:
        guess = (IntentGuess(intent=name, probability=0.6),)
        results += [
            IntentResult(ranked=guess, out_of_scope=0, decision="accept"),
            IntentResult(ranked=guess, out_of_scope=0, decision="clarify"),
        ]
    text = "Where is order LF1001, can I return it?"
    found = INDEX.search(text, internal=True)
    return [
        DraftRequest(snapshot=snapshot, text=text, intent=result, passages=found, round=1)
        for result in results
    ]


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("customer", CUSTOMERS[:12], ids=lambda c: c.id)
async def test_a_text_or_a_problem(drafter: Drafter, customer: Customer, verified: bool) -> None:
    for request in _requests(customer, verified=verified):
        draft = await drafter.draft(request)
        assert draft.text.strip() or draft.problem
        assert draft.text or not draft.citations
        assert draft.round == 1
        assert "{{" not in draft.text
        if draft.source == "none":
            assert draft.text == ""


@pytest.mark.parametrize("customer", CUSTOMERS[:12], ids=lambda c: c.id)
async def test_citations_are_of_the_customers_own_records_and_open_articles(
    drafter: Drafter, customer: Customer
) -> None:
    own = {f"record:{r.kind}/{r.id}" for r in RECORDS if r.customer_id == customer.id}
    inside = {a.id for a in RELEASE.articles if a.internal}
    for verified in (True, False):
        for request in _requests(customer, verified=verified):
            for citation in (await drafter.draft(request)).citations:
                kind, _, rest = citation.source.partition(":")
                if kind == "record":
                    assert verified
                    assert citation.source.partition("#")[0] in own
                if kind == "article":
                    assert rest.partition("#")[0] not in inside
