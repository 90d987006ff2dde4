"""Takes a folder of Markdown files over as articles of a playbook."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from handrail.core.errors import ImportDataError
from handrail.playbook.articles import MOST_BYTES, language_in_name, read_article, split_front
from handrail.playbook.problems import Problem
from handrail.playbook.yaml_source import decode

_TITLE: Final = re.compile(r"^#[ \t]{1,8}(.{1,200})$", re.MULTILINE)
_SUFFIXES: Final = (".md", ".markdown")


@dataclass(frozen=True)
class ImportedArticle:
    """One file as it will stand in the playbook."""

    file: str
    """Where it comes from, relative to the folder."""
    id: str
    content: str
    """With front matter: its own, or one made of its first heading or its name."""
    state: Literal["new", "changed", "same"]
    """Against the playbook's article of that id."""


def prepare_import(
    folder: Path, playbook: Path, language: str | None = None
) -> tuple[list[ImportedArticle], list[Problem]]:
    """Read every Markdown file below a folder, and write nothing.

    Args:
        folder: Where the files are, at any depth.
        playbook: Folder of the playbook they are meant for.
        language: Of files that do not say theirs; it is put at the end of their ids.

    Raises:
        ImportDataError: there is no Markdown file.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
    if not paths:
        raise ImportDataError(f"there is no .md file below {folder}; name another folder")
    ready: list[ImportedArticle] = []
    problems: list[Problem] = []
    sources: dict[str, str] = {}
    for path in paths:
        name = path.relative_to(folder).as_posix()
        found = _prepare(path, name, playbook, language)
        if isinstance(found, ImportedArticle) and found.id in sources:
            message = f"becomes {found.id}.md as {sources[found.id]} does; rename one"
            problems.append(Problem(file=name, message=message))
        elif isinstance(found, ImportedArticle):
            sources[found.id] = name
            ready.append(found)
        else:
            problems += found
    return ready, problems


def write_articles(articles: Iterable[ImportedArticle], playbook: Path) -> None:
    """Write articles into a playbook folder, over those of the same id."""
    target = playbook / "articles"
    target.mkdir(exist_ok=True)
    for one in articles:
        (target / f"{one.id}.md").write_text(one.content, encoding="utf-8")


def _prepare(
    path: Path, name: str, playbook: Path, language: str | None
) -> ImportedArticle | list[Problem]:
    article_id = _id(name, language)
    if path.stat().st_size > MOST_BYTES:
        return read_article(path.read_bytes(), name, article_id)[1]
    text = decode(path.read_bytes(), name)
    if isinstance(text, Problem):
        return [text]
    content = text if split_front(text) else _with_front(text, _plain(Path(name).stem))
    problems = read_article(content.encode(), name, article_id)[1]
    if problems:
        return problems
    there = playbook / "articles" / f"{article_id}.md"
    known = there.read_text(encoding="utf-8") if there.is_file() else None
    state = "new" if known is None else "same" if known == content else "changed"
    return ImportedArticle(name, article_id, content, state)


def _id(name: str, language: str | None) -> str:
    stem = name.rpartition(".")[0]
    slug = re.sub(r"[^\w]+", "-", _plain(stem).casefold()).strip("-") or "article"
    spoken = language_in_name(stem) or language
    return f"{slug}.{spoken}" if spoken else slug


def _plain(stem: str) -> str:
    named = language_in_name(stem)
    return stem.removesuffix(f".{named}") if named else stem


def _with_front(text: str, stem: str) -> str:
    heading = _TITLE.search(text)
    title = heading[1].strip() if heading else re.sub(r"[-_]+", " ", stem).strip().capitalize()
    body = text.replace(heading[0], "", 1) if heading else text
    quoted = title.replace("\\", "\\\\").replace('"', '\\"')
    return f'---\ntitle: "{quoted}"\n---\n{body.strip()}\n'
