"""The audit chain holds, survives both databases, and shows every single change."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from handrail.store.audit import EMPTY, AuditRow, Head, append, verify
from handrail.store.database import Database
from handrail.store.tables import audit_events, conversations, customers

NOW = datetime(2026, 1, 5, 10, 0, 0, 5, tzinfo=UTC)


def _row(number: int, **payload: Any) -> AuditRow:
    return AuditRow(
        kind="received",
        actor="customer",
        at=NOW + timedelta(seconds=number),
        payload=payload or {"message": f"msg_{number}", "seq": number},
        turn_id="trn_1",
    )


def _open(connection: Connection, *ids: str) -> None:
    connection.execute(insert(customers).values(id="cus"))
    for id_ in ids:
        connection.execute(
            insert(conversations).values(
                id=id_,
                customer_id="cus",
                channel="web",
                address="a",
                status="open",
                holder="ai",
                created_at=NOW,
                updated_at=NOW,
            )
        )


def _record(connection: Connection, id_: str, head: Head, *rows: AuditRow) -> Head:
    head = append(connection, id_, head, rows)
    connection.execute(
        update(conversations)
        .where(conversations.c.id == id_)
        .values(audit_no=head.no, audit_hash=head.hash)
    )
    return head


def _fill(connection: Connection) -> None:
    _open(connection, "one", "two", "silent")
    head = _record(connection, "one", EMPTY, _row(1), _row(2))
    _record(connection, "two", EMPTY, _row(1))
    _record(connection, "one", head, _row(3), _row(4))


def test_chains_hold(database: Database) -> None:
    database.write_now(_fill)

    assert database.read_now(verify) == []
    assert database.read_now(lambda c: verify(c, "one")) == []


def test_nothing_to_append_changes_nothing(database: Database) -> None:
    database.write_now(_fill)

    assert database.write_now(lambda c: append(c, "one", Head(4, "x"), ())) == Head(4, "x")
    assert database.read_now(verify) == []


def _of(id_: str, no: int) -> Any:
    return (audit_events.c.conversation_id == id_) & (audit_events.c.no == no)


@pytest.mark.parametrize(
    ("tamper", "no", "problem"),
    [
        (audit_events.delete().where(_of("one", 2)), 3, "rows 2 to 2 are missing"),
        (audit_events.delete().where(_of("one", 1)), 2, "rows 1 to 1 are missing"),
        (audit_events.delete().where(_of("one", 4)), 4, "ends at row 4 and the chain at row 3"),
        (audit_events.update().where(_of("one", 2)).values(actor="ai"), 2, "row was changed"),
        (audit_events.update().where(_of("one", 2)).values(hash="0"), 2, "row was changed"),
        (
            conversations.update().where(conversations.c.id == "one").values(audit_hash="0"),
            4,
            "names another hash",
        ),
    ],
)
def test_a_break_names_row_and_problem(
    database: Database, tamper: Any, no: int, problem: str
) -> None:
    database.write_now(_fill)
    database.write_now(lambda c: c.execute(tamper))

    first = database.read_now(verify)[0]

    assert (first.conversation_id, first.no) == ("one", no)
    assert problem in first.problem
    assert database.read_now(lambda c: verify(c, "two")) == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(codec="utf-8", exclude_characters="\0")), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(payload=st.dictionaries(st.sampled_from("abcd"), JSON, min_size=1))
def test_any_payload_survives_the_database(database: Database, payload: dict[str, Any]) -> None:
    def check(connection: Connection) -> list[Any]:
        _open(connection, "one")
        _record(connection, "one", EMPTY, _row(1, **payload))
        found: list[Any] = [*verify(connection)]
        connection.rollback()
        return found

    with database.engine.connect() as connection:
        assert check(connection) == []


COLUMNS: dict[str, Callable[[Any], Any]] = {
    "no": lambda old: old + 100,
    "kind": lambda old: f"{old}x",
    "actor": lambda old: f"{old}x",
    "turn_id": lambda old: None,
    "trace_id": lambda old: "0" * 32,
    "payload": lambda old: {**old, "seq": -1},
    "at": lambda old: old + timedelta(microseconds=1),
    "previous_hash": lambda old: f"{old}0",
    "hash": lambda old: old[::-1],
}


def _change(connection: Connection, row: Row[Any], column: str) -> None:
    here = _of(row.conversation_id, row.no)
    if column == "deleted":
        connection.execute(audit_events.delete().where(here))
        return
    new = COLUMNS[column](getattr(row, column))
    value = bindparam("new", new, audit_events.c[column].type)
    connection.execute(audit_events.update().where(here).values({column: value}))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    length=st.integers(1, 12),
    place=st.integers(0, 11),
    column=st.sampled_from([*COLUMNS, "deleted"]),
)
def test_any_single_change_is_found(
    sqlite_template: Path, length: int, place: int, column: str
) -> None:
    database = Database(f"sqlite:///{sqlite_template}")
    with database.engine.connect() as connection:
        _open(connection, "one")
        _record(connection, "one", EMPTY, *map(_row, range(length)))
        rows = connection.execute(select(audit_events).order_by(audit_events.c.no)).all()
        assert verify(connection) == []

        _change(connection, rows[place % length], column)

        assert verify(connection) != []
        connection.rollback()
    database.close()


def test_appending_is_cheap(database: Database) -> None:
    """It is part of every transaction: eight rows take well under a turn's milliseconds."""
    rows = [_row(number) for number in range(8)]

    def measure(connection: Connection) -> float:
        _open(connection, "one")
        head = append(connection, "one", EMPTY, rows)
        started = time.process_time()
        for _ in range(20):
            head = append(connection, "one", head, rows)
        return (time.process_time() - started) / 20

    assert database.write_now(measure) < 0.01
