"""A playbook folder becomes a release, or every problem is told at its line and column."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from handrail.core.errors import PlaybookError
from handrail.playbook.loading import check_playbook, demo_path, load_release
from handrail.playbook.records import read_data
from handrail.playbook.yaml_source import read_yaml

MAIN = """\
brand:
  name: Small shop
records:
  order:
    label: order
    fields:
      status: {type: status}
      total: {type: money}
      note: {type: text, visibility: internal}
"""
INTENT = """\
description: where an order is
mode: autonomous
examples:
  - Where is my order?
  - Has it shipped?
templates:
  - when: {order.status: shipped}
    text: Order {{order.id}} over {{order.total}} has left us.
"""
ARTICLE = "---\ntitle: Returns\n---\nSend it back within 30 days.\n"

Write = Callable[[str, str | bytes], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small playbook without a fault."""
    for name, text in {
        "playbook.yaml": MAIN,
        "intents/order_status.yaml": INTENT,
        "articles/returns.md": ARTICLE,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Write:
    """Replaces a file of the small playbook."""

    def put(name: str, content: str | bytes) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return put


def only_problem(folder: Path) -> str:
    problems = check_playbook(folder)
    assert len(problems) == 1, problems
    return str(problems[0])


def test_small_playbook_loads(folder: Path) -> None:
    release = load_release(folder)
    assert list(release.playbook.intents) == ["order_status"]
    assert [article.id for article in release.articles] == ["returns"]
    assert release.id.startswith("rel_")
    assert len(release.id) == 20


def test_id_depends_on_content_only(folder: Path, write: Write, tmp_path: Path) -> None:
    before = load_release(folder).id
    lines = INTENT.splitlines()
    write("intents/order_status.yaml", "\n".join([lines[1], lines[0], *lines[2:], "# a remark"]))
    copy = tmp_path / "copied"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("copied"))
    assert load_release(copy).id == before
    write("articles/returns.md", ARTICLE.replace("30", "14"))
    assert load_release(folder).id != before


def test_unknown_key_is_told_at_its_line_and_column(folder: Path, write: Write) -> None:
    write("playbook.yaml", MAIN + "tone:\n  max_char: 90\n")
    assert only_problem(folder).startswith("playbook.yaml:11:3: unknown key 'max_char'; ")


def test_unknown_key_deep_in_an_intent_file(folder: Path, write: Write) -> None:
    write("intents/order_status.yaml", INTENT + "    whem: {}\n")
    assert only_problem(folder).startswith(
        "intents/order_status.yaml:9:5: unknown key 'whem'; take it out"
    )


def test_wrong_yaml_is_told_with_its_place(folder: Path, write: Write) -> None:
    write("intents/order_status.yaml", "description: [open\nmode: autonomous\n")
    assert only_problem(folder).startswith("intents/order_status.yaml:2:5: not YAML: ")


