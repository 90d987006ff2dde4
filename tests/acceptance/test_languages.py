"""A customer is answered in their language, by the AI and by what waits for a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handrail.core.conversation import Customer, Passage
from handrail.core.decisions import Approve
from handrail.desk.cards import load_card
from handrail.desk.testing import ROUND_THE_CLOCK, World
from handrail.nodes.draft_reply import INTERNAL_PASSAGES
from handrail.playbook.models import Team

LUCIA = Customer(id="cust_031")
"""Writes Spanish; her order LF1047 is on its way."""
NIEVES = Customer(id="cust_033")
"""Writes Spanish; her order LF1050 is being packed."""


async def ask(world: World, text: str, customer: Customer) -> None:
    await world.ask(text, address=customer.id, customer=customer)


@pytest.mark.parametrize("text", ["¿Dónde está mi pedido?", "donde esta mi pedido LF1047"])
async def test_the_status_of_an_order_in_spanish(world: World, text: str) -> None:
    await ask(world, text, LUCIA)
    (reply,) = world.postbox.delivered
    assert reply.startswith("Hola, Lucía:\n\nTu pedido LF1047 salió el ")
    assert "lo lleva Northway Parcel. El número de seguimiento es NP710238845, y llega" in reply
    assert await world.engine.reviews() == ()
    (audited,) = await world.audited("verified")
    assert audited["outcome"] == "clean", audited


async def test_an_english_customer_of_the_same_shop(world: World) -> None:
    await world.ask("Where is my order?")
    assert world.postbox.delivered[0].startswith("Hello Ada,\n\nYour order LF1001 left us on ")


async def test_an_approved_draft_in_spanish(world: World) -> None:
    await ask(world, "Quiero cancelar mi pedido", NIEVES)
    review = await world.only_review()
    assert review.verdict is not None
    assert not review.verdict.report.findings
    await world.decide(review, Approve())
    await world.work()
    (reply,) = world.postbox.delivered
    assert "El pedido LF1050 todavía no ha salido de nuestro almacén." in reply


async def test_what_the_agent_is_given_for_a_spanish_customer(world: World) -> None:
    await ask(world, "quiero hablar con una persona", LUCIA)
    review = await world.only_review()
    card = await load_card(world.engine, world.clock.now(), review_id=review.id)
    assert review.reason == "human_request"
    assert card.approved_words.startswith("Por supuesto, desde aquí sigue un compañero")


async def test_a_spanish_customer_waits_in_spanish(world: World) -> None:
    team = Team(hours=ROUND_THE_CLOCK, review_minutes=60, fallback="holding_reply")
    world.play(teams={"support": team})
    await ask(world, "Quiero cancelar mi pedido", NIEVES)
    await world.wait(timedelta(hours=2))
    (reply,) = world.postbox.delivered
    assert reply.startswith("Gracias por esperar.")


async def test_words_in_another_language_are_not_sent_in_its_place(world: World) -> None:
    team = Team(hours=ROUND_THE_CLOCK, review_minutes=60, fallback="holding_reply")
    world.play(teams={"support": team}, holding_reply="Thank you for waiting.")
    await ask(world, "Quiero cancelar mi pedido", NIEVES)
    await world.wait(timedelta(hours=2))
    assert world.postbox.delivered == []
    assert (await world.only_review()).status == "open"


async def _languages_agree(world: World) -> None:
    for audited in await world.audited("verified"):
        assert not any("tone.language" in str(key) for key in audited.get("findings", ()))


@pytest.mark.parametrize("text", ["Where is my order?", "Could you tell me where my order is?"])
async def test_a_spanish_customer_who_writes_english_is_answered_in_english(
    world: World, text: str
) -> None:
    await ask(world, text, LUCIA)
    (reply,) = world.postbox.delivered
    assert reply.startswith("Hello Lucía,\n\nYour order LF1047 left us on ")
    await _languages_agree(world)


async def test_an_english_customer_who_writes_spanish_is_answered_in_spanish(world: World) -> None:
    await world.ask("¿Dónde está mi pedido LF1001?")
    await world.ask("ok")
    status, courtesy = world.postbox.delivered
    assert status.startswith("Hola, Ada:\n\nTu pedido LF1001 salió el ")
    # Two letters tell no language, so the words before them count.
    assert courtesy.startswith("¡De nada!")
    await _languages_agree(world)


@pytest.mark.parametrize("text", ["LF1047 status", "Hola! Where is mi pedido LF1047?"])
async def test_short_and_mixed_words_leave_it_to_the_record(world: World, text: str) -> None:
    await ask(world, text, LUCIA)
    (reply,) = await world.replies() or [(await world.only_review()).draft]
    assert str(getattr(reply, "text", reply)).startswith("Hola, Lucía:")


async def test_what_waits_for_a_person_is_worded_as_the_customer_writes(world: World) -> None:
    await ask(world, "I would like to talk to a real person, please", LUCIA)
    review = await world.only_review()
    card = await load_card(world.engine, world.clock.now(), review_id=review.id)
    assert card.approved_words.startswith("Of course")


class Recorder:
    """Knowledge that keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def search(self, query: str, **asked: Any) -> tuple[Passage, ...]:
        """Find one passage for customers and three for the team."""
        self.asked.append({"query": query, **asked})
        names = ("a", "x", "y", "z") if asked.get("internal") else ("a",)
        return tuple(
            Passage(id=f"{n}#1", article_id=n, title=n, text=f"text {n}", internal=n != "a")
            for n in names
        )


async def test_what_the_team_knows_stands_beside_the_draft_and_stays_there(world: World) -> None:
    knowledge = Recorder()
    world.use(knowledge=knowledge)
    await ask(world, "Quiero cancelar mi pedido", NIEVES)
    review = await world.only_review()
    assert review.draft is not None
    internal = [p.id for p in review.draft.passages if p.internal]
    assert internal == ["x#1", "y#1"][:INTERNAL_PASSAGES]
    assert not any(c.source.startswith("article:x") for c in review.draft.citations)
    today = world.clock.now().date()
    assert {(call["language"], call["on"]) for call in knowledge.asked} == {("es", today)}
    assert [call.get("tier") for call in knowledge.asked if not call.get("internal")] == [
        "standard"
    ]
