"""The documents keep their word: code compiles, examples run, links lead somewhere."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from handrail.desk.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]\n]{0,1000}\]\(([^)\s]{1,300})\)")
COMMAND = re.compile(r"(?:`|^)handrail ([a-z]+)(?: ([a-z]+)\b)?", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    name: str
    """Document and line."""
    language: str
    code: str


def _blocks() -> Iterator[Block]:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 2
            name = f"{document.relative_to(ROOT)}:{line}"
            yield Block(name, match[1].strip(), match[2])


BLOCKS = [block for block in _blocks() if block.language.startswith("python")]
EXAMPLES = [block for block in BLOCKS if block.language == "python test"]


def _name(block: Block) -> str:
    return block.name


def test_there_is_something_to_test() -> None:
    assert len(EXAMPLES) >= 3
    assert {block.language for block in BLOCKS} <= {"python", "python test"}


@pytest.mark.parametrize("block", BLOCKS, ids=_name)
def test_code_compiles(block: Block) -> None:
    compile(block.code, block.name, "exec")


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose database has its tables already."""
    shutil.copy(sqlite_template, tmp_path / "handrail.db")
    monkeypatch.setenv("HANDRAIL_HOME", str(tmp_path))
    for name in ("DATABASE", "PLAYBOOK", "MODEL", "JUDGE"):
        monkeypatch.delenv(f"HANDRAIL_{name}", raising=False)
    return tmp_path


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("block", EXAMPLES, ids=_name)
async def test_examples_run(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in a thread, where it may start an event loop as a script does."""
    module = ModuleType(f"document_{abs(hash(block.name))}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    code = compile(block.code, block.name, "exec")

    await asyncio.to_thread(exec, code, module.__dict__)


def _anchors(document: Path) -> set[str]:
    """Anchors of the headings, as the common renderers make them."""
    headings = re.findall(r"^#{1,6} (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-") for text in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    lost: list[str] = []
    for target in LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8"))):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            lost.append(target)

    assert lost == []


def test_every_document_is_reached_from_the_first_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {(ROOT / target.partition("#")[0]).resolve() for target in LINK.findall(readme)}

    assert [path.name for path in DOCUMENTS[1:] if path not in named] == []


def _commands() -> dict[str, set[str]]:
    """Every command with its own commands."""
    main = typer.main.get_command(app)
    found: dict[str, Any] = getattr(main, "commands", {})
    return {name: set(getattr(command, "commands", {})) for name, command in found.items()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(document: Path) -> None:
    known = _commands()
    named: list[tuple[str, str]] = COMMAND.findall(document.read_text(encoding="utf-8"))
    unknown = [
        f"handrail {name} {below}".strip()
        for name, below in named
        if name not in known or (known[name] and below and below not in known[name])
    ]
    assert unknown == []


def test_the_first_page_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert set(_commands()) - {name for name, _ in COMMAND.findall(readme)} == set()