def test_all_problems_are_told_at_once(folder: Path, write: Write) -> None:
    write("playbook.yaml", MAIN.replace("type: money", "type: cash"))
    write("articles/returns.md", b"---\ntitle: Returns\n---\nR\xfcckgabe\n")
    write("intents/late.yaml", "description: late\nmode: loud\nexamples: [one]\n")
    with pytest.raises(PlaybookError) as caught:
        load_release(folder)
    told = caught.value.message
    assert "articles/returns.md:4:2: byte 0xfc is not UTF-8; save the file as UTF-8" in told
    assert "playbook.yaml:8:15: records.order.fields.total.type: 'cash' is not possible" in told
    assert "intents/late.yaml:2:1: intents.late.mode: 'loud' is not possible" in told
    assert "intents/late.yaml:3:1: intents.late.examples: " in told
    assert len(caught.value.details["problems"]) == 4
    assert {"file", "line", "column", "message"} == set(caught.value.details["problems"][0])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{{order.total}}", "{{order.totl}}", "no field 'totl' in records of kind 'order'; did"),
        ("{{order.total}}", "{{parcel.total}}", "no record kind 'parcel' supplies 'total'"),
        ("{{order.total}}", "{{customer.nme}}", "customer has no field 'nme'; did you mean"),
        ("{{order.total}}", "{{order.note}}", "order.note is not for customers; take it out"),
        ("{{order.total}}", "{{total}}", "'total' names no source; write {{kind.field}}"),
        ("{{order.total}}", "{{order.total}", "a field is written wrongly; write {{kind.field}}"),
        ("order.status: shipped", "order.state: shipped", "no record field 'order.state'; did you"),
        ("mode: autonomous", "mode: autonomous\nneeds: [oder]", "no record kind 'oder'; did you"),
        ("mode: autonomous", "mode: autonomous\nabout: {order.x: y}", "no record field 'order.x'"),
        ("mode: autonomous", "mode: autonomous\narticles: [retuns]", "no article 'retuns'; did"),
        ("mode: autonomous", "mode: autonomous\nmode: shadow", "'mode' is written twice; remove"),
        ("mode: autonomous\n", "", "intents.order_status.mode is missing; add it"),
        ("mode: autonomous", "mode: &m autonomous\nrisk: *m", "aliases (*name) are not read"),
    ],
)
def test_what_does_not_exist_is_told(
    folder: Path, write: Write, old: str, new: str, expected: str
) -> None:
    write("intents/order_status.yaml", INTENT.replace(old, new))
    told = [str(problem) for problem in check_playbook(folder)]
    assert any(expected in line for line in told), told
    assert all(line.startswith("intents/order_status.yaml:") for line in told)


def test_templates_of_an_unknown_intent_are_told(folder: Path, write: Write) -> None:
    write("templates/order_statsu.yaml", "- text: Hello.\n")
    assert only_problem(folder) == (
        "templates/order_statsu.yaml:1:1: no intent 'order_statsu' for these templates; "
        "did you mean 'order_status'?"
    )


def test_template_files_add_to_their_intent(folder: Path, write: Write) -> None:
    write("templates/order_status.yaml", "- text: We look into it.\n")
    assert len(load_release(folder).playbook.intents["order_status"].templates) == 2
    write("templates/order_status.yaml", "- text: We look into it.\n- text: '{{order.x}}'\n")
    assert only_problem(folder).startswith("templates/order_status.yaml:2:3: field {{order.x}}: ")


def test_repeated_example_is_told(folder: Path, write: Write) -> None:
    write(
        "intents/late.yaml",
        "description: late\nmode: shadow\nexamples:\n  - It is late\n  - has it  SHIPPED?\n",
    )
    # Folders are read in order of name, so the later file is the one that repeats.
    assert "is an example of 'late' too; keep it in one of them" in only_problem(folder)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("No front matter.\n", "articles/returns.md:1:1: no front matter; begin with '---'"),
        ("---\ntitle: A\n---\n", "articles/returns.md:1:1: the article has no text"),
        ("---\ntitel: A\n---\nText.\n", "articles/returns.md:2:1: unknown key 'titel'"),
        ("---\nlanguage: en\n---\nText.\n", "articles/returns.md:2:1: title is missing; add it"),
        ("---\ntitle: [A\n---\nText.\n", "articles/returns.md:3:1: not YAML: "),
    ],
)
def test_faulty_articles_are_told(folder: Path, write: Write, content: str, expected: str) -> None:
    write("articles/returns.md", content)
    assert expected in "\n".join(str(problem) for problem in check_playbook(folder))


def test_misnamed_files_are_told(folder: Path, write: Write) -> None:
    write("intents/late.yml", "description: late\n")
    assert only_problem(folder).startswith("intents/late.yml:1:1: this file is not read; rename")


def test_folder_without_a_playbook(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match=r"there is no playbook\.yaml in .*; write one"):
        load_release(tmp_path)


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "just words", b"\xff\xfe", "intents: 3\n"])
def test_odd_main_files_never_raise_anything_else(
    folder: Path, write: Write, content: str | bytes
) -> None:
    write("playbook.yaml", content)
    assert check_playbook(folder)


