"""Reads each message with the classifiers of all languages, and takes the one it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from handrail.core.drafting import IntentResult
from handrail.core.ports import IntentModel


class SeveralLanguages:
    """An intent model of one classifier for each language.

    Each knows its own language only, so a message is out of scope for the others: the classifier
    for which it is that least has read it. One classifier over all examples learns less well what
    is out of scope.
    """

    def __init__(self, models: Sequence[IntentModel]) -> None:
        """Take at least one model; on a tie the first one is taken."""
        self.models = tuple(models)

    def classify(self, text: str) -> IntentResult:
        """Rank the playbook's intents for one message; never raises on odd text."""
        results = [model.classify(text) for model in self.models]
        return min(results, key=lambda result: result.out_of_scope)
