"""Reads files of customers and records, YAML or JSON Lines, into typed values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from handrail.core.conversation import ActionNotice, Customer, FieldValue, Record
from handrail.core.errors import ImportDataError
from handrail.playbook.models import Playbook, RecordKind, Strict
from handrail.playbook.problems import Problem, alternatives, listed
from handrail.playbook.validation import validation_problems
from handrail.playbook.values import Raw, typed_value
from handrail.playbook.yaml_source import Place, Source, decode, read_yaml

T = TypeVar("T")
SUFFIXES = (".yaml", ".jsonl")


@dataclass(frozen=True)
class Imported(Generic[T]):
    """What a file gave: everything that could be read, and what could not."""

    items: tuple[T, ...]
    problems: tuple[Problem, ...]

    def strict(self) -> tuple[T, ...]:
        """Return the items.

        Raises:
            ImportDataError: something could not be read; the text lists file, line and mend.
        """
        if self.problems:
            raise ImportDataError(
                f"{len(self.problems)} entry(s) cannot be imported:\n{listed(self.problems)}",
                problems=[problem.model_dump() for problem in self.problems],
            )
        return self.items


class _RecordEntry(Strict):
    """One record as a file has it."""

    kind: str
    id: str
    customer_id: str
    fields: dict[str, Any]


def read_customers(path: Path) -> Imported[Customer]:
    """Read customers; an entry that is wrong is reported and the others are still returned.

    Raises:
        ImportDataError: there is no such file, or its ending is neither .yaml nor .jsonl.
    """
    return _read(path, lambda entry: Customer.model_validate(_with_zone(entry.value)))


def read_records(path: Path, playbook: Playbook, *, today: date | None = None) -> Imported[Record]:
    """Read records, typed as the playbook says under ``records``.

    Args:
        path: A list of ``kind``, ``id``, ``customer_id`` and ``fields``.
        playbook: Gives kinds, fields, types, currencies and visibilities.
        today: What ``today-3`` means in date fields; the current day in UTC where left out.

    Raises:
        ImportDataError: there is no such file, or its ending is neither .yaml nor .jsonl.
    """
    day = today or datetime.now(UTC).date()
    return _read(path, lambda entry: _record(entry, playbook, day))


def read_actions(path: Path, *, today: date | None = None) -> Imported[ActionNotice]:
    """Read what was done for customers; :class:`ActionNotice` has the fields of an entry.

    Args:
        path: A list of entries.
        today: What ``today-3`` means in ``at``; the current day in UTC where left out.

    Raises:
        ImportDataError: there is no such file, or its ending is neither .yaml nor .jsonl.
    """
    day = today or datetime.now(UTC).date()
    return _read(path, lambda entry: ActionNotice.model_validate(_with_moment(entry.value, day)))


def read_folder_actions(folder: Path, *, today: date | None = None) -> tuple[ActionNotice, ...]:
    """Read ``data/actions`` of a playbook folder; none where absent.

    Raises:
        ImportDataError: an entry is wrong.
    """
    path = _data_file(folder, "actions")
    return read_actions(path, today=today).strict() if path else ()


def read_data(
    folder: Path, playbook: Playbook, *, today: date | None = None
) -> tuple[tuple[Customer, ...], tuple[Record, ...]]:
    """Read ``data/customers`` and ``data/records`` of a playbook folder; none where absent.

    Raises:
        ImportDataError: an entry is wrong, or a record belongs to no customer of the file.
    """
    customers_file = _data_file(folder, "customers")
    records_file = _data_file(folder, "records")
    customers = read_customers(customers_file).strict() if customers_file else ()
    records = read_records(records_file, playbook, today=today).strict() if records_file else ()
    known = {customer.id for customer in customers}
    for record in records:
        if record.customer_id not in known:
            raise ImportDataError(
                f"{records_file}: {record.kind} {record.id} belongs to {record.customer_id!r}, who "
                "is not among the customers; mend customer_id or add the customer"
            )
    return customers, records


def _data_file(folder: Path, name: str) -> Path | None:
    paths = (folder / "data" / f"{name}{suffix}" for suffix in SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


def _with_zone(value: Any) -> Any:
    # "2020-01-01" alone is a moment without a zone; every moment in Handrail is UTC.
    since = value.get("since") if isinstance(value, dict) else None
    if isinstance(since, str) and len(since) == len("2020-01-01"):
        return value | {"since": f"{since}T00:00:00Z"}
    return value


def _with_moment(value: Any, today: date) -> Any:
    at = value.get("at") if isinstance(value, dict) else None
    if isinstance(at, str | date):
        with suppress(ValueError):  # the model says what is wrong, and the entry knows where
            moment = str(typed_value(str(at), kind="date", currency="", today=today).value)
            only_day = len(moment) == len("2020-01-01")
            return value | {"at": f"{moment}T00:00:00Z" if only_day else moment}
    return value


def _record(entry: Source, playbook: Playbook, today: date) -> Record:
    raw = _RecordEntry.model_validate(entry.value)
    kind = playbook.records.get(raw.kind)
    if kind is None:
        entry.problems.append(
            entry.place(("kind",)).problem(
                f"no record kind {raw.kind!r}; {alternatives(raw.kind, playbook.records)}"
            )
        )
        kind = RecordKind(label=raw.kind, fields={})
    fields: dict[str, FieldValue] = {}
    for name, value in raw.fields.items():
        try:
            fields[name] = _field(kind, name, value, playbook.brand.currency, today)
        except ValueError as error:
            entry.problems.append(entry.place(("fields", name)).problem(f"{name}: {error}"))
    return Record(kind=raw.kind, id=raw.id, customer_id=raw.customer_id, fields=fields)


def _field(kind: RecordKind, name: str, value: Any, brand_currency: str, today: date) -> FieldValue:
    definition = kind.fields.get(name)
    if definition is None:
        raise ValueError(f"unknown field; {alternatives(name, kind.fields)}")
    currency = definition.currency or brand_currency
    if isinstance(value, dict) and set(value) == {"value", "currency"}:
        currency, value = str(value["currency"]), value["value"]
    if isinstance(value, (dict, list)):
        raise ValueError("a field holds one value; write it on one line")  # noqa: TRY004
    raw: Raw = value
    typed = typed_value(raw, kind=definition.type, currency=currency, today=today)
    return typed.model_copy(update={"visibility": definition.visibility})


def _read(path: Path, make: Callable[[Source], T]) -> Imported[T]:
    items: list[T] = []
    problems: list[Problem] = []
    for entry in _entries(path):
        if not entry.problems:
            try:
                item = make(entry)
            except ValidationError as error:
                entry.problems.extend(validation_problems(error, entry))
            else:
                items += [] if entry.problems else [item]
        problems += entry.problems
    return Imported(tuple(items), tuple(problems))


def _entries(path: Path) -> Iterator[Source]:
    if path.suffix not in SUFFIXES:
        raise ImportDataError(f"{path} ends in neither .yaml nor .jsonl; convert or rename it")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImportDataError(f"{path} cannot be read: {error.strerror}; check the path") from error
    return _json_lines(data, path.name) if path.suffix == ".jsonl" else _yaml_list(data, path.name)


def _json_lines(data: bytes, file: str) -> Iterator[Source]:
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        place = Place(file, number, 1)
        source = Source(places={(): place})
        text = decode(line, file)
        if isinstance(text, Problem):
            source.problems.append(text.model_copy(update={"line": number}))
        else:
            try:
                source.value = json.loads(text)
            except (ValueError, RecursionError) as error:
                source.problems.append(place.problem(f"not JSON: {error}; mend or remove the line"))
        yield source


def _yaml_list(data: bytes, file: str) -> Iterator[Source]:
    whole = read_yaml(data, file)
    if not isinstance(whole.value, list):
        if not whole.problems:
            whole.problems.append(whole.place(()).problem("not a list; begin entries with '- '"))
        yield whole
        return
    if whole.problems:
        yield Source(problems=whole.problems)
    for at, value in enumerate(whole.value):
        places = {path[1:]: place for path, place in whole.places.items() if path[:1] == (at,)}
        yield Source(value=value, places=places)
