"""Articles are read strictly, taken over from folders, and compared with each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from handrail.core.errors import ImportDataError
from handrail.playbook.article_checks import check_articles
from handrail.playbook.article_import import prepare_import, write_articles
from handrail.playbook.articles import MOST_BYTES, read_article
from handrail.playbook.loading import demo_path

TODAY = date(2026, 3, 1)
Put = Callable[..., None]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes an article of the playbook in ``tmp_path``."""

    def write(name: str, body: str, **front: object) -> None:
        folder = tmp_path / "articles"
        folder.mkdir(exist_ok=True)
        lines = [f"{key}: {value}" for key, value in {"title": name, **front}.items()]
        text = "\n".join(["---", *lines, "---", body])
        (folder / f"{name}.md").write_text(text, encoding="utf-8")

    return write


def told(folder: Path) -> list[str]:
    return [str(problem) for problem in check_articles(folder, TODAY)]


def test_everything_in_the_front_matter() -> None:
    text = (
        "---\ntitle: Club\nlanguage: es\naudience: [gold, silver]\nvalid_from: 2026-01-01\n"
        "valid_to: 2026-12-31\nreview_by: 2026-06-30\ninternal: true\n---\nHola."
    )
    article, problems = read_article(text.encode(), "articles/club.es.md", "club.es")
    assert not problems
    assert article is not None
    assert (article.topic, article.audience) == ("club", ("gold", "silver"))
    assert article.holds_on(date(2026, 1, 1))
    assert article.holds_on(date(2026, 12, 31))
    assert not article.holds_on(date(2027, 1, 1))
    assert not article.holds_on(date(2025, 12, 31))


def test_the_name_gives_the_language() -> None:
    article, _ = read_article(b"---\ntitle: T\n---\nHola.", "articles/club.es.md", "club.es")
    assert article is not None
    assert article.language == "es"


@pytest.mark.parametrize(
    ("data", "article_id", "message"),
    [
        (b"---\ntitle: T\nlanguage: en\n---\nx", "club.es", "a.md:3:1: the file's name says 'es'"),
        (b"---\ntitle: T\nvalid_to: soon\n---\nx", "a", "a.md:3:1: valid_to: input should be"),
        (
            b"---\ntitle: T\nvalid_from: 2026-02-01\nvalid_to: 2026-01-01\n---\nx",
            "a",
            "valid_to is before valid_from",
        ),
        (b"---\ntitle: caf\xe9\n---\nx", "a", "a.md:2:11: byte 0xe9 is not UTF-8; save the file"),
        ("---\ntitle: T\n---\nx".encode("utf-16"), "a", "is not UTF-8; save the file as UTF-8"),
        (b"x" * (MOST_BYTES + 1), "a", "a.md:1:1: the article has 500,001 bytes"),
        (b"---\ntitle: T\n---\n \n", "a", "the article has no text"),
    ],
)
def test_a_wrong_article_is_told_with_the_mend(data: bytes, article_id: str, message: str) -> None:
    article, problems = read_article(data, "a.md", article_id)
    assert article is None
    assert message in " ".join(str(problem) for problem in problems)


def test_the_demo_needs_no_care() -> None:
    assert check_articles(demo_path(), TODAY) == []


def test_what_is_out_of_date(put: Put, tmp_path: Path) -> None:
    put("sale", "Twenty percent off all tents.", valid_to="2026-02-28")
    put("club", "Members get points for orders.", review_by="2026-02-01")
    put("next", "Points count double in May.", valid_from="2026-05-01", review_by="2026-06-01")
    put("last_day", "Open until this evening.", valid_to="2026-03-01", review_by="2026-03-01")
    assert told(tmp_path) == [
        (
            "articles/club.md:1:1: was to be reviewed by 2026-02-01; "
            "read it again and set review_by anew"
        ),
        "articles/sale.md:1:1: not valid since 2026-02-28; renew valid_to or take the article out",
    ]


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ("Returns are free for 14 days after delivery.", "says 14 where articles/a.md:6 says 30"),
        ("returns are free for thirty days after delivery", None),
        ("Returns are not free for 30 days after delivery.", "says the opposite of"),
        ("Returns are free for 30 days after delivery.", None),
        ("Exchanges are free for 14 days after delivery.", None),
        ("Free!", None),
    ],
)
def test_sentences_that_contradict(put: Put, tmp_path: Path, other: str, what: str | None) -> None:
    put("a", "## Time\n\nReturns are free for 30 days after delivery. Keep the box.")
    put("b", f"Welcome.\n\n{other}", language="en")
    found = told(tmp_path)
    assert [message for message in found if what and what in message] == (found if what else [])
    assert len(found) == (1 if what else 0), found
    assert all(message.startswith("articles/b.md:7:1: ") for message in found)


