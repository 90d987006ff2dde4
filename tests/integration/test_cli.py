"""The command line as people type it: what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from handrail.core.errors import ConfigurationError
from handrail.desk.cli import main
from handrail.desk.cli.editing import edit_text
from handrail.desk.lock import worker_lock
from handrail.playbook.loading import demo_path

RUN = "from handrail.desk.cli import main; main()"


class Shell:
    """Runs ``handrail`` with a home of its own, in this process: starting one costs seconds."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        out, err = StringIO(), StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["handrail", *words])
            with pytest.raises(SystemExit) as ended:
                main()
        code = ended.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    @property
    def environment(self) -> dict[str, str]:
        return {"HANDRAIL_HOME": str(self.home), "NO_COLOR": "1"}

    def json(self, *words: str) -> Any:
        done = self(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


class Processes(Shell):
    """Runs each command in a process of its own, as people do."""

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", RUN, *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )


@pytest.fixture
def shell(tmp_path: Path, model_cache: Path, sqlite_template: Path) -> Shell:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(sqlite_template, home / "handrail.db")
    (home / "models").symlink_to(model_cache)
    return Shell(home)


@pytest.fixture
def processes(shell: Shell) -> Processes:
    return Processes(shell.home)


def test_a_review_is_decided_without_a_server(shell: Shell, processes: Processes) -> None:
    processes("chat", "--as", "cust_003", "I want to talk to a human")
    (line,) = shell.json("inbox", "list")["reviews"]
    review = line["review"]["id"]
    assert "human" in shell("inbox", "show", review).stdout
    missing = processes("inbox", "approve", "rev_unknown")
    assert (missing.returncode, missing.stderr[:5]) == (1, "HR303")
    words = "Hello Clio, this is Ana. How can I help?"
    done = processes("inbox", "respond", review, "-m", words, "--as", "Ana")
    assert done.returncode == 0, done.stderr
    again = shell("inbox", "respond", review, "-m", "Hello again", "--as", "Bia")
    assert (again.returncode, "Ana" in again.stderr) == (1, True)
    assert "Traceback" not in missing.stderr + again.stderr
    assert shell.json("audit", "verify") == {"ok": True, "breaks": []}


def test_an_action_is_told(shell: Shell) -> None:
    done = ("action", "tell", "refund_order", "--id", "r-1", "--customer", "cust_003")
    more = ("--record", "order/LF1003", "--amount", "20.00", "--currency", "USD", "--as", "till 3")
    told = shell.json(*done, *more, "--at", "2026-01-05 10:00", "--detail", "reason=broken = late")
    assert told == {"id": "r-1", "duplicate": False, "conversations": []}
    with closing(sqlite3.connect(shell.home / "handrail.db")) as database:
        columns = "customer_id, record_kind, record, amount, outcome, actor, details"
        (row,) = database.execute(f"SELECT {columns} FROM actions WHERE id = 'r-1'").fetchall()
    assert row[:-1] == ("cust_003", "order", "LF1003", "20.00", "done", "till 3")
    assert json.loads(row[-1]) == {"reason": "broken = late"}
    other = shell(*done, "--outcome", "failed")
    assert (other.returncode, other.stderr[:5]) == (1, "HR314")
    for wrong, said in (
        (("--amount", "20.00"), "amount and currency"),
        (("--outcome", "perhaps"), "outcome"),
    ):
        refused = shell(*done, *wrong)
        assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
    assert shell(*done, "--detail", "broken").returncode == 2


@pytest.mark.timeout(240)
def test_a_review_is_put_off_passed_on_and_asked_about(shell: Shell) -> None:
    shell("chat", "--as", "cust_003", "I want to talk to a human")
    review = shell.json("inbox", "list")["reviews"][0]["review"]["id"]
    assert shell("inbox", "snooze", review, "--minutes", "30").returncode == 0
    assert "snoozed, back in 30 min" in shell("inbox").stdout
    assert shell("inbox", "escalate", review, "leads", "-m", "yours", "--as", "Ana").returncode == 0
    again = ("inbox", "again", review, "--at", "2099-01-01 09:00", "-m", "well?")
    assert shell(*again).stderr.startswith("HR308")
    shown = shell("inbox", "show", review).stdout
    assert "leads" in shown
    assert "Given to leads by Ana" in shown
    done = shell("inbox", "ask", review, "-m", "What is it about, please?", "--as", "Ana")
    assert done.returncode == 0, done.stderr


def test_a_database_is_kept_small_and_safe(shell: Shell, tmp_path: Path) -> None:
    shell("chat", "--as", "cust_003", "I want to talk to a human")
    measured = shell.json("db", "size")
    assert measured["conversations"] == 1
    assert measured["parts"]["messages"]["per_conversation"] > 0
    found = shell.json("db", "prune", "--dry-run", "--conversations", "1")
    assert found == {
        "dry_run": True,
        "removed": {
            "conversations": 0, "checkpoints": 0, "timers": 0, "desk_changes": 0,
            "spans_of_erased": 0, "spans": 0,
            "actions": 0,
        },
    }  # fmt: skip
    assert shell.json("db", "prune")["dry_run"] is False
    assert shell.json("db", "vacuum")["problem"] is None
    copy = tmp_path / "copy.db"
    assert shell.json("db", "backup", str(copy))["breaks"] == []
    again = shell("db", "backup", str(copy))
    assert (again.returncode, again.stderr[:5]) == (1, "HR200")
    with worker_lock(shell.home / "handrail.db"):
        refused = shell("db", "restore", str(copy))
    assert (refused.returncode, refused.stderr[:5]) == (1, "HR203")
    done = shell.json("db", "restore", str(copy))
    assert done["held"]["reviews"] == 1
    assert Path(done["kept"]).is_file()
    assert shell.json("audit", "verify") == {"ok": True, "breaks": []}


def test_a_taken_port_is_named(processes: Processes) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = processes("up", "--port", str(port))
    assert (done.returncode, done.stderr[:5]) == (1, "HR205")
    assert f"port {port}" in done.stderr


def test_exit_codes(shell: Shell, tmp_path: Path) -> None:
    assert shell("graph", "check").returncode == 0
    assert shell("playbook", "check").returncode == 0
    assert shell("playbook", "check", str(tmp_path)).returncode == 1


def test_articles_are_imported_found_and_checked(shell: Shell, tmp_path: Path) -> None:
    playbook, given = tmp_path / "shop", tmp_path / "given"
    shutil.copytree(demo_path(), playbook)
    given.mkdir()
    (given / "club.md").write_text("# The club\n\nMembers of the club get points for orders.\n")
    refused = shell("knowledge", "import", str(given))
    assert refused.returncode == 1
    assert "name it with --playbook" in refused.stderr
    into = ("--playbook", str(playbook))
    assert "new      articles/club.md" in shell("knowledge", "import", str(given), *into).stdout
    found = shell.json("knowledge", "search", "club points", *into, "--limit", "1")["passages"]
    assert [passage["id"] for passage in found] == ["club#1"]
    spanish = shell("knowledge", "search", "devolver", "--language", "es", *into)
    assert "returns.es#" in spanish.stdout
    assert shell("knowledge", "search", "zeppelin", *into).returncode == 1
    assert shell("knowledge", "check", str(playbook)).returncode == 0
    changed = "# The club\n\nMembers of the club never get points for orders.\n"
    (given / "club.md").write_text(changed)
    again = shell("knowledge", "import", str(given), *into)
    assert again.returncode == 1
    assert "--replace writes over it" in again.stderr
    (given / "club.md").rename(given / "members.md")
    shell("knowledge", "import", str(given), *into)
    checked = shell("knowledge", "check", str(playbook))
    assert checked.returncode == 1
    assert "articles/members.md:4:1: " in checked.stdout
    assert "says the opposite of articles/club.md:4" in checked.stdout
    assert shell("nothing").returncode == 2
    assert shell("inbox", "snooze", "rev_1").returncode == 2
    assert shell("trace", "ls", "--since", "soon").returncode == 2
    assert shell("up", "--host", "0.0.0.0").returncode == 1


def test_help_loads_nothing_heavy() -> None:
    script = f"""
import sys
try:
    {RUN.replace("; ", chr(10) + "    ")}
finally:
    heavy = {{"langgraph", "sklearn", "numpy", "sqlalchemy", "pydantic", "fastapi", "asyncio"}}
    print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"


def test_the_editor_is_given_the_draft_and_its_text_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/draft/better/ "$2"\n')
    editor.chmod(0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{editor} --wait")
    assert edit_text("the draft") == "the better"
    monkeypatch.setenv("EDITOR", "true")
    assert edit_text("the draft") is None
    monkeypatch.setenv("EDITOR", str(tmp_path / "missing"))
    with pytest.raises(ConfigurationError, match="EDITOR"):
        edit_text("the draft")


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_a_deploy_is_tried_before_it_is_made(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "home" / "handrail.db"
    shell("chat", "--as", "cust_001", "Please cancel my order LF1001")
    before = _dump(path)
    found = shell.json("graph", "check", "--against", f"sqlite:///{path}")["against"]
    assert (found["waiting"], found["resumes"], found["stranded"]) == (1, 1, [])
    assert _dump(path) == before
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE reviews SET node = 'old_gate', graph_version = '0'")
        connection.commit()
    broken = shell("graph", "check", "--against", f"sqlite:///{path}")
    assert broken.returncode == 1
    assert "1 stranded" in broken.stdout
    assert "in old_gate of support@0" in broken.stdout
    assert "declare renamed('old_gate'" in broken.stdout
    nowhere = shell("graph", "check", "--against", f"sqlite:///{tmp_path / 'none.db'}")
    assert (nowhere.returncode, nowhere.stderr[:5]) == (1, "HR200")


def test_guardrails_are_listed_shown_tried_and_counted(shell: Shell, tmp_path: Path) -> None:
    listed = shell.json("guardrail", "ls")["checks"]
    assert {"fact.value", "tone.brand", "conv.relevance"} <= {check["id"] for check in listed}
    shown = shell.json("guardrail", "show", "conv.repeat")
    assert [rule["name"] for rule in shown["rules"]] == ["repeated", "loop"]
    assert shown["actions"]["autonomous"]["low"] == "send"
    assert {setting["name"] for setting in shown["settings"]} >= {"enabled", "similarity"}
    assert "what happens" in shell("guardrail", "show", "conv.repeat").stdout
    unknown = shell("guardrail", "show", "no.such")
    assert (unknown.returncode, "no.such" in unknown.stderr) == (2, True)

    records = tmp_path / "records.jsonl"
    records.write_text(
        '{"kind": "order", "id": "LF7001", "customer_id": "c1", "fields": {"total": "20.00"}}\n'
        '{"kind": "order", "id": "LF7002", "customer_id": "c2", "fields": {"total": "35.00"}}\n'
    )
    known = ("--records", str(records), "--said", "What did my order LF7001 cost?")
    clean = shell("guardrail", "try", "Your order LF7001 cost 20.00 USD.", *known)
    assert clean.returncode == 0, clean.stdout
    wrong = ("Your order LF7001 cost 35.00 USD.", *known, "--mode", "autonomous", "--no-repair")
    found = shell("guardrail", "try", *wrong, "--json")
    assert found.returncode == 1
    trial = json.loads(found.stdout)
    assert trial["action"] == "draft again with the findings"
    assert trial["findings"][0]["check"] == "fact.value"
    others = shell("guardrail", "try", "Order LF7002 is hers.", *known, "--no-repair")
    assert "priv.other_customer" in others.stdout
    done = tmp_path / "actions.yaml"
    done.write_text(
        "- {id: bo-1, customer_id: c1, action: cancel_order, record: LF7001, at: today-1}\n"
    )
    claim = ("I have cancelled your order LF7001.", *known, "--no-repair")
    assert "not_done" in shell("guardrail", "try", *claim).stdout
    shown = shell("guardrail", "try", *claim, "--actions", str(done))
    assert "not_done" not in shown.stdout
    assert shell("guardrail", "try", "x", "--mode", "wild").returncode == 2
    assert shell("guardrail", "try", "x", "--records", str(tmp_path / "none")).returncode == 2
    crisis = shell("guardrail", "try", "I want to kill myself", "--as-customer")
    assert (crisis.returncode, "in.crisis" in crisis.stdout) == (1, True)
    assert shell.json("guardrail", "stats") == {"rules": []}
    assert "No check has found anything" in shell("guardrail", "stats").stdout
