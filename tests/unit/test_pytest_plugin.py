"""The fixtures that ship: the documents' example runs, and unrelated test runs notice nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from handrail.desk.testing import World
from handrail.store import tables as t
from handrail.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = "handrail.desk.pytest_plugin"


def run_pytest(folder: Path, code: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-o", "asyncio_mode=auto", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_example_of_the_documents_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    done = run_pytest(tmp_path, code)
    assert "2 passed" in done.stdout, done.stdout


def test_a_broken_promise_fails_the_test_with_its_name(tmp_path: Path) -> None:
    code = """
from handrail.desk.simulation.scenario import Scenario
from handrail.store import audit

async def test_mine(handrail_simulate, monkeypatch):
    monkeypatch.setattr(audit, "append", lambda _c, _id, head, _rows: head)
    await handrail_simulate(Scenario(conversations=3))
"""
    done = run_pytest(tmp_path, code)
    assert "1 failed" in done.stdout
    assert "seed 1:\nP10: no audit row" in done.stdout


def test_a_playbook_of_ones_own_is_tested(tmp_path: Path) -> None:
    code = """
import pytest
from pathlib import Path

@pytest.fixture
def handrail_playbook():
    return Path("no-such-folder")

async def test_mine(handrail_world):
    pass
"""
    done = run_pytest(tmp_path, code)
    assert "there is no playbook.yaml in no-such-folder" in done.stdout


def test_nothing_is_imported_until_a_fixture_is_used(tmp_path: Path) -> None:
    code = """
import sys

def test_mine():
    ours = [name for name in sys.modules if name.startswith("handrail.")]
    assert set(ours) == {"handrail.desk", "handrail.desk.pytest_plugin"}
    assert not {"sqlalchemy", "pydantic", "langgraph", "sklearn"} & set(sys.modules)
"""
    # Other plugins of this machine import what they like.
    done = run_pytest(tmp_path, code, "-p", "no:langsmith_plugin")
    assert "1 passed" in done.stdout, done.stdout


async def test_a_world_is_a_real_engine_on_a_database_of_its_own(
    handrail_world: World, handrail_database: str
) -> None:
    await handrail_world.ask("What is your return policy?")
    assert "30 days" in handrail_world.postbox.delivered[0]
    database = Database(handrail_database)
    assert len(database.read_now(lambda c: c.execute(select(t.messages)).all())) == 2
    database.close()
