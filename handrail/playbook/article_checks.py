"""Finds articles that are out of date, and articles that say different things."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from handrail.playbook.articles import read_article, split_front
from handrail.playbook.models import Article
from handrail.playbook.problems import Problem
from handrail.playbook.yaml_source import Place, decode

_WORD: Final = re.compile(r"\d{1,12}(?:[.,:]\d{1,12}){0,3}|[^\W\d_]{1,40}(?:['’][^\W\d_]{1,4})?")
_END: Final = re.compile(r"(?<=[.!?])\s{1,10}|\n")
_NEGATIONS: Final = frozenset((
    "not", "no", "never", "cannot", "can't", "don't", "doesn't", "won't", "isn't", "aren't",
    "nunca", "tampoco", "jamás",
))  # fmt: skip
_NUMBERS: Final = frozenset((
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve",
    "uno", "una", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez",
    "doce",
))  # fmt: skip
_LITTLE: Final = frozenset((
    "a", "an", "the", "do", "does", "is", "are", "be", "of", "to", "el", "la", "los", "las",
    "un", "de", "del",
))  # fmt: skip
"""Words whose presence changes nothing: "does not ship" says the opposite of "ships"."""
_LEAST_WORDS: Final = 3
"""Sentences with fewer words say too little to be compared."""


@dataclass(frozen=True)
class FiledArticle:
    """An article with the place of its text."""

    article: Article
    file: str
    first_line: int
    """Line on which its text begins."""


@dataclass(frozen=True)
class _Said:
    """A sentence, and what two sentences about the same matter may differ in."""

    source: FiledArticle
    place: Place
    text: str
    values: tuple[str, ...]
    negated: bool


def check_articles(folder: Path, today: date) -> list[Problem]:
    """Return what is wrong with the articles of a playbook folder.

    Articles that cannot be read; that are no longer valid or past their review; and articles
    that hold the same sentence with other numbers or the opposite meaning, or the same title,
    where one customer could be shown both.
    """
    filed, problems = read_articles(folder)
    problems += _out_of_date(filed, today)
    current = [f for f in filed if (f.article.valid_to or today) >= today]
    problems += _same_titles(current)
    problems += _contradictions(current)
    return problems


def read_articles(folder: Path) -> tuple[list[FiledArticle], list[Problem]]:
    """Read ``articles/*.md`` of a playbook folder, and say which cannot be read."""
    filed: list[FiledArticle] = []
    problems: list[Problem] = []
    for path in sorted((folder / "articles").glob("*.md")):
        data, name = path.read_bytes(), f"articles/{path.name}"
        article, found = read_article(data, name, path.stem)
        problems += found
        if article is not None:
            filed.append(FiledArticle(article, name, _first_line(data, name)))
    return filed, problems


def _first_line(data: bytes, name: str) -> int:
    text = decode(data, name)
    parts = None if isinstance(text, Problem) else split_front(text)
    if parts is None:
        return 1
    blank = len(parts[1]) - len(parts[1].lstrip())
    return 3 + parts[0].count("\n") + parts[1][:blank].count("\n")


def _out_of_date(filed: Sequence[FiledArticle], today: date) -> Iterator[Problem]:
    for one in filed:
        over, review = one.article.valid_to, one.article.review_by
        if over is not None and over < today:
            message = f"not valid since {over}; renew valid_to or take the article out"
            yield Problem(file=one.file, message=message)
        elif review is not None and review < today:
            message = f"was to be reviewed by {review}; read it again and set review_by anew"
            yield Problem(file=one.file, message=message)


def _meet(first: Article, second: Article) -> bool:
    """Whether one customer could be shown both on one day."""
    apart = (first.valid_to or date.max) < (second.valid_from or date.min) or (
        second.valid_to or date.max
    ) < (first.valid_from or date.min)
    tiers = set(first.audience) & set(second.audience)
    shared = bool(tiers) or not first.audience or not second.audience
    return not apart and shared and first.language == second.language


def _same_titles(filed: Sequence[FiledArticle]) -> Iterator[Problem]:
    known: dict[str, list[FiledArticle]] = {}
    for one in filed:
        before = known.setdefault(" ".join(one.article.title.casefold().split()), [])
        for other in before:
            if _meet(one.article, other.article):
                message = f"has the title of {other.file}; merge them or rename one"
                yield Problem(file=one.file, message=message)
                break
        before.append(one)


def _contradictions(filed: Sequence[FiledArticle]) -> Iterator[Problem]:
    known: dict[tuple[str, ...], list[_Said]] = {}
    for one in filed:
        for key, said in _sentences(one):
            before = known.setdefault((one.article.language, *key), [])
            problem = next((p for other in before if (p := _differ(said, other))), None)
            if problem is not None:
                yield problem
            before.append(said)


def _differ(said: _Said, other: _Said) -> Problem | None:
    if not _meet(said.source.article, other.source.article):
        return None
    there = f"{other.place.file}:{other.place.line}"
    if said.values != other.values:
        what = f"says {_listed(said.values)} where {there} says {_listed(other.values)}"
    elif said.negated != other.negated:
        what = f"says the opposite of {there}"
    else:
        return None
    return said.place.problem(f"{said.text[:80]!r} {what}; mend one of them")


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(values) or "no number"


def _sentences(one: FiledArticle) -> Iterator[tuple[tuple[str, ...], _Said]]:
    start, body = 0, one.article.body
    for end in [*(match.end() for match in _END.finditer(body)), len(body)]:
        text = body[start:end].strip()
        line = one.first_line + body.count("\n", 0, start)
        start = end
        words = _WORD.findall(text.casefold())
        values = tuple(w for w in words if w[0].isdigit() or w in _NUMBERS)
        rest = tuple(_plain(w) for w in words if w not in _NEGATIONS | _LITTLE | set(values))
        if len(rest) >= _LEAST_WORDS and not text.startswith("#"):
            negated = not _NEGATIONS.isdisjoint(words)
            yield rest, _Said(one, Place(one.file, line, 1), text, values, negated)


def _plain(word: str) -> str:
    """Fold the ending that a negation takes away: "ships" is "does not ship"."""
    return word.removesuffix("s")
