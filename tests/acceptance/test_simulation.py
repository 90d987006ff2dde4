"""Simulated support: every promise is judged, one seed is one story, and broken things are seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handrail.core.errors import ScenarioError
from handrail.core.ids import new_id
from handrail.desk.settings import Settings
from handrail.desk.simulation.driving import simulate
from handrail.desk.simulation.report import SimulationReport
from handrail.desk.simulation.scenario import (
    SHIPPED,
    Agents,
    ChannelFaults,
    Customers,
    ModelFaults,
    Said,
    Scenario,
    WebhookFaults,
    find_scenario,
    load_scenario,
)
from handrail.engine import effects, finish, gate, relay, replies, runner
from handrail.playbook.loading import demo_path, load_release
from handrail.store import audit, reviews
from handrail.store import tables as t

PLAYBOOK = load_release(demo_path()).playbook


async def run(home: Path, scenario: Scenario) -> SimulationReport:
    return await simulate(scenario, settings=Settings(home=home))


def shipped(name: str) -> Scenario:
    return load_scenario(find_scenario(name), PLAYBOOK)


# The promises


NAMES = sorted(file.stem for file in SHIPPED.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
async def test_promises_hold_in_the_scenarios_that_ship(home: Path, name: str) -> None:
    report = await run(home, shipped(name))
    assert report.breaches == []
    assert report.errors == {}
    assert report.conversations == shipped(name).conversations
    assert all(one.looked_at > 0 for one in report.invariants)
    if name == "rush":  # a share that never comes up tests nothing
        assert len(report.injected) == 15, report.injected
        assert set(report.reviews) == {"answer", "approval", "failure", "undone"}
        assert "StaleDecisionError" in report.refused
        assert report.duplicates > 0


async def test_one_seed_is_one_story(home: Path) -> None:
    scenario = shipped("rush").model_copy(update={"conversations": 12})
    first, second = await run(home, scenario), await run(home, scenario)
    other = await run(home, scenario.model_copy(update={"seed": 8}))
    assert first == second
    assert first.story != other.story
    assert json.loads(json.dumps(first.as_dict()))["ok"] is True


# Scenario files


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("seed: 1\nagents: {aprover: 1}", "bad.yaml:2:10: unknown key 'aprover'"),
        ("customers: {patient: 0}", "bad.yaml:1:1: customers: nobody comes"),
        ("channel:\n  fails: 2", "bad.yaml:2:3: channel.fails"),
        ("says: {order_statuss: {}}", "did you mean 'order_status'"),
        ("seed: [", "bad.yaml:1:8: not YAML"),
    ],
)
def test_a_wrong_scenario_is_told_with_line_and_column(
    tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        load_scenario(file, PLAYBOOK)
    assert problem in refused.value.message


def test_an_unknown_scenario_names_those_that_ship() -> None:
    with pytest.raises(ScenarioError, match="calm, outage, rush"):
        find_scenario("none")


async def test_given_words_are_said(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "conversations: 5\nsays: {return_policy: {texts: [How long may I return a lamp?]}}",
        encoding="utf-8",
    )
    scenario = load_scenario(file, PLAYBOOK)
    assert scenario.texts(PLAYBOOK) == {"return_policy": (1, ("How long may I return a lamp?",))}
    report = await run(home, scenario)
    assert (report.messages, report.breaches) == (sum(report.replies.values()), [])


# Taking the mechanisms out: each invariant sees what it is for


def lose_what_a_crash_leaves(patch: pytest.MonkeyPatch) -> None:
    """P1: the failing turn's events count as done, and nobody is asked."""
    real = gate.claim

    def claim(connection: Any, conversation_id: str, **options: Any) -> Any:
        lease = real(connection, conversation_id, **options)
        if lease is not None:
            connection.execute(t.conversations.update().values(pending=0))
        return lease

    patch.setattr(gate, "claim", claim)


def new_key_for_each_try(patch: pytest.MonkeyPatch) -> None:
    """P2."""
    real: Any = relay.Outgoing
    patch.setattr(relay, "Outgoing", lambda **values: real(**{**values, "id": new_id("out")}))


def send_what_is_flagged(patch: pytest.MonkeyPatch) -> None:
    """P3: every reply counts as clean, whatever its verdict says."""
    patch.setattr(replies, "_stored_outcome", lambda *_: "clean")
    real = runner.TurnJournal.verified

    def flagged(self: Any, draft: Any, verdict: Any) -> None:
        real(self, draft, verdict.model_copy(update={"outcome": "flagged"}))

    patch.setattr(runner.TurnJournal, "verified", flagged)


def change_the_text_on_the_way(patch: pytest.MonkeyPatch) -> None:
    """P3: what the provider gets is not what was judged."""
    real: Any = relay.Outgoing

    def changed(**values: Any) -> Any:
        return real(**{**values, "text": values["text"] + " And a car for 1 EUR."})

    patch.setattr(relay, "Outgoing", changed)


def accept_decisions_on_anything(patch: pytest.MonkeyPatch) -> None:
    """P4."""
    patch.setattr(effects, "check_open", lambda *_: None)
    patch.setattr(reviews, "close", lambda *_, **__: True)


def take_over_in_name_only(patch: pytest.MonkeyPatch) -> None:
    """P6: the take-over is on record, and silences nobody."""

    def hold(change: Any, action: Any, actor: str, now: Any) -> None:
        effects.note(
            change, {"take_over": "taken_over"}.get(action.kind, "handed_back"), actor, now
        )

    patch.setattr(effects, "_hold", hold)


def ask_nobody_after_a_failure(patch: pytest.MonkeyPatch) -> None:
    """P7: the turn is written as failed, its review is not opened."""
    patch.setattr(finish, "open_review", lambda *_: None)


def write_no_audit(patch: pytest.MonkeyPatch) -> None:
    """P10."""
    patch.setattr(audit, "append", lambda _c, _id, head, _rows: head)


Removal = Callable[[pytest.MonkeyPatch], None]
SEEN_BY: dict[Removal, str] = {
    lose_what_a_crash_leaves: "P1",
    new_key_for_each_try: "P2",
    send_what_is_flagged: "P3",
    change_the_text_on_the_way: "P3",
    accept_decisions_on_anything: "P4",
    take_over_in_name_only: "P6",
    ask_nobody_after_a_failure: "P7",
    write_no_audit: "P10",
}
HARD = Scenario(
    conversations=25,
    minutes=120,
    messages=8,
    says={"return_policy": Said(), "cancel_order": Said(), "warranty": Said()},
    model=ModelFaults(fails=0.1, seconds=(5, 25)),
    customers=Customers(patient=1, impatient=2, double_sender=1),
    agents=Agents(approver=2, editor=1, stale_tab=2, two_at_once=3, taker=3),
    channel=ChannelFaults(fails=0.2, ack_lost=0.2),
    webhooks=WebhookFaults(duplicated=0.3),
)


@pytest.mark.parametrize("removal", SEEN_BY, ids=lambda removal: removal.__name__)
async def test_an_invariant_sees_its_mechanism_gone(
    home: Path, removal: Removal, monkeypatch: pytest.MonkeyPatch
) -> None:
    removal(monkeypatch)
    report = await run(home, HARD)
    promise = SEEN_BY[removal]
    assert [line for line in report.breaches if line.startswith(f"{promise}:")], report.breaches


async def test_nothing_is_seen_where_nothing_is_gone(home: Path) -> None:
    report = await run(home, HARD)
    assert report.breaches == []
