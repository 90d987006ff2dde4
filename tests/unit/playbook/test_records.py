"""Files of customers and records become typed values; what is wrong is told by line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.conversation import FieldType
from handrail.core.errors import ImportDataError
from handrail.playbook.models import Brand, Intent, Playbook, RecordField, RecordKind
from handrail.playbook.records import (
    read_actions,
    read_customers,
    read_data,
    read_folder_actions,
    read_records,
)
from handrail.playbook.values import typed_value

TODAY = date(2026, 1, 5)
PLAYBOOK = Playbook(
    brand=Brand(name="Small shop", currency="USD"),
    intents={"hello": Intent(description="x", examples=("a", "b"), mode="shadow")},
    records={
        "order": RecordKind(
            label="order",
            fields={
                "total": RecordField(type="money"),
                "placed_at": RecordField(type="date"),
                "gift": RecordField(type="boolean"),
                "note": RecordField(type="text", visibility="internal"),
            },
        )
    },
)


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_records_are_typed_as_the_playbook_says(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        "records.yaml",
        "- kind: order\n  id: W1\n  customer_id: c1\n"
        "  fields: {total: 89.9, placed_at: today-3, gift: true, note: fragile}\n",
    )
    (record,) = read_records(path, PLAYBOOK, today=TODAY).strict()
    assert (record.fields["total"].value, record.fields["total"].currency) == ("89.90", "USD")
    assert record.fields["placed_at"].value == "2026-01-02"
    assert record.fields["gift"].value is True
    assert record.fields["note"].visibility == "internal"


def test_money_may_name_its_own_currency(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        "records.jsonl",
        '{"kind":"order","id":"W1","customer_id":"c1",'
        '"fields":{"total":{"value":1200,"currency":"JPY"}}}\n',
    )
    (record,) = read_records(path, PLAYBOOK).strict()
    assert (record.fields["total"].value, record.fields["total"].currency) == ("1200", "JPY")


def test_bad_lines_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        "records.jsonl",
        '{"kind":"order","id":"W1","customer_id":"c1","fields":{"total":"x"}}\n'
        "not json\n\n"
        '{"kind":"order","id":"W2","customer_id":"c1","fields":{"total":"5"}}\n'
        '{"kind":"odrer","id":"W3","customer_id":"c1","fields":{}}\n'
        '{"kind":"order","id":"W4","customer_id":"c1","fields":{"ttal":1}}\n'
        '{"kind":"order","customer_id":"c1","fields":{}}\n'
        '{"kind":"order","id":"W5","customer_id":"c1","fields":{"gift":"yes","placed_at":"soon"}}\n',
    )
    found = read_records(path, PLAYBOOK)
    assert [record.id for record in found.items] == ["W2"]
    told = [str(problem) for problem in found.problems]
    assert told[0].startswith("records.jsonl:1:1: total: 'x' is no number below")
    assert told[1].startswith("records.jsonl:2:1: not JSON: ")
    assert told[2] == "records.jsonl:5:1: no record kind 'odrer'; did you mean 'order'?"
    assert told[3].startswith("records.jsonl:6:1: ttal: unknown field; did you mean 'total'?")
    assert told[4] == "records.jsonl:7:1: id is missing; add it"
    assert {line.split(": ")[1] for line in told[5:]} == {"gift", "placed_at"}
    with pytest.raises(ImportDataError, match=r"7 entry\(s\) cannot be imported"):
        found.strict()


def test_faults_in_yaml_name_line_and_column(tmp_path: Path) -> None:
    path = file(tmp_path, "customers.yaml", "- id: c1\n  name: Ada\n- id: c2\n  nam: Bo\n")
    found = read_customers(path)
    assert [customer.id for customer in found.items] == ["c1"]
    assert str(found.problems[0]).startswith("customers.yaml:4:3: unknown key 'nam'")


def test_a_day_alone_is_a_moment_in_utc(tmp_path: Path) -> None:
    path = file(tmp_path, "customers.yaml", '- {id: c1, since: "2020-03-01"}\n')
    (customer,) = read_customers(path).strict()
    assert customer.since is not None
    assert customer.since.isoformat() == "2020-03-01T00:00:00+00:00"


def test_a_record_of_nobody_is_refused(tmp_path: Path) -> None:
    file(tmp_path, "data/customers.yaml", "- id: c1\n")
    file(
        tmp_path,
        "data/records.jsonl",
        '{"kind":"order","id":"W1","customer_id":"c9","fields":{}}\n',
    )
    with pytest.raises(ImportDataError, match="belongs to 'c9', who is not among the customers"):
        read_data(tmp_path, PLAYBOOK)


def test_a_folder_without_data_gives_none(tmp_path: Path) -> None:
    assert read_data(tmp_path, PLAYBOOK) == ((), ())
    assert read_folder_actions(tmp_path) == ()


def test_actions_are_read_with_their_moments(tmp_path: Path) -> None:
    file(
        tmp_path,
        "data/actions.yaml",
        "- {id: a1, customer_id: c1, action: refund_order, at: today-3,\n"
        '   record_kind: order, record: W1, amount: "20.00", currency: EUR, actor: Kim}\n'
        '- {id: a2, customer_id: c1, action: change_address, at: "2026-01-04T10:00:00+02:00"}\n',
    )
    first, second = read_folder_actions(tmp_path, today=TODAY)
    assert first.at.isoformat() == "2026-01-02T00:00:00+00:00"
    assert (first.customer_id, first.event.worded) == (
        "c1",
        "refund order W1 20.00 EUR (done)",
    )
    assert second.at.isoformat() == "2026-01-04T10:00:00+02:00"


def test_what_is_wrong_with_an_action_is_told_by_line(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        "actions.jsonl",
        '{"id":"a1","customer_id":"c1","action":"refund","at":"yesterday"}\n'
        '{"id":"a2","customer_id":"c1","action":"refund","at":"today","amount":"5"}\n'
        '{"id":"a3","customer_id":"c1","action":"refund","at":"today"}\n',
    )
    found = read_actions(path, today=TODAY)
    assert [item.id for item in found.items] == ["a3"]
    assert [problem.line for problem in found.problems] == [1, 2]
    assert "currency" in found.problems[1].message


def test_missing_and_misnamed_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportDataError, match=r"cannot be read: .*; check the path"):
        read_customers(tmp_path / "customers.yaml")
    with pytest.raises(ImportDataError, match=r"ends in neither \.yaml nor \.jsonl"):
        read_customers(file(tmp_path, "customers.csv", "id\n"))


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_money_keeps_its_value(amount: object) -> None:
    typed = typed_value(str(amount), kind="money", currency="EUR", today=TODAY)
    assert typed.value == f"{amount:.2f}"


@given(
    st.sampled_from(["money", "date", "boolean", "percent", "quantity", "duration", "email"]),
    st.one_of(st.text(), st.integers(), st.floats(), st.booleans()),
)
def test_odd_values_are_refused_by_valueerror_alone(
    kind: FieldType, raw: str | float | bool
) -> None:
    try:
        typed = typed_value(raw, kind=kind, currency="EUR", today=TODAY)
    except ValueError:
        return
    assert typed.type == kind
