"""``handrail inbox``: decide reviews in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from handrail.desk.cli.running import AsJson, finish, print_json, print_rich, run

if TYPE_CHECKING:
    from handrail.core.decisions import Decision, Review
    from handrail.engine.service import Engine

app = typer.Typer(help="Reviews: list, show, decide.", invoke_without_command=True)

Id = Annotated[str, typer.Argument(help="A review, its beginning or end, or a conversation.")]
Acknowledge = Annotated[
    list[str] | None,
    typer.Option("--acknowledge", help="check:rule of a critical finding you accept; repeatable."),
]
Actor = Annotated[str | None, typer.Option("--as", help="Your name; the account's where left out.")]
Message = Annotated[str, typer.Option("--message", "-m", help="The text.")]


@app.callback()
def default(context: typer.Context) -> None:
    """List what waits where no command is given."""
    if context.invoked_subcommand is None:
        list_reviews(json=False)


@app.command("list")
def list_reviews(json: AsJson = False) -> None:
    """List the open reviews, the most urgent first."""
    run(_list(json))


async def _list(as_json: bool) -> None:
    from handrail.desk.cards import split
    from handrail.desk.compose import open_engine
    from handrail.store.reviews import queue

    async with open_engine(work=False) as engine:
        lines, snoozed = split(await engine.database.read(queue))
        if as_json:
            print_json({"reviews": lines, "snoozed": snoozed})
            return
        from handrail.desk.cli.inbox_view import queue_table

        print_rich(queue_table(lines, snoozed, engine.clock.now()))


@app.command("show")
def show(review: Id, json: AsJson = False) -> None:
    """Show a review: conversation, draft, findings, what is possible."""
    run(_show(review, json))


async def _show(reference: str, as_json: bool) -> None:
    from handrail.desk.cards import load_card
    from handrail.desk.compose import open_engine

    async with open_engine(work=False) as engine:
        if as_json:
            print_json(await find(engine, reference))
            return
        from handrail.desk.cli.inbox_view import card_text

        found = await find(engine, reference)
        print_rich(card_text(await load_card(engine, engine.clock.now(), review_id=found.id)))


@app.command("approve")
def approve(
    review: Id, acknowledge: Acknowledge = None, actor: Actor = None, json: AsJson = False
) -> None:
    """Send the draft as it is."""
    decide(review, {"kind": "approve", "acknowledge": acknowledge or []}, actor, json)


@app.command("edit")
def edit(
    review: Id,
    message: Annotated[
        str | None,
        typer.Option("--message", "-m", help="The new text; an editor opens where left out."),
    ] = None,
    acknowledge: Acknowledge = None,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Send another text in place of the draft; it is checked first."""
    decision = {"kind": "edit", "text": message, "acknowledge": acknowledge or []}
    decide(review, decision, actor, json)


@app.command("reject")
def reject(review: Id, message: Message, actor: Actor = None, json: AsJson = False) -> None:
    """Do not send; the AI drafts again with the reason in mind."""
    decide(review, {"kind": "reject", "reason": message}, actor, json)


@app.command("respond")
def respond(
    review: Id,
    message: Message,
    acknowledge: Acknowledge = None,
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Answer in your own words; they are checked first."""
    decision = {"kind": "respond", "text": message, "acknowledge": acknowledge or []}
    decide(review, decision, actor, json)


@app.command("intent")
def correct_intent(
    review: Id,
    intent: Annotated[str, typer.Argument(help="Name of the right intent.")],
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Correct the intent; the AI drafts again for it."""
    decide(review, {"kind": "correct_intent", "intent": intent}, actor, json)


@app.command("note")
def note(review: Id, message: Message, actor: Actor = None, json: AsJson = False) -> None:
    """Leave a note for the team; the review stays open."""
    decide(review, {"kind": "note", "text": message}, actor, json)


@app.command("take")
def take(
    conversation: Annotated[str, typer.Argument(help="A conversation or a review.")],
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Take a conversation over; the AI is silent in it until you return it."""
    run(_control(conversation, "take", "", actor, json))


@app.command("return")
def give_back(
    conversation: Annotated[str, typer.Argument(help="A conversation or a review.")],
    message: Annotated[str, typer.Option("--message", "-m", help="What was agreed.")] = "",
    actor: Actor = None,
    json: AsJson = False,
) -> None:
    """Give a conversation back to the AI."""
    run(_control(conversation, "return", message, actor, json))


async def _control(
    reference: str, action: str, message: str, actor: str | None, as_json: bool
) -> None:
    from handrail.desk.compose import open_engine

    async with open_engine(work=False) as engine:
        conversation_id = await conversation_of(engine, reference)
        if action == "take":
            accepted = await engine.take_over(conversation_id, actor=name_of(actor))
        else:
            accepted = await engine.hand_back(conversation_id, actor=name_of(actor), note=message)
        await finish(engine, conversation_id)
    if as_json:
        print_json(accepted)
    else:
        typer.echo(f"{'taken' if action == 'take' else 'returned'}: {conversation_id}")


def decide(reference: str, decision: dict[str, Any], actor: str | None, as_json: bool) -> None:
    """Decide a review as it is now; the text of an edit may come from an editor."""
    run(_decided(reference, decision, actor, as_json))


async def _decided(
    reference: str, values: dict[str, Any], actor: str | None, as_json: bool
) -> None:
    from handrail.desk.compose import open_engine

    async with open_engine(work=False) as engine:
        review = await find(engine, reference)
        accepted = await engine.decide(
            review.id,
            version=review.version,
            digest=review.draft.digest if review.draft else None,
            decision=_complete(values, review),
            actor=name_of(actor),
        )
        here = await finish(engine, review.conversation_id)
    if as_json:
        print_json(accepted)
        return
    typer.echo(f"{values['kind'].replace('_', ' ')}: {review.id}")
    if not here:
        typer.echo("a running server carries it out")


def _complete(values: dict[str, Any], review: Review) -> Decision:
    from handrail.core.decisions import DECISION

    if values["kind"] == "edit" and values["text"] is None:
        from handrail.desk.cli.editing import edit_text

        text = edit_text(review.draft.text if review.draft else "")
        if text is None:
            typer.echo("nothing was changed, so nothing was sent", err=True)
            raise typer.Exit(1)
        values = {**values, "text": text}
    return DECISION.validate_python(values)


def name_of(actor: str | None) -> str:
    """The person's name: as given, or the account's."""
    import getpass

    return actor or getpass.getuser()


async def conversation_of(engine: Engine, reference: str) -> str:
    """Find a conversation by its own id or by a review of it."""
    if reference.startswith("cnv_"):
        return reference
    return (await find(engine, reference)).conversation_id


async def find(engine: Engine, reference: str) -> Review:
    """Find a review by its id, the unique beginning or end of it, or its conversation.

    Raises:
        NotFoundError: nothing fits, or more than one does.
    """
    from handrail.core.errors import NotFoundError

    if reference.startswith("rev_") and len(reference) > 25:
        return await engine.review(reference)
    found = [
        item
        for item in (*await engine.reviews(), *await engine.reviews(status="snoozed"))
        if reference
        and (
            item.id.startswith(reference)
            or item.id.endswith(reference)
            or item.conversation_id == reference
        )
    ]
    if len(found) != 1:
        many = "more than one open review fits" if found else "no open review fits"
        raise NotFoundError(f"{many} {reference!r}; list them with `handrail inbox`")
    return found[0]
