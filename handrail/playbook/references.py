"""Checks that what a playbook speaks of exists: record kinds, fields, articles, examples."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from handrail.playbook.fields import (
    field_names,
    field_problem,
    plural_problem,
    syntax_problem,
)
from handrail.playbook.models import Conditions, Intent, OtherTeam, Playbook, Template
from handrail.playbook.problems import Problem, alternatives
from handrail.playbook.translations import worded
from handrail.playbook.wording import Words, texts, wording_problems
from handrail.playbook.yaml_source import Path, Source


def reference_problems(
    playbook: Playbook, articles: Collection[str], source: Source
) -> Iterator[Problem]:
    """Yield a problem for everything the playbook names that does not exist.

    Args:
        playbook: What was read.
        articles: Ids of all articles.
        source: Where each part of it stands.
    """
    found = _Finder(playbook, articles)
    for path, message in (
        *found.texts(),
        *found.intents(),
        *found.repeated_examples(),
        *found.teams(),
    ):
        yield source.place(path).problem(message)


class _Finder:
    """Walks one playbook and reports ``(path, message)`` pairs."""

    def __init__(self, playbook: Playbook, articles: Collection[str]) -> None:
        self.playbook = playbook
        self.known_articles = articles

    def texts(self) -> Iterator[tuple[Path, str]]:
        playbook, tone, clarify = self.playbook, self.playbook.tone, self.playbook.clarify
        yield from self.fields(tone.greeting, ("tone", "greeting"))
        yield from self.fields(tone.signature, ("tone", "signature"))
        yield from self.fields(tone.apology, ("tone", "apology"))
        yield from self.fields(playbook.sign_in_reply, ("sign_in_reply",))
        yield from self.slots(tone.quote, ("title",), ("tone", "quote"))
        yield from self.slots(clarify.text, ("options",), ("clarify", "text"))
        yield from self.slots(clarify.record, ("kind", "options"), ("clarify", "record"))
        for path, words in worded(playbook):
            for steps, message in wording_problems(words, playbook.brand.languages):
                yield (*path, *steps), message

    def slots(
        self, words: Words, allowed: tuple[str, ...], path: Path
    ) -> Iterator[tuple[Path, str]]:
        for steps, text in texts(words):
            for name in field_names(text):
                if name not in allowed:
                    message = f"{name!r} is unknown here; {alternatives(name, allowed)}"
                    yield (*path, *steps), message

    def fields(self, words: Words, path: Path) -> Iterator[tuple[Path, str]]:
        for steps, text in texts(words):
            for message in self.field_messages(text):
                yield (*path, *steps), message

    def field_messages(self, text: str) -> Iterator[str]:
        wrong = syntax_problem(text)
        if wrong:
            yield wrong
        for name in field_names(text):
            message = field_problem(name, self.playbook)
            if message:
                yield f"field {{{{{name}}}}}: {message}"
        numberless = plural_problem(text, self.playbook)
        if numberless:
            yield numberless

    def intents(self) -> Iterator[tuple[Path, str]]:
        for name, intent in self.playbook.intents.items():
            path: Path = ("intents", name)
            yield from self.languages(intent, (*path, "translated_examples"))
            yield from self.team(intent.team, (*path, "team"))
            yield from self.needs(intent, (*path, "needs"))
            yield from self.conditions(intent.about, (*path, "about"))
            yield from self.articles(intent.articles, (*path, "articles"))
            for at, template in enumerate(intent.templates):
                yield from self.template(template, (*path, "templates", at))

    def template(self, template: Template, path: Path) -> Iterator[tuple[Path, str]]:
        yield from self.fields(template.text, (*path, "text"))
        yield from self.fields(template.next_step, (*path, "next_step"))
        if template.apology and not self.playbook.tone.apology:
            yield (*path, "apology"), "there is no apology to say; write tone.apology"
        yield from self.conditions(template.when, (*path, "when"))
        yield from self.articles(template.articles, (*path, "articles"))

    def languages(self, intent: Intent, path: Path) -> Iterator[tuple[Path, str]]:
        spoken = self.playbook.brand.languages
        for language in intent.translated_examples:
            if language not in spoken:
                known = alternatives(language, spoken)
                yield (*path, language), f"the brand does not answer in {language!r}; {known}"
            elif language == spoken[0]:
                yield (*path, language), "this is the first language; write these under examples"

    def team(self, name: str | None, path: Path) -> Iterator[tuple[Path, str]]:
        if name is not None and name not in self.playbook.teams:
            yield path, f"no team {name!r}; {alternatives(name, self.playbook.teams)}"

    def teams(self) -> Iterator[tuple[Path, str]]:
        held = list(texts(self.playbook.holding_reply))
        for steps, text in held:
            if field_names(text):
                message = "a holding reply has no fields; write plain words"
                yield ("holding_reply", *steps), message
        for name, team in self.playbook.teams.items():
            path: Path = ("teams", name, "fallback")
            if team.fallback == "holding_reply" and not all(text.strip() for _, text in held):
                yield path, "there is no holding_reply to send; write one, or keep_waiting"
            if isinstance(team.fallback, OtherTeam):
                yield from self.team(team.fallback.other_team, path)
                yield from self.chain(name, path)

    def chain(self, start: str, path: Path) -> Iterator[tuple[Path, str]]:
        """A review that is moved from team to team must come to rest."""
        passed, name = [start], start
        while (team := self.playbook.teams.get(name)) and isinstance(team.fallback, OtherTeam):
            name = team.fallback.other_team
            if name in passed:
                if name == start:  # others that lead into the loop are not told, its members are
                    way = " to ".join([*passed, name])
                    yield path, f"reviews would go from {way} for ever; end with keep_waiting"
                return
            passed.append(name)

    def needs(self, intent: Intent, path: Path) -> Iterator[tuple[Path, str]]:
        for at, kind in enumerate(intent.needs):
            if kind not in self.playbook.records:
                message = alternatives(kind, self.playbook.records)
                yield (*path, at), f"no record kind {kind!r}; {message}"

    def conditions(self, when: Conditions, path: Path) -> Iterator[tuple[Path, str]]:
        for name in when:
            kind, _, field = name.partition(".")
            record = self.playbook.records.get(kind)
            # A condition decides without showing, so fields that customers never see may stand in.
            if record is None or field not in record.fields:
                known = [f"{k}.{f}" for k, r in self.playbook.records.items() for f in r.fields]
                yield (*path, name), f"no record field {name!r}; {alternatives(name, known)}"

    def articles(self, ids: tuple[str, ...], path: Path) -> Iterator[tuple[Path, str]]:
        for at, article in enumerate(ids):
            if article not in self.known_articles:
                message = alternatives(article, self.known_articles)
                yield (*path, at), f"no article {article!r}; {message}"

    def repeated_examples(self) -> Iterator[tuple[Path, str]]:
        owners: dict[str, str] = {}
        for name, intent in self.playbook.intents.items():
            for path, example in _examples(intent):
                owner = owners.setdefault(" ".join(example.casefold().split()), name)
                if owner != name:
                    yield (
                        ("intents", name, *path),
                        f"{example!r} is an example of {owner!r} too; keep it in one of them",
                    )


def _examples(intent: Intent) -> Iterator[tuple[Path, str]]:
    for at, example in enumerate(intent.examples):
        yield ("examples", at), example
    for language, examples in intent.translated_examples.items():
        for at, example in enumerate(examples):
            yield ("translated_examples", language, at), example
