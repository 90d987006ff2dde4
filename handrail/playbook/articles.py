"""Reads Markdown articles with YAML front matter."""

from __future__ import annotations

import re
from typing import Final

from pydantic import ValidationError

from handrail.playbook.models import Article, Strict
from handrail.playbook.problems import Problem
from handrail.playbook.validation import validation_problems
from handrail.playbook.yaml_source import Source, decode, read_yaml

_FENCE: Final = re.compile(r"^---[ \t]{0,8}\r?\n", re.MULTILINE)


class _Front(Strict):
    """What may stand at the head of an article."""

    title: str
    language: str = "en"
    internal: bool = False


def read_article(data: bytes, file: str, article_id: str) -> tuple[Article | None, list[Problem]]:
    """Read one article.

    Args:
        data: The file's content, UTF-8.
        file: Its name in messages.
        article_id: Its id: the file name without its ending.

    Returns:
        The article, or ``None`` and what is wrong.
    """
    text = decode(data, file)
    if isinstance(text, Problem):
        return None, [text]
    opening = _FENCE.match(text)
    closing = _FENCE.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return None, [
            Problem(
                file=file,
                message="no front matter; begin with '---', 'title: ...', '---', each on a line",
            )
        ]
    head = text[opening.end() : closing.start()].encode()
    source = read_yaml(head, file, first_line=2)
    body = text[closing.end() :].strip()
    if not body:
        source.problems.append(
            Problem(file=file, message="the article has no text; write it below the second '---'")
        )
    front = _front(source)
    if front is None or source.problems:
        return None, source.problems
    article = Article(
        id=article_id,
        title=front.title,
        body=body,
        language=front.language,
        internal=front.internal,
    )
    return article, []


def _front(source: Source) -> _Front | None:
    try:
        return _Front.model_validate(source.value or {})
    except ValidationError as error:
        source.problems.extend(validation_problems(error, source))
        return None
