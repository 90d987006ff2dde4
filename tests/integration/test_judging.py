"""The judge and the scorer that the settings name are those that drafts are judged by."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import handrail
from handrail.core.conversation import ConversationFacts, Customer, Passage, Snapshot
from handrail.core.drafting import Draft
from handrail.core.errors import CheckDefinitionError, ModelUnavailableError
from handrail.core.ports import Judgement
from handrail.core.verdict import Report
from handrail.desk.settings import Settings
from handrail.desk.testing import open_world
from handrail.engine.service import Engine
from handrail.guardrails.support_scorer import shipped_scorer
from handrail.language.model_drafter import ModelReply
from handrail.language.usage import count_tokens

TEXT = "We wrap gifts for free."


class Judge:
    """Denies everything."""

    name = "denies"

    async def judge(
        self, claims: Sequence[str], evidence: Mapping[str, str]
    ) -> Sequence[Judgement]:
        return [Judgement(support="unsupported") for _ in claims]


@pytest.fixture
def settings(tmp_path: Path, sqlite_template: Path) -> Settings:
    shutil.copy(sqlite_template, tmp_path / "handrail.db")
    return Settings(home=tmp_path, trace=False)


async def judged(engine: Engine) -> Report:
    snapshot = Snapshot(
        conversation=ConversationFacts(id="k1", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1"),
        verified=False,
        messages=(),
        records=(),
        now=datetime(2026, 3, 5, tzinfo=UTC),
        release="rel_1",
    )
    passage = Passage(id="g#1", article_id="g", title="Gifts", text="Gifts are wrapped for free.")
    checked = await engine.kits.active.verifier.verify(
        Draft(id="d1", text=TEXT, source="model", passages=(passage,)),
        snapshot,
        mode="supervised",
        intent=None,
        text="",
        repair=False,
    )
    return checked.verdict.report


async def test_the_judge_of_the_settings_is_asked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json, "judge", Judge, raising=False)
    chosen = settings.model_copy(update={"judge": "python:json:judge"})
    async with handrail.open(settings=chosen, work=False) as engine:
        assert [claim.by for claim in (await judged(engine)).claims] == ["denies"]
    async with handrail.open(settings=settings, work=False) as engine:
        assert [claim.support for claim in (await judged(engine)).claims] == ["unverified"]


async def test_the_scorer_of_the_settings_scores(settings: Settings, tmp_path: Path) -> None:
    harsh = shipped_scorer().model_copy(update={"threshold": 0.000001})
    file = tmp_path / "scorer.json"
    file.write_text(harsh.model_dump_json(), encoding="utf-8")
    chosen = settings.model_copy(update={"support_scorer": file})
    async with handrail.open(settings=chosen, work=False) as engine:
        report = await judged(engine)
    assert "fact.grounded:unsupported" in {finding.key for finding in report.findings}


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"judge": "onnx:nowhere"}, ModelUnavailableError),
        ({"judge": "python:nowhere:judge"}, ModelUnavailableError),
        ({"support_scorer": Path("nowhere.json")}, CheckDefinitionError),
    ],
)
async def test_what_is_wrong_is_told_at_the_start(
    settings: Settings, wrong: dict[str, str | Path], error: type[Exception]
) -> None:
    with pytest.raises(error):
        async with handrail.open(settings=settings.model_copy(update=wrong), work=False):
            pass


FREE = {
    "sentences": [{"text": "We would gladly wrap any gift at no cost.", "evidence": []}],
    "confidence": 0.9,
}


def drafts_and_judges(_: Any, schema: type[Any]) -> dict[str, Any]:
    """Draft what no source says, and deny it."""
    count_tokens(input_tokens=70, output_tokens=30)
    if schema is ModelReply:
        return FREE
    return {"statements": [{"number": 1, "support": "unsupported"}]}


async def test_what_a_model_costs_as_judge_counts_for_the_conversation(
    sqlite_url: str, handrail_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json, "both", drafts_and_judges, raising=False)
    chosen = Settings(
        home=handrail_home, model="function:json:both", judge="function:json:both", model_budget=600
    )
    async with open_world(sqlite_url, handrail_home, settings=chosen) as world:
        accepted = await world.ask("What is your return policy?")
        cost = (await world.engine.conversation(accepted.conversation_id)).facts.tokens
        review = await world.only_review()
        assert review.verdict is not None
        assert review.verdict.tokens == 100
        assert cost == 600, "three drafts and their judgements"
        checked = await world.engine.check_text(accepted.conversation_id, FREE_WORDS, "kim")
        assert [item.check for item in checked.report.errored] == ["fact.judged"]
        assert checked.tokens == 0, "there were no tokens left"
    chosen = chosen.model_copy(update={"model_budget": 650})
    async with open_world(sqlite_url, handrail_home, settings=chosen) as world:
        checked = await world.engine.check_text(accepted.conversation_id, FREE_WORDS, "kim")
        view = await world.engine.conversation(accepted.conversation_id)
        assert (checked.tokens, view.facts.tokens) == (100, 700)


FREE_WORDS = "We would gladly wrap every gift at no cost."
