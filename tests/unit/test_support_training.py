"""A scorer is trained on approved replies and what is made of them, stored, and judges by it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from handrail.core.conversation import Passage
from handrail.core.drafting import Draft
from handrail.core.errors import CheckDefinitionError
from handrail.guardrails import support_training
from handrail.guardrails.claim_features import Ground, measure_reply
from handrail.guardrails.claims import split_claims
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.fact_grounded import fact_grounded
from handrail.guardrails.reading import Reading, Source
from handrail.guardrails.suite import CheckSuite
from handrail.guardrails.support_examples import SNAPSHOT, Approved, corrupt
from handrail.guardrails.support_scorer import SupportScorer, read_scorer, shipped_scorer
from handrail.guardrails.support_training import train
from handrail.playbook.models import Brand, Intent, Playbook, Release

SUBJECTS = {
    "parcel": "A parcel takes three days to arrive at your door.",
    "garden": "The garden behind our house closes when it rains.",
    "refund": "A refund goes back to the card you paid with.",
    "coffee": "Coffee is served all morning beside the lounge.",
    "ticket": "Your ticket is valid on every train of that line.",
    "towels": "Fresh towels are put into the bathroom each evening.",
}
APPROVED = [
    Approved(f"{opening} {text} {ending}", (f"About the {name}\n{text}",), name)
    for name, text in SUBJECTS.items()
    for opening in ("Good question.", "Gladly.", "Yes.")
    for ending in ("I hope that answers it.", "Have a lovely day.", "")
]

RELEASE = Release(
    id="rel_1",
    name="one",
    playbook=Playbook(
        brand=Brand(name="Desk"),
        intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
    ),
    articles=(),
)


@pytest.fixture(scope="module")
def own() -> SupportScorer:
    return train(list(corrupt(APPROVED)), data="made up", false_alarm=0.1).scorer


def test_corruptions_say_what_is_wrong_with_them() -> None:
    examples = list(corrupt(APPROVED))
    assert examples == list(corrupt(APPROVED))
    for untouched, added, misplaced in zip(*[iter(examples)] * 3, strict=True):
        assert untouched.unsupported == ()
        ((start, end),) = added.unsupported
        assert added.text[start:end] not in untouched.text
        assert not any(added.text[start:end] in text for text in untouched.evidence)
        assert misplaced.evidence != untouched.evidence
        assert misplaced.unsupported


async def test_a_scorer_of_ones_own_judges(own: SupportScorer, tmp_path: Path) -> None:
    file = tmp_path / "scorer.json"
    file.write_text(own.model_dump_json(), encoding="utf-8")
    assert read_scorer(file) == own
    suite = CheckSuite(RELEASE, scorer=read_scorer(file), checks=[fact_grounded])
    text = "Gladly. Coffee is served all morning beside the lounge. A refund goes to your card."
    passage = Passage(id="c#1", article_id="c", title="Coffee", text=SUBJECTS["coffee"])
    checked = await suite.verify(
        Draft(id="d", text=text, source="model", passages=(passage,)),
        SNAPSHOT, mode="autonomous", intent=None, text="", repair=False,
    )  # fmt: skip
    flagged = [text[f.start : f.end] for f in checked.verdict.report.findings]
    assert flagged == ["A refund goes to your card."]


def test_a_file_that_is_no_scorer_is_refused_with_the_mend(tmp_path: Path) -> None:
    file = tmp_path / "scorer.json"
    for content in ("{}", "no json"):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(CheckDefinitionError, match=r"handrail\.guardrails\.support_training"):
            read_scorer(file)
    with pytest.raises(CheckDefinitionError, match="FileNotFoundError"):
        read_scorer(tmp_path / "nowhere.json")


def test_the_shipped_scorer_names_its_data() -> None:
    scorer = shipped_scorer()
    assert "NOTICE" in scorer.data
    assert 0 < scorer.threshold < 1
    assert len(scorer.centre) == len(scorer.weights)


def test_the_command_writes_a_scorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replies, scorer = tmp_path / "approved.jsonl", tmp_path / "scorer.json"
    lines = [json.dumps({"reply": one.reply, "evidence": one.evidence, "subject": one.subject})
             for one in APPROVED]  # fmt: skip
    replies.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["support_training", str(replies), str(scorer)])
    support_training.main()
    assert read_scorer(scorer).data == f"{len(APPROVED)} replies of approved.jsonl"


def labelled(*, wrong: bool) -> list[dict[str, object]]:
    """Rows as people label them: a sentence that names the wrong passage is marked."""
    rows: list[dict[str, object]] = []
    for name, text in SUBJECTS.items():
        for other, beside in SUBJECTS.items():
            if name != other:
                reply = f"Passage {1 + wrong} says: {text}"
                spans = [[0, len(reply)]] if wrong else []
                rows.append({"reply": reply, "evidence": [text, beside], "subject": name,
                             "said": name, "unsupported": spans})  # fmt: skip
    return rows


async def test_the_command_learns_from_labels_what_no_new_word_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies, recent, written = (tmp_path / name for name in ("replies", "recent", "scorer.json"))
    rows = [*labelled(wrong=True), *labelled(wrong=False)]
    replies.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    recent.write_text("\n".join(map(json.dumps, rows[10:])), encoding="utf-8")
    arguments = ["support_training", str(replies), str(written)]
    monkeypatch.setattr(sys, "argv", [*arguments, "--recent", str(recent)])
    support_training.main()
    text, beside = SUBJECTS["garden"], SUBJECTS["towels"]
    found = tuple(
        Passage(id=f"a#{n}", article_id="a", title="", text=one)
        for n, one in enumerate((text, beside))
    )
    suite = CheckSuite(RELEASE, scorer=read_scorer(written), checks=[fact_grounded])
    for number, flagged in ((1, False), (2, True)):
        draft = Draft(id="d", text=f"Passage {number} says: {text}", source="model", passages=found)
        checked = await suite.verify(
            draft, SNAPSHOT, mode="autonomous", intent=None, text="", repair=False
        )
        assert bool(checked.verdict.report.findings) is flagged


def measured(text: str, *evidence: str) -> dict[str, float]:
    sources = [Source(f"e#{number}", Reading(one)) for number, one in enumerate(evidence)]
    ground = Ground(Evidence(SNAPSHOT, sources), (), "")
    return measure_reply(text, split_claims(text), ground)[0].figures


def test_words_written_apart_and_together_meet() -> None:
    assert measured("We have highchairs.", "There are high chairs here.")["coverage"] == 1
    assert measured("We have high chairs.", "Highchairs are here.")["coverage"] == 1
    assert measured("We have high chairs.", "Tables are here.")["coverage"] == 0


def test_what_is_scattered_is_told_from_what_stands_together() -> None:
    text = "Lamps return within thirty days."
    together = measured(text, "Lamps return within thirty days.", "Nothing else.")
    scattered = measured(text, "Lamps glow. Thirty people work here. Return it in days.")
    assert together["coverage"] == scattered["coverage"] == 1
    assert together["sentence"] == 1
    assert scattered["sentence"] < 1


def test_a_scorer_of_other_figures_is_refused(tmp_path: Path) -> None:
    written = tmp_path / "scorer.json"
    features = (*shipped_scorer().features[:-1], "rhymes")
    other = shipped_scorer().model_copy(update={"features": features})
    written.write_text(other.model_dump_json(), encoding="utf-8")
    with pytest.raises(CheckDefinitionError, match=r"not measured \(rhymes\).*support_training"):
        read_scorer(written)


ONE = {"reply": "a", "evidence": ["b"], "subject": "c"}


@pytest.mark.parametrize(
    ("line", "recent", "told"),
    [
        ("no json", False, ":1: this is no JSON"),
        ('{"reply": "Yes."}', False, ":1: a line is an object like"),
        ("[]", False, ":1: a line is an object like"),
        (json.dumps(ONE), False, "add replies of other subjects"),
        (json.dumps(ONE), True, "unsupported spans"),
        (json.dumps(ONE | {"unsupported": []}), True, "some must be wrong"),
        (json.dumps(ONE | {"unsupported": [[0, 1]]}), True, "some must be wrong"),
    ],
)
def test_a_file_that_cannot_be_learnt_from_says_why(
    line: str,
    recent: bool,
    told: str,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    replies, scorer = tmp_path / "replies.jsonl", tmp_path / "scorer.json"
    replies.write_text(line, encoding="utf-8")
    more = ["--recent", str(replies)] if recent else []
    monkeypatch.setattr(sys, "argv", ["support_training", str(replies), str(scorer), *more])
    with pytest.raises(SystemExit) as ended:
        support_training.main()
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
    assert not scorer.exists()
