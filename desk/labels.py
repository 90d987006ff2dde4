"""How the desk names what a playbook defines, in the language of who reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handrail.core.conversation import FieldValue
from handrail.desk.templating import shown, words
from handrail.playbook.models import Playbook, RecordField
from handrail.playbook.wording import Manner, Words, closest, say


@dataclass(frozen=True)
class Labels:
    """Names of intents, teams and records.

    A thing without a label is called by its name. Intents and values have names in the brand's
    first language; to those who read another they are told in the words that customers read.
    """

    playbook: Playbook
    language: str
    """One of the brand's."""

    def intent(self, name: str) -> str:
        """What customers want."""
        known = self.playbook.intents.get(name)
        return self._label(name, known.description if known and not self._is_first else "")

    def team(self, name: str) -> str:
        """Who decides."""
        known = self.playbook.teams.get(name)
        return self._label(name, known.label if known else "")

    def kind(self, name: str) -> str:
        """A kind of record."""
        known = self.playbook.records.get(name)
        return self._label(name, known.label if known else "")

    def field(self, kind: str, name: str) -> str:
        """A field of a kind of record."""
        known = self._field(kind, name)
        return self._label(name, known.label if known else "")

    def value(self, kind: str, name: str, field: FieldValue) -> str:
        """The value of a field as a person reads it; internal ones stay inside."""
        known = self._field(kind, name)
        if known is None or self._is_first or field.visibility == "internal":
            return shown(field)
        return self._said(known.values.get(str(field.value), "")) or shown(field)

    def _field(self, kind: str, name: str) -> RecordField | None:
        known = self.playbook.records.get(kind)
        return known.fields.get(name) if known else None

    def _label(self, name: str, label: Words) -> str:
        return self._said(label) or words(name)

    def _said(self, label: Words) -> str | None:
        return say(label, Manner(self.language, self.playbook.brand.languages[0]))

    @property
    def _is_first(self) -> bool:
        return self.language == self.playbook.brand.languages[0]


def labels_for(playbook: Playbook, accepted: str) -> Labels:
    """Name things in the first of the brand's languages that a reader accepts.

    Args:
        playbook: The active one.
        accepted: The header ``Accept-Language`` of the reader's browser, RFC 9110 12.5.4.
    """
    spoken = playbook.brand.languages
    found = (closest(tag, spoken) for tag in _tags(accepted))
    return Labels(playbook, next((one for one in found if one), spoken[0]))


def _tags(accepted: str) -> Iterable[str]:
    """The languages of the header, the most wanted first; what is no number counts as unwanted."""
    weighed: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        tag, _, weight = part.partition(";")
        number = weight.strip().removeprefix("q=")
        plain = number.replace(".", "", 1).isdecimal() and number.isascii()
        weighed.append((float(number) if plain else float(not weight), tag.strip()))
    return [tag for weight, tag in sorted(weighed, key=lambda one: -one[0]) if weight > 0]
