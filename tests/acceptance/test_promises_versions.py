"""P8: versions side by side, workers of two versions, and what a deploy would do, told before it.

As in the other promises, ``REMOVALS`` takes out what keeps each, and the scenario must then fail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from promises import Removals, promise_tests
from sqlalchemy import update

from handrail.core.conversation import Customer
from handrail.core.decisions import Approve, Review
from handrail.core.errors import DefinitionError, LaterVersionError
from handrail.core.events import CustomerMessage, Event
from handrail.core.migration import Rule, removed, renamed
from handrail.desk.testing import World
from handrail.engine import rehearsal, runner
from handrail.engine.rehearsal import rehearse
from handrail.engine.versions import Graphs
from handrail.graphs.definition import GraphDefinition, graph
from handrail.graphs.support import support
from handrail.store import tables as t

ASKS_TO_CANCEL = "Please cancel my order LF1001"


def version(text: str, *rules: Rule, gate: str = "ask_human") -> GraphDefinition:
    """The support graph in a version, with its gate under another name."""
    built = support.build()
    if gate != "ask_human":
        built.nodes[gate] = built.nodes.pop("ask_human")
        built.branches[gate] = built.branches.pop("ask_human")
        for branch in built.branches["choose_route"].values():
            assert branch.ends is not None
            branch.ends["ask"] = gate
    return GraphDefinition("support", text, lambda: built, support.bounded, rules)


async def pause(world: World, *graphs: GraphDefinition) -> Review:
    """Let a conversation wait under these graphs."""
    world.deploy(*graphs)
    await world.ask(ASKS_TO_CANCEL)
    return await world.only_review()


async def p8_old_version_finishes_its_turns(world: World) -> None:
    """Two versions side by side: what waits in the old one ends there, new turns start anew."""
    old, new = version("9"), version("10", gate="ask_person")
    review = await pause(world, old)
    world.deploy(new, old)
    await world.decide(review, Approve())
    await world.work()
    assert len(world.postbox.delivered) == 1, "P8: the old version did not finish its turn"
    await world.ask(ASKS_TO_CANCEL)
    await world.only_review()
    used = [row["graph_version"] for row in await world.rows(t.turns)]
    assert used == ["9", "10"], f"P8: turns ran under {used}"
    nodes = [row["node"] for row in await world.rows(t.reviews)]
    assert nodes == ["ask_human", "ask_person"], f"P8: reviews wait in {nodes}"


async def p8_newer_review_is_left_to_a_newer_worker(world: World) -> None:
    """A worker that was not brought up to date yet leaves the turn, and it is not counted."""
    review = await pause(world, version("2"))
    world.deploy(version("1"))
    await world.decide(review, Approve())
    for _ in range(runner.MOST_ATTEMPTS + 2):
        await world.work()
    assert await world.engine.reviews() == (), "P8: an older worker failed a newer turn"
    assert world.postbox.delivered == [], "P8: an older worker ran a newer turn"
    (row,) = await world.rows(t.conversations)
    assert (row["attempts"], row["pending"]) == (0, 1), "P8: leaving a turn was counted as a try"
    world.deploy(version("2"))
    await world.work()
    await world.work()
    assert len(world.postbox.delivered) == 1, "P8: the newer worker did not take the turn"


async def p8_newer_review_lands_on_a_person(world: World) -> None:
    """Where no newer worker comes within ten minutes, a person is told."""
    review = await pause(world, version("2"))
    world.deploy(version("1"))
    await world.decide(review, Approve())
    await world.work()
    world.clock.move(timedelta(minutes=10))
    await world.work()
    reviews = await world.engine.reviews()
    assert [r.kind for r in reviews] == ["failure"], "P8: a turn waits for a worker for ever"
    assert "version 2" in reviews[0].explanation, "P8: the missing version is not named"
    assert reviews[0].draft == review.draft, "P8: the draft is lost"
    assert world.postbox.delivered == [], "P8: something was sent"


async def p8_unknown_release_is_left_too(world: World) -> None:
    """The same for a playbook release that is not in this database."""
    review = await pause(world)
    away = update(t.reviews).values(release_id="rel_of_a_newer_worker")
    await world.engine.database.write(lambda c: c.execute(away))
    await world.decide(review, Approve())
    await world.work()
    assert await world.engine.reviews() == (), "P8: a turn failed at once"
    world.clock.move(timedelta(minutes=10))
    await world.work()
    reviews = await world.engine.reviews()
    assert [r.kind for r in reviews] == ["failure"], "P8: a turn waits for a worker for ever"
    assert "rel_of_a_newer_worker" in reviews[0].explanation, "P8: the release is not named"


async def p8_rehearsal_tells_who_would_be_stranded(world: World) -> None:
    """Three conversations wait; the next version would keep one, move one and strand one."""
    deployed = (version("1"), version("2", gate="gate"), version("3", gate="other"))
    for customer, graphs in zip(("cust_001", "cust_002", "cust_004"), deployed, strict=True):
        world.deploy(graphs)
        await ask_as(world, customer)
    before = await everything(world)
    rules = (renamed("gate", "ask_human", since="3"),)
    found = await rehearse(world.engine.database, Graphs([version("3", *rules), version("1")]))
    assert [f.outcome for f in found] == ["resumes", "migrates", "stranded"], f"P8: {found}"
    assert found[2].node == "other", "P8: the node is not named"
    assert "renamed('other'" in found[2].reason, "P8: the missing rule is not named"
    assert await everything(world) == before, "P8: the rehearsal changed the database"


async def ask_as(world: World, customer: str) -> None:
    """Let another customer write."""
    body = CustomerMessage(
        text="Please cancel my order",
        address=customer,
        customer=Customer(id=customer),
        verified=True,
    )
    await world.engine.ingest(Event(channel="test", external_id=customer, body=body))
    await world.work()


async def everything(world: World) -> dict[str, list[Any]]:
    """All rows of all tables that a run could change."""
    tables = (t.conversations, t.reviews, t.turns, t.events, t.outbox, t.audit_events)
    return {table.name: await world.rows(table) for table in tables}


async def p8_rehearsal_agrees_with_the_deploy(world: World) -> None:
    """What it says of a removed node is what happens."""
    review = await pause(world, version("1", gate="gate"))
    rules = (removed("gate", resume_as="verify_reply", since="2"),)
    new = version("2", *rules)
    (told,) = await rehearse(world.engine.database, Graphs([new]))
    assert told.outcome == "migrates", f"P8: {told}"
    world.deploy(new)
    await world.decide(review, Approve())
    await world.work()
    assert len(world.postbox.delivered) == 1, "P8: the deploy did something else"


# Taking the mechanisms out


def always_the_newest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Graphs, "for_paused", lambda self, name, _: self[name])


def leave_nothing(patch: pytest.MonkeyPatch) -> None:
    async def fail(self: Any, lease: Any, plan: Any, later: LaterVersionError) -> bool:
        return await self._fail(lease, plan, later)

    patch.setattr(runner.Runner, "_leave", fail)


def wait_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(runner, "LATER_WAIT", timedelta(days=9))


def try_nothing(patch: pytest.MonkeyPatch) -> None:
    async def load(*_: Any) -> None:
        return

    patch.setattr(rehearsal, "put_in_place", load)


def know_no_rules(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("handrail.engine.resuming.rules_after", lambda *_: ())


REMOVALS: Removals = {
    p8_old_version_finishes_its_turns: always_the_newest,
    p8_newer_review_is_left_to_a_newer_worker: leave_nothing,
    p8_newer_review_lands_on_a_person: wait_for_ever,
    p8_unknown_release_is_left_too: leave_nothing,
    p8_rehearsal_tells_who_would_be_stranded: try_nothing,
    p8_rehearsal_agrees_with_the_deploy: know_no_rules,
}


test_promise, test_promise_needs_its_mechanism = promise_tests(REMOVALS, says=r"^P8: ")


@pytest.mark.parametrize("wrong", ["", "v2", "2.", "1.0-rc1", "two", "-1"])
def test_a_version_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(DefinitionError, match="write a whole number"):
        graph("mine", version=wrong)
    with pytest.raises(DefinitionError, match="write a whole number"):
        graph("mine", version="2", migrations=(renamed("a", "b", since=wrong),))


def test_versions_are_ordered_as_numbers() -> None:
    kept = Graphs([version("10"), version("2.1"), version("2"), version("2.10")])
    assert [each.version for each in kept.versions("support")] == ["2", "2.1", "2.10", "10"]
    assert kept["support"].version == "10"
    assert kept.for_paused("support", "2.1").version == "2.1"
    assert kept.for_paused("support", "3").version == "10"


def test_another_graph_takes_a_place() -> None:
    graphs = Graphs([version("2")])
    other = GraphDefinition("mine", "1", support.build, support.bounded)
    assert graphs.put("support", other)["support"] is other
    assert graphs["support"].name == "support"


def test_one_version_registered_twice_is_refused() -> None:
    with pytest.raises(DefinitionError, match="give the changed one the next version"):
        Graphs([version("2"), version("2")])


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (renamed("old", "nowhere", since="2"), "no node of this graph"),
        (removed("old", resume_as="nowhere", since="2"), "no node of this graph"),
        (renamed("ask_human", "send_reply", since="2"), "drop one of them"),
        (renamed("old", "ask_human", since="3"), "raise the graph's version"),
    ],
)
def test_a_rule_that_leads_nowhere_is_a_problem(rule: Rule, says: str) -> None:
    problems = version("2", rule).check()
    assert [problem.rule for problem in problems] == ["migration"]
    assert says in problems[0].text


def test_a_chain_of_rules_ends_in_a_node() -> None:
    rules = (renamed("b", "ask_human", since="3"), renamed("a", "b", since="2"))
    assert version("3", *rules).check() == ()
