"""Builds what a playbook release needs to run: classifier, articles, drafters, guardrails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from handrail.core.conversation import Snapshot
from handrail.core.errors import IntegrityError
from handrail.core.ports import Drafter, DraftWatcher, Journal, Judge, Summarizer
from handrail.engine.kit import ReleaseKit
from handrail.guardrails.suite import CheckSuite
from handrail.guardrails.support_scorer import read_scorer
from handrail.language.embeddings import Encoder
from handrail.language.fallback_drafter import FallbackDrafter
from handrail.language.intents import IntentClassifier
from handrail.language.knowledge import ArticleIndex
from handrail.language.model_calls import ModelCalls
from handrail.language.model_drafter import ModelDrafter
from handrail.language.model_summarizer import ModelSummarizer
from handrail.language.prompt import prompt_texts
from handrail.language.several_languages import SeveralLanguages
from handrail.language.template_drafter import TemplateDrafter
from handrail.language.wishes import WishReader, reader
from handrail.nodes.services import Services
from handrail.playbook.models import Release
from handrail.store import releases
from handrail.store.customers import DatabaseOwners
from handrail.store.database import Database

log = logging.getLogger("handrail.desk")


class ReleaseKits:
    """The kits of all releases in use; each is built once."""

    def __init__(
        self,
        database: Database,
        *,
        active: Release,
        model: ModelCalls | None,
        budget: int | None = None,
        cache: Path,
        judge: Judge | None = None,
        scorer: Path | None = None,
        encoder: Encoder | None = None,
        watcher: DraftWatcher | None = None,
    ) -> None:
        """Build the active release's kit.

        Args:
            database: For whose personal data a value is.
            active: The release.
            model: Drafts and sums up, where there is one.
            budget: Tokens that one conversation may cost; ``None`` is no limit.
            cache: Folder of trained classifiers.
            judge: Judges statements that no rule decides.
            scorer: File of a scorer of one's own for ``fact.grounded``.
            encoder: Sentence encoder that intents are told by too.
            watcher: Sees drafts while a model writes them.

        Raises:
            CheckDefinitionError: the playbook names an unknown check or setting, or the file of
                the scorer is none.
        """
        self._database = database
        self._model = model
        self._budget = budget
        self._judge = judge
        self._scorer = read_scorer(scorer) if scorer else None
        self._watcher = watcher
        self.cache = cache
        self._encoder = encoder
        self.readers: dict[str, WishReader] = {}
        """What reads messages, by release; :mod:`handrail.desk.learning` keeps them up."""
        self._built: dict[str, ReleaseKit] = {}
        self.active = self._kit(active)

    async def of(self, release_id: str) -> ReleaseKit:
        """The kit of a stored release.

        Raises:
            NotFoundError: there is no such release.
        """
        if release_id not in self._built:
            release = await self._database.read(lambda c: releases.load(c, release_id))
            await asyncio.to_thread(self._kit, release, strict=False)
        return self._built[release_id]

    def change(self, change: Callable[[Services], Services]) -> None:
        """Let nodes have other services from now on, for tests and simulations."""

        def changed(kit: ReleaseKit) -> ReleaseKit:
            made: Any = kit.context
            return replace(kit, context=lambda *given: change(made(*given)))

        self._built = {name: changed(kit) for name, kit in self._built.items()}
        self.active = changed(self.active)

    def _kit(self, release: Release, *, strict: bool = True) -> ReleaseKit:
        verifier = CheckSuite(
            release,
            owners=DatabaseOwners(self._database),
            judge=self._judge,
            scorer=self._scorer,
            protected=prompt_texts(release),
            strict=strict,
        )
        intents = reader(load_classifiers(release, self.cache, self._encoder), release.playbook)
        knowledge = ArticleIndex(release.articles)
        drafter = self._drafter(release)

        def context(snapshot: Snapshot, journal: Journal) -> Services:
            return Services(
                snapshot=snapshot,
                journal=journal,
                playbook=release.playbook,
                intents=intents,
                knowledge=knowledge,
                drafter=drafter,
                verifier=verifier,
            )

        self.readers.setdefault(release.id, intents)
        kit = ReleaseKit(release, verifier, context, self._summarizer(release))
        return self._built.setdefault(release.id, kit)

    def _drafter(self, release: Release) -> Drafter:
        templates = TemplateDrafter(release)
        if self._model is None:
            return templates
        model = ModelDrafter(release, self._model, budget=self._budget, watcher=self._watcher)
        return FallbackDrafter([model, templates])

    def _summarizer(self, release: Release) -> Summarizer | None:
        if self._model is None:
            return None
        return ModelSummarizer(release, self._model, budget=self._budget)


def load_classifiers(
    release: Release, cache: Path, encoder: Encoder | None = None
) -> SeveralLanguages:
    """Load the classifiers that were trained for a release, or train and keep them."""
    return SeveralLanguages(
        {
            language: _load_classifier(release, cache, language, encoder)
            for language in release.playbook.taught_languages
        }
    )


def _load_classifier(
    release: Release, cache: Path, language: str, encoder: Encoder | None
) -> IntentClassifier:
    file = classifier_file(release, cache, language, encoder)
    thresholds = release.playbook.thresholds
    if file.is_file():
        with suppress(IntegrityError):  # written by another version: train again
            return IntentClassifier.from_bytes(file.read_bytes(), thresholds, encoder)
    from handrail.language.training import train_playbook  # noqa: PLC0415 - needs scikit-learn

    classifier = train_playbook(release.playbook, encoder=encoder, language=language)
    keep_classifier(classifier, file)
    return classifier


def classifier_file(release: Release, cache: Path, language: str, encoder: Encoder | None) -> Path:
    """Return where the classifier of a release for a language is kept."""
    first = language == release.playbook.brand.languages[0]
    parts = (release.id, *(() if first else (language,)), *((encoder.id,) if encoder else ()))
    return cache / f"{'-'.join(parts)}.intents"


def keep_classifier(classifier: IntentClassifier, file: Path) -> None:
    """Write a classifier for the next start; a folder that cannot be written is told of."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_bytes(classifier.to_bytes())
        partial.replace(file)
    except OSError as error:
        log.warning("the classifier is trained at each start: %s: %s", file.parent, error.strerror)
