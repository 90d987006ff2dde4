"""Personal data by form: how much of it is found, and how much of what is found is such data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.guardrails.measured import Measured
from benchmarks.report import no_data, read_rows, share
from handrail.guardrails.normalisation import fold
from handrail.guardrails.personal_data import find_personal

TYPES = {
    "CREDIT_CARD": "card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "US_SSN": "us_ssn",
    "PHONE_NUMBER": "phone",
}
NOT_CLAIMED = (
    "names and street addresses have no form and are not looked for here: they are found by whose "
    "they are (priv.other_customer); postcodes, dates, ages and driving licences are not looked for"
)
REGION = "US"
PRECISION, RECALL = 98.0, 95.0
Span = tuple[int, int]


def is_tuned(template: object) -> bool:
    """Whether a template belongs to the half that rules were made on."""
    return hashlib.sha256(str(template).encode()).digest()[0] % 2 == 0


def found_in(text: str) -> Iterator[tuple[str, int, int]]:
    """Find personal data as it is found in a draft."""
    folded = fold(text)
    for one in find_personal(folded.text, REGION):
        yield one.form or one.kind, *folded.span(one.start, one.end)


def measure(data: Path) -> Iterator[Measured]:
    """Measure by type, on all texts and apart on the half that the rules were not made on."""
    folder = data / "redteam-pii"
    files = sorted(folder.glob("*.jsonl.gz")) or no_data(folder)
    rows = list(chain.from_iterable(map(read_rows, files)))
    held = [row for row in rows if not is_tuned(row["template_id"])]
    for type_ in (None, *TYPES):
        yield from _of_type(type_, "all", rows, goals=True)
        yield from _of_type(type_, "half not tuned on", held)


def _of_type(
    type_: str | None, part: str, rows: Sequence[Mapping[str, Any]], *, goals: bool = False
) -> Iterator[Measured]:
    recalled: list[bool] = []
    right: list[bool] = []
    missed: list[str] = []
    wrong: list[str] = []
    for row in rows:
        text = row["text"]
        gold = [
            (TYPES[s["type"]], s["start"], s["end"]) for s in row["spans"] if s["type"] in TYPES
        ]
        for wanted, start, end in gold:
            if type_ in (None, _type_of(wanted)):
                hit = any(k == wanted and a <= start and end <= b for k, a, b in found_in(text))
                recalled.append(hit)
                if not hit:
                    missed.append(f"{wanted}: {text}")
        for kind, start, end in found_in(text):
            if type_ in (None, _type_of(kind)):
                hit = any(k == kind and a < end and start < b for k, a, b in gold)
                right.append(hit)
                if not hit:
                    wrong.append(f"{kind} {text[start:end]!r}: {text}")
    name = f"{type_ or 'structured types together'}, {part}"
    notes = (NOT_CLAIMED,) if type_ is None and goals else ()
    if right:
        yield Measured(
            share(f"personal data precision: {name}", right, goal=PRECISION if goals else None),
            wrong, notes,
        )  # fmt: skip
    if recalled:
        yield Measured(
            share(f"personal data recall: {name}", recalled, goal=RECALL if goals else None), missed
        )


def _type_of(kind: str) -> str | None:
    return next((type_ for type_, ours in TYPES.items() if ours == kind), None)
