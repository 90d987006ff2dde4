"""Killed at commits and calls outside, the story ends as if nothing had happened.

A spread of points here; ``python tests/faults/kill_points.py`` kills at every one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SWEEP = Path(__file__).with_name("kill_points.py")

pytestmark = pytest.mark.timeout(600)


def sweep(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SWEEP, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_story_ends_alike_on_sqlite() -> None:
    done = sweep("--points", "24")
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.findall(r"killed at (\d+) points, 0 ends differ", done.stdout)[0]) >= 24
    # Each kind of point is among those of the whole story.
    for kind in ("commit", "delivery", "draft"):
        assert f" before {kind}" in done.stdout
        assert f" after {kind}" in done.stdout


@pytest.mark.postgres
def test_the_story_ends_alike_on_postgres(postgres_url: str) -> None:
    done = sweep("--points", "8", "--database", postgres_url)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 ends differ" in done.stdout


def test_replies_apart_from_their_run_are_seen() -> None:
    """With the one transaction taken apart, a kill in between leaves an end that differs."""
    done = sweep("--without", "transaction", "--only", "between commits", "--points", "3")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ends differ" in done.stdout
