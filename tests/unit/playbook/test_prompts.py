"""A playbook's own prompts belong to its release, and what is wrong in them is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from handrail.core.errors import PlaybookError
from handrail.language.prompt import prompt_texts
from handrail.playbook.loading import check_playbook, demo_path, load_release
from handrail.playbook.prompts import PROMPTS

OWN = "Data stands between {{fence}} and {{ fence }}.\n{{evidence}}\n{{notes}}\nA brace: {x}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(demo_path(), tmp_path / "shop")
    (tmp_path / "shop" / "prompts").mkdir()
    return tmp_path / "shop"


def test_a_prompt_is_part_of_the_release(folder: Path) -> None:
    without = load_release(folder)
    assert without.prompts == {}
    (folder / "prompts" / "reply.md").write_text(OWN)
    release = load_release(folder)
    assert release.prompts == {"reply": OWN}
    assert release.id != without.id
    (folder / "prompts" / "reply.md").write_text(OWN + "Be kind.")
    assert load_release(folder).id not in (release.id, without.id)


def test_prompts_of_ours_have_the_fields_they_need() -> None:
    texts = prompt_texts(load_release(demo_path()))
    for name, form in PROMPTS.items():
        for field in form.fields:
            assert f"{{{{{field}}}}}" in texts[name]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("reply", OWN + "a {{evidense}}", "5:3: 'evidense' is unknown here; did you mean 'evid"),
        ("reply", OWN + "{{order.total}}", "5:1: 'order.total' is unknown here; there is brand"),
        ("reply", OWN + "{{ two words }}", "5:1: a field is written wrongly; write {{name}}"),
        ("reply", OWN + "notes}}", "5:6: a field is written wrongly; write {{name}}"),
        ("reply", OWN + "{{limits|limit|limits}}", "5:1: a field is written wrongly"),
        ("reply", "{{evidence}} {{notes}}", "1:1: the field {{fence}} is missing; put it in"),
        ("reply", "", "1:1: the field {{evidence}} is missing; put it in"),
        ("summary", "{{fence}} {{notes}}", "1:11: 'notes' is unknown here; there is brand, "),
        ("repli", OWN, "1:1: no prompt is called 'repli'; did you mean 'reply'?"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    folder: Path, name: str, text: str, message: str
) -> None:
    (folder / "prompts" / f"{name}.md").write_text(text)
    assert f"prompts/{name}.md:{message}" in "\n".join(map(str, check_playbook(folder)))
    with pytest.raises(PlaybookError):
        load_release(folder)


def test_other_files_and_bytes_are_told(folder: Path) -> None:
    (folder / "prompts" / "reply.md").write_bytes(b"\xff{{fence}}")
    (folder / "prompts" / "summary.txt").write_text("{{fence}}")
    told = {problem.file: problem.message for problem in check_playbook(folder)}
    assert told.keys() == {"prompts/reply.md", "prompts/summary.txt"}
    assert "byte 0xff is not UTF-8" in told["prompts/reply.md"]
    assert "this file is not read" in told["prompts/summary.txt"]
