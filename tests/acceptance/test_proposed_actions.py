"""An approval covers the actions that a draft proposes as well as its words."""

from __future__ import annotations

import pytest

from handrail.core.decisions import Approve
from handrail.core.drafting import Draft, ProposedAction
from handrail.core.errors import StaleDecisionError
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest
from handrail.core.verdict import text_digest
from handrail.desk.invariants import broken, check_invariants
from handrail.desk.templating import templates
from handrail.desk.testing import World
from handrail.store import tables as t

ASKS = "Please cancel my order LF1001"
WORDS = "Shall I cancel order LF1001 for you?"


def draft(*actions: ProposedAction, text: str = WORDS) -> Draft:
    return Draft(id=new_id("dft"), text=text, source="model", actions=actions)


def cancel(number: str = "LF1001") -> ProposedAction:
    return ProposedAction(name="cancel_order", arguments={"order_id": number})


def test_the_digest_covers_the_actions_and_stays_that_of_the_text_without_any() -> None:
    assert draft().digest == text_digest(WORDS)
    assert draft(cancel()).digest == draft(cancel()).digest
    others = [draft(cancel("LF1002")), draft(cancel(), cancel()), draft(), draft(text="Hello")]
    assert len({draft(cancel()).digest, *(one.digest for one in others)}) == len(others) + 1
    backwards = ProposedAction(name="x", arguments={"b": 1, "a": 2})
    assert (
        draft(backwards).digest
        == draft(ProposedAction(name="x", arguments={"a": 2, "b": 1})).digest
    )


class Proposes:
    """A drafter that proposes to cancel the order."""

    async def draft(self, request: DraftRequest) -> Draft:
        """Propose."""
        del request
        return draft(cancel())


async def test_an_approval_covers_the_actions_that_were_seen(world: World) -> None:
    world.use(drafter=Proposes())
    await world.ask(ASKS)
    review = await world.only_review()
    assert review.draft is not None
    assert review.verdict is not None
    assert review.digest == review.draft.digest == review.verdict.digest != text_digest(WORDS)
    for unseen in (text_digest(WORDS), draft(cancel("LF1002")).digest):
        with pytest.raises(StaleDecisionError):
            await world.engine.decide(
                review.id, version=review.version, digest=unseen, decision=Approve(), actor="kim"
            )
    await world.decide(review, Approve())
    await world.work()
    assert world.postbox.delivered == [WORDS]
    (sent,) = await world.rows(t.outbox)
    assert sent["digest"] == review.digest
    found = await world.engine.database.read(
        lambda c: check_invariants(c, delivered=world.postbox.taken)
    )
    assert broken(found) == []


def test_the_desk_shows_them_beside_the_draft() -> None:
    part = templates().get_template("parts/proposed.html").render(actions=(cancel("<LF1001>"),))
    assert "cancel order" in part
    assert "&lt;LF1001&gt;" in part
