"""Sizes that keep the code readable; what exceeds them is printed by name.

Migrations are left out: they are a record of operations, written by a program.
"""

from __future__ import annotations

import ast
import io
import re
import statistics
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE_GOAL, FILE_LIMIT = 300, 500
MEDIAN, P95, FUNCTION_LIMIT = 8, 40, 60
FOLDERS = ("desk", "graphs", "nodes", "guardrails", "traces", "handrail", "benchmarks", "tests")
CODE = FOLDERS[:6]


@pytest.fixture(scope="module")
def files(request: pytest.FixtureRequest) -> dict[str, str]:
    """The text of each Python file by its path."""
    root = Path(request.config.rootpath)
    found = (
        path
        for folder in FOLDERS
        for path in (root / folder).rglob("*.py")
        if "versions" not in path.parts
    )
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in found
        if path.relative_to(root).parts[:2]
        not in {("handrail", link) for link in FOLDERS if (root / "handrail" / link).is_symlink()}
    }


def _functions(files: dict[str, str]) -> Iterator[tuple[int, str]]:
    for path, text in files.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield _length(node), f"{path}:{node.lineno} {node.name}"


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body; a docstring makes no function longer."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _code(files: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if path.startswith(CODE)}


def test_files_are_short(files: dict[str, str]) -> None:
    lengths = {path: len(text.splitlines()) for path, text in files.items()}
    for path, lines in sorted(lengths.items()):
        if lines > FILE_GOAL:
            print(f"long file: {path} has {lines} lines, the goal is {FILE_GOAL}")

    assert {path: lines for path, lines in lengths.items() if lines > FILE_LIMIT} == {}


def test_functions_are_short(files: dict[str, str]) -> None:
    functions = sorted(_functions(_code(files)), reverse=True)
    lengths = [length for length, _ in functions]
    median, p95 = statistics.median(lengths), statistics.quantiles(lengths, n=20)[-1]
    print(f"{len(lengths)} functions, median {median:.0f} lines, 95th percentile {p95:.0f}")
    for length, name in functions:
        if length > P95:
            print(f"long function: {name} has {length} lines, the goal is {P95}")

    assert [name for length, name in functions if length > FUNCTION_LIMIT] == []
    assert median <= MEDIAN
    assert p95 <= P95


def test_modules_say_what_they_are(files: dict[str, str]) -> None:
    docs = {path: ast.get_docstring(ast.parse(text)) or "" for path, text in files.items()}

    assert [path for path, doc in docs.items() if not doc.split("\n\n")[0].endswith(".")] == []


def test_names_say_something(files: dict[str, str]) -> None:
    names = {"utils", "util", "helpers", "helper", "common", "misc"}
    parts = {
        path: {part.removesuffix(".py").strip("_") for part in Path(path).parts} for path in files
    }

    assert [path for path, words in parts.items() if words & names] == []


def _remarks(text: str) -> Iterator[str]:
    """Comments, and names that only unfinished code uses."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or token.string == "Not" + "ImplementedError":
            yield token.string


def test_nothing_is_left_unfinished(files: dict[str, str]) -> None:
    words = re.compile(r"TODO|FIXME|XXX|pragma: no cover|type: ignore|NotImplementedError")
    found = [
        f"{path}: {remark}"
        for path, text in files.items()
        for remark in _remarks(text)
        if words.search(remark)
    ]
    assert found == []


def test_bare_folder_names_are_not_imported(files: dict[str, str]) -> None:
    bare = set(CODE[:5])
    found = [
        f"{path}:{node.lineno}"
        for path, text in files.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [a.name for a in node.names]
        )
        if name.split(".")[0] in bare
    ]
    assert found == []


def test_complexity_is_checked(pytestconfig: pytest.Config) -> None:
    """The linter's own limit, shown to work on a function that breaks it."""
    branches = "\n".join(f"    if value == {n}:\n        return {n}" for n in range(11))
    source = f"def pick(value: int) -> int:\n{branches}\n    return 0\n"
    program = Path(sys.executable).with_name("ruff")
    result = subprocess.run(
        [program, "check", "--select", "C901", "--stdin-filename", "handrail/planted.py", "-"],
        input=source,
        capture_output=True,
        text=True,
        check=False,
        cwd=pytestconfig.rootpath,
    )
    assert "C901" in result.stdout
