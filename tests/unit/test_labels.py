"""The desk names what the playbook defines in the reader's language."""

from __future__ import annotations

import pytest

from handrail.core.conversation import FieldValue
from handrail.desk.labels import Labels, labels_for
from handrail.playbook.loading import demo_path, load_release

PLAYBOOK = load_release(demo_path()).playbook
ENGLISH, SPANISH = Labels(PLAYBOOK, "en"), Labels(PLAYBOOK, "es")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("de-DE,de;q=0.9,en;q=0.5,es;q=0.7", "es"),
        ("fr", "en"),
        ("es;q=0, en;q=0.1", "en"),
        ("en;q=0.5, es", "es"),
        (";q=abc,,es;q=x,\x00;;", "en"),
        ("es;q=\u0665", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_browser_says_which_language(accepted: str, language: str) -> None:
    assert labels_for(PLAYBOOK, accepted).language == language


def test_names_are_told_in_the_readers_language() -> None:
    status = FieldValue(type="status", value="out_for_delivery")
    for labels, expected in (
        (ENGLISH, ("cancel order", "claims", "order", "placed at", "out for delivery")),
        (SPANISH, ("la cancelación de un pedido", "reclamaciones", "pedido", "pedido el",
                   "en reparto")),
    ):  # fmt: skip
        found = (
            labels.intent("cancel_order"),
            labels.team("claims"),
            labels.kind("order"),
            labels.field("order", "placed_at"),
            labels.value("order", "status", status),
        )
        assert found == expected


def test_what_the_playbook_does_not_know_is_called_by_its_name() -> None:
    text = FieldValue(type="text", value="un_known")
    assert SPANISH.intent("gone_intent") == "gone intent"
    assert SPANISH.team("gone") == "gone"
    assert SPANISH.kind("gift_card") == "gift card"
    assert SPANISH.field("order", "new_field") == "new field"
    assert SPANISH.value("order", "status", text) == "un_known"
    assert SPANISH.value("gone", "status", text) == "un_known"


def test_internal_values_stay_inside() -> None:
    note = FieldValue(type="text", value="processing", visibility="internal")
    assert SPANISH.value("order", "status", note) == "••••"
