"""Keeps the intent model up with what people say that messages mean.

A correction holds at once for nearly the same words. When enough of them have gathered, a model
is trained in the background and compared on labels that no model is trained on; it replaces the
one at work only where it is at least as good.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from typing import Final

from handrail.desk.kits import ReleaseKits, classifier_file, keep_classifier
from handrail.language.intents import IntentClassifier
from handrail.language.several_languages import SeveralLanguages
from handrail.language.wishes import Corrections
from handrail.store import corrections
from handrail.store.corrections import Label
from handrail.store.database import Database

log = logging.getLogger("handrail.desk")

_SECONDS: Final = 15.0
"""How often the decisions are looked at."""
_ENOUGH_NEW: Final = 5
"""New labels from which it is worth training again."""
_VALIDATED: Final = 51
"""Of 256: share of the labels that models are compared on, a fifth, always the same ones."""


class IntentLearning:
    """Learns for the active release; releases of paused conversations keep their models."""

    def __init__(self, database: Database, kits: ReleaseKits) -> None:
        self._database = database
        self._kits = kits
        self._count = 0
        self._trained_on = 0

    async def run(self) -> None:
        """Look again and again; what goes wrong is logged, and the model at work stays."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("corrected intents could not be learned; the model stays as it is")
            await asyncio.sleep(_SECONDS)

    async def look(self) -> bool:
        """Take up what people decided since the last look; say whether the model was replaced."""
        count = await self._database.read(corrections.count)
        if count == self._count:
            return False
        labels = await self._database.read(corrections.labelled)
        self._count = count
        known = self._kits.active.release.playbook.intents
        # An intent that was deleted since is no label any more.
        current = [label for label in labels if label.intent in known]
        self._remember(current)
        fewer = len(current) < self._trained_on  # a customer was erased, or an intent deleted
        if not fewer and len(current) - self._trained_on < _ENOUGH_NEW:
            return False
        self._trained_on = len(current)
        return await asyncio.to_thread(self._train, current, must=fewer)

    def _remember(self, labels: Sequence[Label]) -> None:
        reader = self._kits.readers[self._kits.active.release.id]
        corrected = [(la.text, la.intent) for la in labels if la.kind == "corrected"]
        reader.corrections = Corrections.of(corrected)

    def _train(self, labels: Sequence[Label], *, must: bool) -> bool:
        reader = self._kits.readers[self._kits.active.release.id]
        active = reader.model
        assert isinstance(active, SeveralLanguages)
        by_language: dict[str, list[Label]] = {name: [] for name in active.models if must}
        for label in labels:
            by_language.setdefault(active.language_of(label.text), []).append(label)
        replaced = [
            self._train_language(name, said, must=must) for name, said in by_language.items()
        ]
        return any(replaced)

    def _train_language(self, language: str, labels: Sequence[Label], *, must: bool) -> bool:
        from handrail.language.training import (  # noqa: PLC0415 - needs scikit-learn
            model_id,
            playbook_pairs,
            train_playbook,
        )

        release = self._kits.active.release
        reader = self._kits.readers[release.id]
        models = reader.model
        assert isinstance(models, SeveralLanguages)
        active = models.models[language]
        taught = [(label.text, label.intent) for label in labels if not validates(label.text)]
        judged = [(label.text, label.intent) for label in labels if validates(label.text)]
        encoder = active.encoder
        data = model_id(playbook_pairs(release.playbook, taught, language), encoder)
        if active.model == data:
            return False
        made = train_playbook(release.playbook, taught, encoder, language=language)
        before, after = (_right(model, judged) for model in (active, made))
        if after < before and not must:
            log.warning(
                "intent model %s stays out: right on %d of %d labels set aside, %d before",
                *(made.model, after, len(judged), before),
            )
            return False
        reader.model = models.replaced(language, made)
        keep_classifier(made, classifier_file(release, self._kits.cache, language, encoder))
        log.info("intent model %s is at work, trained with %d labels", made.model, len(taught))
        return True


def validates(text: str) -> bool:
    """Whether a label of this text is set aside to compare models on."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] < _VALIDATED


def _right(model: IntentClassifier, pairs: Sequence[tuple[str, str]]) -> int:
    return sum(model.classify(text).top == intent for text, intent in pairs)
