"""Chaos on PostgreSQL in small; ``python tests/faults/chaos.py`` is the full size."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

CHAOS = Path(__file__).with_name("chaos.py")


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("postgres_url")  # says so where there is no PostgreSQL
def test_promises_hold_in_chaos() -> None:
    size = {"events": 150, "conversations": 30, "seconds": 15, "workers": 2, "seed": 3}
    options = [f"--{name}={value}" for name, value in size.items()]
    done = subprocess.run(
        [sys.executable, CHAOS, *options], capture_output=True, text=True, check=False
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("seed 3:")
    counted = {name: int(count) for name, count in re.findall(r"  ([\w ]+): (\d+)\n", done.stdout)}
    assert counted["SIGKILL"] >= 1
    assert counted["server restart"] >= 1
    assert counted["events"] >= 150
    assert counted["duplicates"] >= 5
    judged = re.findall(r"  (P\d+) .*: (\d+) looked at, 0 broken", done.stdout)
    assert {promise for promise, looked_at in judged if int(looked_at) > 0} >= {
        "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P10",
    }  # fmt: skip
