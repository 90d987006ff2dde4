"""Reads each message with the classifiers of all languages, and takes the one it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from handrail.core.drafting import IntentResult
from handrail.language.features import Floats, words
from handrail.language.intents import IntentClassifier


class SeveralLanguages:
    """An intent model of one classifier for each language.

    Each knows its own language only, so a message is out of scope for the others. The one that
    knows its words best reads it first, and where it accepts what it reads the others are not
    asked; else the one for which the message is least out of scope has read it. One classifier over
    all examples learns less well what is out of scope.
    """

    def __init__(self, models: Mapping[str, IntentClassifier]) -> None:
        """Take at least one model, by language; on a tie the first one is taken."""
        self.models = dict(models)

    @property
    def blocks(self) -> bool:
        """Whether a call takes long."""
        return any(model.blocks for model in self.models.values())

    def classify(self, text: str, *, before: str = "") -> IntentResult:
        """Rank the playbook's intents for one message; never raises on odd text."""
        del before
        said = words(text)
        results: list[IntentResult] = []
        read = self._reading(text, said)
        for model in sorted(self.models.values(), key=lambda model: model.unknown_share(said)):
            results.append(read(model))
            if results[-1].decision == "accept":
                return results[-1]
        return min(results, key=lambda result: result.out_of_scope)

    def language_of(self, text: str) -> str:
        """Return the language whose classifier knows a message best."""
        read = self._reading(text, words(text))
        return min(self.models, key=lambda name: read(self.models[name]).out_of_scope)

    def _reading(
        self, text: str, said: Sequence[str]
    ) -> Callable[[IntentClassifier], IntentResult]:
        """Return what lets a model read the text; an encoder that they share runs once."""
        meant: dict[tuple[str, str], Floats] = {}

        def read(model: IntentClassifier) -> IntentResult:
            if model.encoder is None or not said:
                return model.read(said)
            key = model.encoder.id, model.mended(text)
            if key not in meant:
                meant[key] = model.encoder.encode([key[1]])[0]
            return model.read(said, meant[key])

        return read

    def replaced(self, language: str, model: IntentClassifier) -> SeveralLanguages:
        """Return the same with another model for one language."""
        return SeveralLanguages({**self.models, language: model})
