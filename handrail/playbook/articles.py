"""Reads Markdown articles with YAML front matter."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, Self

from pydantic import ValidationError, model_validator

from handrail.playbook.models import Article, Strict
from handrail.playbook.problems import Problem
from handrail.playbook.validation import validation_problems
from handrail.playbook.yaml_source import Source, decode, read_yaml

MOST_BYTES: Final = 500_000
"""Largest article, in bytes: about a book of 80,000 words."""

_FENCE: Final = re.compile(r"^---[ \t]{0,8}\r?\n", re.MULTILINE)
_IN_NAME: Final = re.compile(r".{1,200}\.([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)")


class _Front(Strict):
    """What may stand at the head of an article."""

    title: str
    language: str
    internal: bool = False
    audience: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    review_by: date | None = None

    @model_validator(mode="after")
    def _begins_first(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from; mend one of them")
        return self


def language_in_name(article_id: str) -> str | None:
    """Return the language that an article's name ends in: ``es`` of ``returns.es``."""
    found = _IN_NAME.fullmatch(article_id)
    return found[1] if found else None


def read_article(data: bytes, file: str, article_id: str) -> tuple[Article | None, list[Problem]]:
    """Read one article.

    Args:
        data: The file's content, UTF-8.
        file: Its name in messages.
        article_id: Its id: the file name without its ending.

    Returns:
        The article, or ``None`` and what is wrong.
    """
    if len(data) > MOST_BYTES:
        size = f"the article has {len(data):,} bytes, more than {MOST_BYTES:,}"
        return None, [Problem(file=file, message=f"{size}; split it by subject")]
    text = decode(data, file)
    if isinstance(text, Problem):
        return None, [text]
    parts = split_front(text)
    if parts is None:
        mend = "no front matter; begin with '---', 'title: ...', '---', each on a line"
        return None, [Problem(file=file, message=mend)]
    source = read_yaml(parts[0].encode(), file, first_line=2)
    body = parts[1].strip()
    if not body:
        mend = "the article has no text; write it below the second '---'"
        source.problems.append(Problem(file=file, message=mend))
    front = _front(source, language_in_name(article_id))
    if front is None or source.problems:
        return None, source.problems
    return Article(id=article_id, body=body, **front.model_dump()), []


def split_front(text: str) -> tuple[str, str] | None:
    """Return front matter and body; ``None`` where a text has no front matter."""
    opening = _FENCE.match(text)
    closing = _FENCE.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return None
    return text[opening.end() : closing.start()], text[closing.end() :]


def _front(source: Source, named: str | None) -> _Front | None:
    given = source.value or {}
    if isinstance(given, dict):
        given = {"language": named or "en", **given}
    try:
        front = _Front.model_validate(given)
    except ValidationError as error:
        source.problems.extend(validation_problems(error, source))
        return None
    if named is not None and named.casefold() != front.language.casefold():
        message = f"the file's name says {named!r}; rename the file, or write language: {named}"
        source.problems.append(source.place(("language",)).problem(message))
    return front
