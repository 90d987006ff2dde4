"""Playbooks in several languages: what loads, what is told, what is stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from handrail.playbook.loading import (
    check_playbook,
    demo_path,
    find_untranslated,
    load_release,
    release_id,
)
from handrail.playbook.models import Release

Write = Callable[[str, str], None]

SPANISH = {
    "playbook.yaml": """\
brand:
  name: Small shop
  languages: [en, es]
records:
  order:
    label: order
    fields:
      status: {type: status}
      total: {type: money}
""",
    "intents/order_status.yaml": """\
description: {en: where an order is, es: dónde está un pedido}
mode: autonomous
examples:
  - Where is my order?
  - Has it shipped?
translated_examples:
  es: [¿Dónde está mi pedido?]
templates:
  - when: {order.status: shipped}
    text:
      en: Order {{order.id}} over {{order.total}} has left us.
      es:
        plain: El pedido {{order.id}} ha salido.
        formal: Su pedido {{order.id}} ha salido.
    next_step: {en: Please wait., es: Espera.}
""",
}


@pytest.fixture
def spanish(folder: Path) -> Write:
    """Writes the small playbook with something replaced."""

    def put(old: str, new: str) -> None:
        assert any(old in text for text in SPANISH.values())
        for name, text in SPANISH.items():
            (folder / name).write_text(text.replace(old, new), encoding="utf-8")

    return put


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the playbook stands."""
    (tmp_path / "intents").mkdir()
    return tmp_path


def test_a_playbook_in_two_languages_loads(folder: Path, spanish: Write) -> None:
    spanish("brand:", "brand:")
    playbook = load_release(folder).playbook
    assert playbook.examples_in("es") == [("¿Dónde está mi pedido?", "order_status")]
    assert playbook.brand.answers_in("es-MX") == "es"
    assert playbook.brand.answers_in("fr") == playbook.brand.answers_in(None) == "en"


def test_what_is_not_in_every_language_is_told_and_is_no_mistake(
    folder: Path, spanish: Write
) -> None:
    spanish("brand:", "brand:")
    told = {str(problem) for problem in find_untranslated(folder)}
    assert "playbook.yaml:6:5: not written in es" in told  # the label of an order
    spanish("{en: Please wait., es: Espera.}", "Please wait.")
    assert check_playbook(folder) == []
    more = {str(problem) for problem in find_untranslated(folder)} - told
    assert more == {"intents/order_status.yaml:15:5: not written in es"}
    spanish("translated_examples:\n  es: [¿Dónde está mi pedido?]\n", "")
    more = {str(problem) for problem in find_untranslated(folder)} - told
    assert more == {"intents/order_status.yaml:3:1: no examples in es"}


def test_the_demo_is_written_in_both_languages() -> None:
    assert find_untranslated(demo_path()) == []


def test_a_release_in_several_languages_is_stored_whole() -> None:
    release = load_release(demo_path())
    stored = Release.model_validate(json.loads(json.dumps(release.model_dump(mode="json"))))
    assert stored == release
    assert release_id(stored.playbook, stored.articles) == release.id


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("      es:\n        plain", "      fr:\n        plain", "12:7: the brand does not answer"),
        ("formal: Su", "fromal: Su", "14:9: 'fromal' is no language, style or channel"),
        ("Su pedido {{order.id}}", "Su pedido {{order.idd}}", "14:9: field {{order.idd}}: "),
        ("Su pedido {{order.id}}", "Su pedido {{order.id}", "14:9: not YAML|14:9: a field is"),
        (
            "Su pedido {{order.id}}",
            "{{order.total|a|b}}",
            "14:9: order.total is no number|not YAML",
        ),
        ("{en: Please wait., es: Espera.}", "{en: Please wait., it: Attendi.}", "15:35: the brand"),
        ("  es: [¿", "  fr: [¿", "7:3: the brand does not answer in 'fr'; "),
        ("  es: [¿", "  en: [¿", "7:3: this is the first language; write these under examples"),
        ("[¿Dónde está mi pedido?]", "'x'", "7:3: "),
        ("plain: El", "en: El", "not of one kind"),
        ("    next_step", "    apology: true\n    next_step", "15:5: there is no apology to say"),
        ("{en: where an order is, es: dónde", "{en: where an order is, de: dónde", "1:38: the br"),
        ("es: Espera.}", "es: 5}", "15:5: "),
    ],
)
def test_wrong_wordings_are_told_at_their_place(
    folder: Path, spanish: Write, old: str, new: str, told: str
) -> None:
    spanish(old, new)
    said = "\n".join(str(problem) for problem in check_playbook(folder))
    assert any(option in said for option in told.split("|") if len(option) > 4), said
