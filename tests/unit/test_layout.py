"""The house stands: links, packaging, layers, constraints, and no word that belongs elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

LINKED = ("desk", "graphs", "nodes", "guardrails", "traces")


@pytest.fixture(scope="module")
def root(request: pytest.FixtureRequest) -> Path:
    """The repository."""
    return Path(request.config.rootpath)


@pytest.fixture(scope="module")
def tracked(root: Path) -> list[Path]:
    """Files under version control."""
    if not (root / ".git").exists():
        pytest.skip("this is no clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    return [root / name for name in listed.split("\0") if name and (root / name).is_file()]


@pytest.mark.parametrize("name", LINKED)
def test_links_lead_to_their_folders(root: Path, name: str) -> None:
    link = root / "handrail" / name

    assert link.is_symlink()
    assert link.resolve() == (root / name).resolve()
    assert (root / name / "__init__.py").is_file()


def test_the_root_is_not_imported_twice() -> None:
    command = [sys.executable, "-c", "import handrail.handrail"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert "No module named 'handrail.handrail'" in result.stderr


@pytest.fixture(scope="module")
def copy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged part of the repository, to build from and to break."""
    target = tmp_path_factory.mktemp("house") / "copy"
    target.mkdir()
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("handrail", *LINKED):
        shutil.copytree(root / name, target / name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(root / name, target)
    return target


@pytest.fixture(scope="module")
def wheel(copy: Path) -> Iterator[set[str]]:
    """Names of the files in a wheel that was built from the sdist."""
    subprocess.run(
        [sys.executable, "-P", "-m", "build", "--no-isolation", "--outdir", "dist", "."],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(next((copy / "dist").glob("*.whl"))) as archive:
        yield set(archive.namelist())


def test_the_wheel_holds_every_module(copy: Path, wheel: set[str]) -> None:
    kernel = {path for path in (copy / "handrail").rglob("*.py") if path.parts[-2] not in LINKED}
    expected = {str(path.relative_to(copy)) for path in kernel}
    for name in LINKED:
        expected |= {f"handrail/{path.relative_to(copy)}" for path in (copy / name).rglob("*.py")}

    assert expected - wheel == set()


def test_the_wheel_holds_the_data(copy: Path, wheel: set[str]) -> None:
    suffixes = {".mako", ".typed", ".yaml", ".md", ".html", ".css", ".js", ".svg", ".npz", ".json"}
    expected: set[str] = set()
    for name in ("handrail", *LINKED):
        for path in (copy / name).rglob("*"):
            if path.suffix in suffixes or path.name == "py.typed":
                inside = path.relative_to(copy)
                expected.add(str(inside) if name == "handrail" else f"handrail/{inside}")

    assert expected - wheel == set()


def test_the_wheel_installs_nothing_generic(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"handrail"}


def _lint(copy: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"], cwd=copy, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("path", "imported"),
    [
        ("nodes/planted.py", "handrail.desk"),
        ("guardrails/planted.py", "handrail.nodes"),
        ("graphs/planted.py", "handrail.traces.spans"),
        ("traces/planted.py", "handrail.graphs"),
        ("handrail/core/planted.py", "handrail.store.tables"),
        ("handrail/playbook/planted.py", "handrail.store.tables"),
        ("handrail/store/planted.py", "handrail.guardrails"),
    ],
)
def test_an_import_that_goes_up_is_found(copy: Path, path: str, imported: str) -> None:
    planted = copy / path
    planted.write_text(f'"""Planted."""\n\nimport {imported}\n', encoding="utf-8")
    result = _lint(copy)
    planted.unlink()

    assert result.returncode == 1
    assert "handrail." + path.removeprefix("handrail/")[:-3].replace("/", ".") in result.stdout


def test_imports_go_down(copy: Path) -> None:
    result = _lint(copy)

    assert result.returncode == 0, result.stdout


def test_constraints_are_plain_and_cover_what_is_needed(root: Path) -> None:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        re.split(r"[\[<>=;! ]", line)[0].lower().replace("_", "-")
        for line in (*project["dependencies"], *extras["postgres"], *extras["dev"])
    }
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}

    assert [
        line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)
    ] == []
    assert lines == sorted(lines, key=str.lower)
    assert wanted - {"handrail"} - pinned == set()


def test_no_word_belongs_elsewhere(tracked: list[Path]) -> None:
    """Machine paths and registry hosts mean nothing to those who clone this."""
    words = re.compile(
        "|".join(("/wor" + "k/", "/ro" + "ot/", r"pypi\." + "org", r"pythonhosted\." + "org",
                  r"npmjs\." + "(com|org)", "index" + "-url", "/tm" + "p/v/"))
    )  # fmt: skip
    found: list[str] = []
    for path in tracked:
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.name}: {match}" for match in set(words.findall(text))]

    assert found == []


def test_every_command_is_explained(root: Path) -> None:
    text = (root / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):(?!=)(.*)$", text, flags=re.MULTILINE)

    assert [name for name, rest in targets if "## " not in rest] == []
    printed = subprocess.run(
        ["make", "help"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    assert [name for name, _ in targets if f"make {name} " not in printed] == []
    assert {"setup", "up", "test", "check", "bench"} <= {name for name, _ in targets}
