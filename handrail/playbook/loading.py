"""Loads a playbook folder into an immutable release, or lists everything that is wrong in it.

The folder holds ``playbook.yaml``, ``intents/*.yaml`` (one intent each, named by its file),
``templates/*.yaml`` (more reply templates for the intent the file is named after),
``articles/*.md``, ``prompts/*.md`` (for a language model, in place of ours) and, for a demo,
``data/`` with customers and records.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from handrail.core.errors import PlaybookError
from handrail.playbook.articles import read_article
from handrail.playbook.models import Article, Playbook, Release
from handrail.playbook.problems import Problem, alternatives, listed
from handrail.playbook.prompts import read_prompts
from handrail.playbook.references import reference_problems
from handrail.playbook.translations import untranslated
from handrail.playbook.validation import validation_problems
from handrail.playbook.yaml_source import Source, read_yaml

MAIN_FILE = "playbook.yaml"
_PARTS = (("intents", ".yaml"), ("templates", ".yaml"), ("articles", ".md"), ("prompts", ".md"))


def demo_path() -> Path:
    """Return the folder of the demo shop that ships with Handrail."""
    return Path(__file__).parent / "demo"


def load_release(folder: Path) -> Release:
    """Load a playbook folder.

    Raises:
        PlaybookError: the text lists every problem as ``file:line:column: what; the mend``;
            ``details["problems"]`` holds them as dictionaries.
    """
    release, problems = _read(folder)
    if release is None:
        raise PlaybookError(
            f"the playbook in {folder} has {len(problems)} problem(s):\n{listed(problems)}",
            problems=[problem.model_dump() for problem in problems],
        )
    return release


def check_playbook(folder: Path) -> list[Problem]:
    """Return everything that is wrong with a playbook folder; empty where nothing is."""
    return _read(folder)[1]


def find_untranslated(folder: Path) -> list[Problem]:
    """Return what a playbook without problems does not say in all languages of its brand."""
    source = _read_document(folder)
    playbook = Playbook.model_validate(source.value)
    return [source.place(path).problem(message) for path, message in untranslated(playbook)]


def release_id(
    playbook: Playbook, articles: tuple[Article, ...], prompts: Mapping[str, str] | None = None
) -> str:
    """Return ``rel_`` and 16 hexadecimal digits of the digest of the content.

    The same content gives the same id, whatever the order of files and keys.
    """
    content: dict[str, Any] = {
        "playbook": playbook.model_dump(mode="json"),
        "articles": sorted((a.model_dump(mode="json") for a in articles), key=lambda a: a["id"]),
    }
    if prompts:
        content["prompts"] = dict(prompts)
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "rel_" + hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _read(folder: Path) -> tuple[Release | None, list[Problem]]:
    if not (folder / MAIN_FILE).is_file():
        missing = f"there is no {MAIN_FILE} in {folder}; write one or name another folder"
        return None, [Problem(file=MAIN_FILE, message=missing)]
    source = _read_document(folder)
    articles, problems = _read_articles(folder)
    prompts, wrong_prompts = read_prompts(folder)
    problems += [*wrong_prompts, *source.problems]
    # What is missing because a file could not be read is not told again as missing.
    broken = {problem.file for problem in source.problems}
    playbook = None
    try:
        playbook = Playbook.model_validate(source.value)
    except ValidationError as error:
        problems += [p for p in validation_problems(error, source) if p.file not in broken]
    else:
        known = {path.stem for path in _files(folder, "articles", ".md")}
        problems += reference_problems(playbook, known, source)
    if playbook is None or problems:
        return None, problems
    release = Release(
        id=release_id(playbook, articles, prompts),
        name=folder.resolve().name,
        playbook=playbook,
        articles=articles,
        prompts=prompts,
    )
    return release, []


def _files(folder: Path, part: str, suffix: str) -> list[Path]:
    return sorted(path for path in (folder / part).glob(f"*{suffix}") if path.is_file())


def _read_articles(folder: Path) -> tuple[tuple[Article, ...], list[Problem]]:
    articles: list[Article] = []
    problems: list[Problem] = []
    for path in _files(folder, "articles", ".md"):
        article, found = read_article(path.read_bytes(), f"articles/{path.name}", path.stem)
        problems += found
        if article is not None:
            articles.append(article)
    return tuple(articles), problems


def _read_document(folder: Path) -> Source:
    """Merge the main file and the files of intents and templates into one document."""
    source = read_yaml((folder / MAIN_FILE).read_bytes(), MAIN_FILE)
    source.problems += _misnamed(folder)
    if not isinstance(source.value, dict):
        if not source.problems:
            source.problems.append(source.place(()).problem("not a mapping; write 'brand:' first"))
        source.value = {}
    intents = source.value.setdefault("intents", {})
    if isinstance(intents, dict):
        _merge_intents(folder, source, intents)
        _merge_templates(folder, source, intents)
    return source


def _misnamed(folder: Path) -> Iterator[Problem]:
    for part, suffix in _PARTS:
        for path in sorted((folder / part).glob("*")):
            if path.is_file() and path.suffix != suffix and not path.name.startswith("."):
                message = f"this file is not read; rename it to end in {suffix} or move it away"
                yield Problem(file=f"{part}/{path.name}", message=message)


def _merge_intents(folder: Path, source: Source, intents: dict[str, Any]) -> None:
    for path in _files(folder, "intents", ".yaml"):
        part = read_yaml(path.read_bytes(), f"intents/{path.name}")
        if path.stem in intents:
            place = source.place(("intents", path.stem))
            message = f"intent {path.stem!r} is in intents/{path.name} too; keep one of them"
            source.problems.append(place.problem(message))
            continue
        source.put(("intents", path.stem), part)
        intents[path.stem] = {} if part.value is None else part.value


def _merge_templates(folder: Path, source: Source, intents: dict[str, Any]) -> None:
    for path in _files(folder, "templates", ".yaml"):
        part = read_yaml(path.read_bytes(), f"templates/{path.name}")
        intent = intents.get(path.stem)
        if not isinstance(intent, dict):
            message = f"no intent {path.stem!r} for these templates; " + alternatives(
                path.stem, intents
            )
            source.problems.append(part.place(()).problem(message))
        elif not isinstance(part.value, list):
            message = "not a list of templates; begin each with '- text: ...'"
            source.problems += part.problems or [part.place(()).problem(message)]
        else:
            _append_templates(source, part, intent.setdefault("templates", []), path.stem)


def _append_templates(source: Source, part: Source, templates: list[Any], intent: str) -> None:
    start = len(templates)
    templates += part.value
    for inner, place in part.places.items():
        if inner and isinstance(inner[0], int):
            source.places["intents", intent, "templates", start + inner[0], *inner[1:]] = place
    source.problems += part.problems