def test_spelled_numbers_are_compared(put: Put, tmp_path: Path) -> None:
    put("a", "All tents carry a warranty of five years.")
    put("b", "All tents carry a warranty of two years.")
    assert "says two where articles/a.md:4 says five" in told(tmp_path)[0]


@pytest.mark.parametrize(
    ("first", "second", "problems"),
    [
        ({"valid_to": "2026-04-30"}, {"valid_from": "2026-05-01"}, 0),
        ({"valid_to": "2026-05-01"}, {"valid_from": "2026-05-01"}, 1),
        ({"audience": "[gold]"}, {"audience": "[silver]"}, 0),
        ({"audience": "[gold]"}, {}, 1),
        ({"language": "en"}, {"language": "es"}, 0),
        ({"internal": "true"}, {}, 1),
    ],
)
def test_only_what_one_customer_can_be_shown_contradicts(
    put: Put, tmp_path: Path, first: dict[str, str], second: dict[str, str], problems: int
) -> None:
    put("a", "Express shipping costs 12.90 dollars.", **first)
    put("b", "Express shipping costs 14.90 dollars.", **second)
    assert len(told(tmp_path)) == problems


def test_one_title_twice(put: Put, tmp_path: Path) -> None:
    put("a", "How long it takes.", title="Shipping")
    put("b", "What it costs.", title="'shipping '")
    put("c", "Otra cosa.", title="Shipping", language="es")
    assert told(tmp_path) == [
        "articles/b.md:1:1: has the title of articles/a.md; merge them or rename one"
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "given"
    (made / "club").mkdir(parents=True)
    (made / "club" / "Gold Members.md").write_text('# The "gold" club\n\nPoints count.\n')
    (made / "returns.es.md").write_text("Treinta días.\n", encoding="utf-8")
    (made / "own.markdown").write_text("---\ntitle: Own\ninternal: true\n---\nText.\n")
    (made / "picture.png").write_bytes(b"\x89PNG")
    return made


def test_a_folder_becomes_articles(folder: Path, tmp_path: Path) -> None:
    ready, problems = prepare_import(folder, tmp_path)
    assert not problems
    assert [(one.file, one.id, one.state) for one in ready] == [
        ("club/Gold Members.md", "club-gold-members", "new"),
        ("own.markdown", "own", "new"),
        ("returns.es.md", "returns.es", "new"),
    ]
    write_articles(ready, tmp_path)
    articles = {
        path.stem: read_article(path.read_bytes(), path.name, path.stem)[0]
        for path in (tmp_path / "articles").iterdir()
    }
    titles = {name: article and article.title for name, article in articles.items()}
    assert titles == {
        "club-gold-members": 'The "gold" club',
        "own": "Own",
        "returns.es": "Returns",
    }
    again, _ = prepare_import(folder, tmp_path)
    assert {one.state for one in again} == {"same"}
    (folder / "returns.es.md").write_text("Catorce días.\n", encoding="utf-8")
    changed, _ = prepare_import(folder, tmp_path)
    assert [one.id for one in changed if one.state == "changed"] == ["returns.es"]


def test_a_language_for_all_files(folder: Path, tmp_path: Path) -> None:
    ready, problems = prepare_import(folder, tmp_path, "es")
    assert not problems
    assert {one.id for one in ready} == {"club-gold-members.es", "own.es", "returns.es"}


def test_files_that_cannot_be_taken_are_all_told(folder: Path, tmp_path: Path) -> None:
    (folder / "club-gold-members.md").write_text("Something else.")
    (folder / "wrong.md").write_bytes(b"caf\xe9")
    (folder / "big.md").write_bytes(b"a" * (MOST_BYTES + 1))
    _, problems = prepare_import(folder, tmp_path)
    assert sorted(problem.file for problem in problems) == [
        "big.md",
        "club-gold-members.md",
        "wrong.md",
    ]


def test_a_folder_without_articles(tmp_path: Path) -> None:
    with pytest.raises(ImportDataError, match="name another folder"):
        prepare_import(tmp_path, tmp_path)