def test_demo_shop_is_sound_and_shows_all_modes() -> None:
    release = load_release(demo_path())
    intents = release.playbook.intents
    assert len(intents) >= 12
    assert {intent.mode for intent in intents.values()} == {
        "shadow",
        "collaborative",
        "supervised",
        "autonomous",
    }
    assert all(12 <= len(intent.examples) <= 25 for intent in intents.values())
    assert len(release.articles) >= 10
    assert sum(article.internal for article in release.articles) == 1


def test_demo_people_are_plainly_made_up() -> None:
    customers, records = read_data(demo_path(), load_release(demo_path()).playbook)
    assert len(customers) >= 24
    assert len(records) >= len(customers)
    assert all((c.email or "").endswith(("@example.com", "@example.org")) for c in customers)
    assert all((c.phone or "").startswith("+1 202-555-01") for c in customers)
    assert {r.fields["status"].value for r in records} >= {"processing", "shipped", "delivered"}


TEAMS = """\
holding_reply: We are working on it.
teams:
  support: {fallback: {other_team: claims}}
  claims: {fallback: {other_team: leads}, remind_minutes: 10}
  leads: {fallback: holding_reply}
"""


def test_teams_with_fallbacks_load(folder: Path, write: Write) -> None:
    write("playbook.yaml", MAIN + TEAMS)
    write("intents/order_status.yaml", INTENT + "team: leads\n")
    playbook = load_release(folder).playbook
    assert playbook.team_named("leads")[1].fallback == "holding_reply"
    assert playbook.team_named("gone")[0] == "support"


def test_a_chain_of_teams_must_not_loop(folder: Path, write: Write) -> None:
    looped = TEAMS.replace(
        "leads: {fallback: holding_reply}", "leads: {fallback: {other_team: claims}}"
    )
    write("playbook.yaml", MAIN + looped)
    told = [str(problem) for problem in check_playbook(folder)]
    assert len(told) == 2
    assert "from claims to leads to claims for ever; end with keep_waiting" in told[0]
    assert "from leads to claims to leads" in told[1]
    write("playbook.yaml", MAIN + "teams:\n  solo: {fallback: {other_team: solo}}\n")
    assert only_problem(folder).startswith(
        "playbook.yaml:11:10: reviews would go from solo to solo"
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("other_team: leads", "other_team: lead", "no team 'lead'; "),
        ("We are working on it.", "''", "there is no holding_reply to send"),
        ("working on it", "at it, {{brand.name}}", "no fields; write plain words"),
        ("remind_minutes: 10", "remind_minutes: 30", "must be below review_minutes"),
        ("fallback: holding_reply", "fallback: holding", "'holding' is not possible"),
    ],
)
def test_what_is_wrong_with_teams_is_told(
    folder: Path, write: Write, before: str, after: str, told: str
) -> None:
    write("playbook.yaml", MAIN + TEAMS.replace(before, after))
    assert told in only_problem(folder)


def test_an_intent_names_a_team_that_is_there(folder: Path, write: Write) -> None:
    write("intents/order_status.yaml", INTENT + "team: sales\n")
    assert "intents/order_status.yaml:9:1: no team 'sales'" in only_problem(folder)


@pytest.mark.parametrize("length", [1, 100_000], ids=["kept", "too long to keep"])
def test_what_is_read_again_is_whole_whatever_was_done_to_it_before(length: int) -> None:
    data = b"items:\n  - {name: lamp}\ntwice: 1\ntwice: 2\n#" + b"x" * length
    first, untouched = read_yaml(data, "a.yaml"), read_yaml(data, "a.yaml")
    first.value["items"][0]["name"] = "chair"
    first.places.clear()
    first.problems.clear()
    assert read_yaml(data, "a.yaml") == untouched != first
    assert [problem.file for problem in read_yaml(data, "b.yaml").problems] == ["b.yaml"]
