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
    parts = _split(text)
    if parts is None:
        mend = "no front matter; begin with '---', 'title: ...', '---', each on a line"
        return None, [Problem(file=file, message=mend)]
    source = read_yaml(parts[0].encode(), file, first_line=2)
    body = parts[1].strip()
    if not body:
        mend = "the article has no text; write it below the second '---'"
        source.problems.append(Problem(file=file, message=mend))
    front = _front(source)
    if front is None or source.problems:
        return None, source.problems
    return Article(id=article_id, body=body, **front.model_dump()), []


def _split(text: str) -> tuple[str, str] | None:
    opening = _FENCE.match(text)
    closing = _FENCE.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return None
    return text[opening.end() : closing.start()], text[closing.end() :]


def _front(source: Source) -> _Front | None:
    try:
        return _Front.model_validate(source.value or {})
    except ValidationError as error:
        source.problems.extend(validation_problems(error, source))
        return None
