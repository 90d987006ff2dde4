"""``handrail intents``: train the intent model, try it, see what it knows, choose thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from handrail.desk.cli.running import AsJson, clean, print_json, print_rich

if TYPE_CHECKING:
    from handrail.desk.settings import Settings
    from handrail.language.embeddings import Encoder
    from handrail.language.intents import IntentClassifier
    from handrail.language.tuning import Choice, Point
    from handrail.playbook.models import Release

app = typer.Typer(help="The intent model.", no_args_is_help=True)

PlaybookOption = Annotated[
    Path | None, typer.Option(help="Folder of the playbook; HANDRAIL_PLAYBOOK where left out.")
]
LanguageOption = Annotated[
    str | None, typer.Option(help="Language of the examples; the brand's first where left out.")
]


@app.callback()
def group() -> None:
    """The intent model."""


@app.command("train")
def train(
    playbook: PlaybookOption = None, language: LanguageOption = None, json: AsJson = False
) -> None:
    """Train from the playbook's examples and from what people said in this database."""
    from time import perf_counter

    from handrail.desk.kits import classifier_file, keep_classifier, load_classifiers
    from handrail.desk.learning import validates
    from handrail.language.training import train_playbook

    settings, release, encoder = _opened(playbook)
    cache, spoken = settings.home / "models", _spoken(release, language)
    known = load_classifiers(release, cache, encoder)
    labels = [la for la in _labels(settings) if known.language_of(la.text) == spoken]
    taught = [(label.text, label.intent) for label in labels if not validates(label.text)]
    start = perf_counter()
    model = train_playbook(release.playbook, taught, encoder, language=spoken)
    seconds = perf_counter() - start
    file = classifier_file(release, cache, spoken, encoder)
    keep_classifier(model, file)
    facts = {**_facts(model, release), "labels": len(labels), "seconds": round(seconds, 2)}
    if json:
        print_json({**facts, "file": file})
        return
    typer.echo(
        f"{model.model}: {facts['intents']} intents, {facts['examples']} examples, "
        f"{len(labels)} labels by people, {seconds:.1f} s; {file}"
    )


@app.command("try")
def try_text(
    text: Annotated[str, typer.Argument(help="What a customer writes.")],
    before: Annotated[str, typer.Option(help="What the customer wrote before.")] = "",
    playbook: PlaybookOption = None,
    json: AsJson = False,
) -> None:
    """Say what a message asks for, how sure that is, and what values it holds."""
    from datetime import UTC, datetime

    from handrail.desk.kits import load_classifiers
    from handrail.language.slots import find_slots
    from handrail.language.wishes import reader

    settings, release, encoder = _opened(playbook)
    model = load_classifiers(release, settings.home / "models", encoder)
    corrected = [(la.text, la.intent) for la in _labels(settings) if la.kind == "corrected"]
    result = reader(model, release.playbook, corrected).classify(text, before=before)
    slots = find_slots(text, (), today=datetime.now(UTC).date())
    if json:
        print_json({"result": result, "slots": slots})
        return
    typer.echo(f"{result.courtesy or result.decision}; out of scope {result.out_of_scope:.2f}")
    for guess in result.ranked:
        typer.echo(f"  {guess.probability:6.1%}  {guess.intent}")
    for name, values in (("also asks", result.others), ("near", result.nearest)):
        for value in values:
            typer.echo(f"  {name}: {clean(value)}")
    if result.unclear:
        typer.echo("  another question fits none of the intents")
    for slot in slots:
        typer.echo(f"  {slot.kind}: {clean(slot.text)} ({clean(slot.value)})")


@app.command("show")
def show(
    playbook: PlaybookOption = None, language: LanguageOption = None, json: AsJson = False
) -> None:
    """Show the model at work: its intents, examples, labels by people, thresholds and size."""
    from collections import Counter

    from rich.table import Table

    from handrail.desk.kits import load_classifiers

    settings, release, encoder = _opened(playbook)
    models = load_classifiers(release, settings.home / "models", encoder).models
    model = models[_spoken(release, language)]
    weights = model.weights
    examples = Counter(weights.intents[at] for at in weights.examples.intents)
    labels = Counter(label.intent for label in _labels(settings))
    if json:
        print_json({**_facts(model, release), "by_intent": examples, "labels": labels})
        return
    typer.echo(", ".join(f"{name} {value}" for name, value in _facts(model, release).items()))
    table = Table("intent", "examples", "labels by people")
    for name in sorted({*release.playbook.intents, *labels}):
        deleted = "" if name in release.playbook.intents else " (not in the playbook any more)"
        table.add_row(name + deleted, str(examples[name]), str(labels[name]))
    print_rich(table)


@app.command("tune")
def tune(
    *,
    accuracy: Annotated[float | None, typer.Option(min=0, max=1, help="Least accuracy.")] = None,
    transfer: Annotated[float | None, typer.Option(min=0, max=1, help="Most transfers.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled JSONL, text and intent a line; intent null is out of scope."),
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="File to draw the curve into.")] = None,
    playbook: PlaybookOption = None,
    json: AsJson = False,
) -> None:
    """Choose accept and clarify thresholds: for an accuracy, or for a share of transfers.

    Without labelled data the playbook's own examples are judged, each by a model trained without
    it. Exit code 1 where no threshold gives what was asked for.
    """
    from handrail.desk.curve import curve_rows, curve_svg
    from handrail.language import tuning

    if (accuracy is None) == (transfer is None):
        raise typer.BadParameter("give either --accuracy or --transfer")
    _, release, encoder = _opened(playbook)
    judged = tuning.judge(_results(data, release, encoder))
    limit = release.playbook.thresholds.out_of_scope
    chosen = tuning.choose(judged, accuracy=accuracy, transfer=transfer, out_of_scope=limit)
    points = tuning.curve(judged, limit)
    if svg is not None:
        svg.write_text(curve_svg(points, chosen.accept), encoding="utf-8")
    if json:
        print_json({"chosen": chosen, "messages": len(judged), "curve": points})
    else:
        _print_curve(curve_rows(points) if points else [], chosen, len(judged))
    raise typer.Exit(0 if chosen.reached else 1)


def _print_curve(points: list[Point], chosen: Choice, messages: int) -> None:
    for point in points:
        bar = "█" * round(40 * point.accuracy)
        typer.echo(
            f"accept {point.threshold:.3f}  not accepted {point.transfer:6.1%}  "
            f"accuracy {point.accuracy:6.1%} {bar}"
        )
    if not chosen.reached:
        typer.echo("no threshold gives that; the nearest is:", err=True)
    typer.echo(
        f"# {messages} messages: {chosen.accept.accuracy:.1%} right, "
        f"{chosen.accept.transfer:.1%} not accepted\n"
        f"thresholds:\n  accept: {chosen.accept.threshold:.3f}\n  clarify: {chosen.clarify:.3f}"
    )


def _opened(playbook: Path | None) -> tuple[Settings, Release, Encoder | None]:
    from handrail.desk.cli.running import settings_with
    from handrail.language.embeddings import open_encoder
    from handrail.playbook.loading import demo_path, load_release

    settings = settings_with(playbook=playbook)
    release = load_release(settings.playbook or demo_path())
    return settings, release, open_encoder(settings.embeddings) if settings.embeddings else None


def _labels(settings: Settings) -> tuple[Any, ...]:
    """Labels in the database, where there is one with its tables."""
    from handrail.core.errors import HandrailError
    from handrail.store import corrections, migrating
    from handrail.store.database import Database

    database = Database(settings.database_url)
    if database.path is not None and not database.path.is_file():
        return ()
    try:
        migrating.check_revision(database)
        return database.read_now(corrections.labelled)
    except HandrailError as error:
        typer.echo(f"labels by people are left out: {error.message}", err=True)
        return ()
    finally:
        database.close()


def _spoken(release: Release, language: str | None) -> str:
    known = release.playbook.taught_languages
    if language is not None and language not in known:
        raise typer.BadParameter(f"there are examples in {', '.join(known)}; name one of them")
    return language or known[0]


def _facts(model: IntentClassifier, release: Release) -> dict[str, Any]:
    weights = model.weights
    return {
        "model": model.model,
        "release": release.id,
        "intents": len(weights.intents),
        "examples": len(weights.examples.texts),
        "features": len(weights.vocabulary.names),
        "encoder": weights.meaning.encoder if weights.meaning else None,
        "bytes": len(model.to_bytes()),
        "thresholds": release.playbook.thresholds.model_dump(),
    }


def _results(data: Path | None, release: Release, encoder: Encoder | None) -> Any:
    from handrail.language.training import described, playbook_pairs, train_playbook
    from handrail.language.tuning import cross_validated

    playbook = release.playbook
    if data is None:
        return cross_validated(playbook_pairs(playbook), described(playbook), encoder)
    rows = _read(data, playbook.intents)
    model = train_playbook(playbook, encoder=encoder)
    return [(model.classify(row["text"]), row["intent"]) for row in rows]


def _read(data: Path, known: Any) -> list[dict[str, Any]]:
    """Read labelled messages.

    Raises:
        ImportDataError: a line is no labelled message, or names an intent the playbook lacks.
    """
    import json as json_module

    from handrail.core.errors import ImportDataError

    rows: list[dict[str, Any]] = []
    try:
        lines = data.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ImportDataError(f"{data} cannot be read: {error}; name a UTF-8 JSONL file") from error
    for number, line in enumerate(filter(str.strip, lines), start=1):
        try:
            row = json_module.loads(line)
            text, intent = str(row["text"]), row.get("intent")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ImportDataError(
                f"{data}:{number}: not a labelled message; write "
                '{"text": "...", "intent": "..."} on a line'
            ) from error
        if intent is not None and intent not in known:
            raise ImportDataError(
                f"{data}:{number}: the playbook has no intent {intent!r}; write null for a message "
                "that fits none"
            )
        rows.append({"text": text, "intent": intent})
    if not rows:
        raise ImportDataError(f"{data} holds no message; write one labelled message a line")
    return rows
