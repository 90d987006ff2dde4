"""The state of a paused turn, as the graph that goes on with it wants it.

LangGraph loads what it can: a model that no longer fits comes back without its fields, one whose
class has moved as a dictionary, and nobody is told. So every value is read as it was stored, goes
through the rules declared beside the graph, and is validated against the state's annotations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, get_type_hints

from langgraph.channels.binop import BinaryOperatorAggregate
from langgraph.checkpoint.base import CheckpointTuple, copy_checkpoint
from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from handrail.core.errors import StrandedError
from handrail.core.migration import Converted, Forgotten, Rule


def reducers_of(compiled: Any) -> dict[str, str]:
    """Name the reducer of each state key that has one."""
    return {
        key: _name(channel.operator)
        for key, channel in compiled.channels.items()
        if isinstance(channel, BinaryOperatorAggregate)
    }


def restore(
    found: CheckpointTuple,
    plain: Mapping[str, Any],
    compiled: Any,
    rules: Sequence[Rule],
    next_version: Callable[[str | None], str],
) -> tuple[CheckpointTuple, dict[str, str]]:
    """Return the checkpoint to go on from, and the new versions of channels that rules changed.

    Args:
        found: The stored checkpoint.
        plain: Its values as they were stored.
        compiled: The graph that goes on.
        rules: What became of the state since, oldest first.
        next_version: Numbers the next version of a channel.

    Raises:
        StrandedError: a value does not fit; the text names the key and the rule that is missing.
    """
    checkpoint = copy_checkpoint(found.checkpoint)
    values, versions = checkpoint["channel_values"], checkpoint["channel_versions"]
    stored, ruled = _apply(rules, {key: plain[key] for key in values})
    types = _types(compiled)
    _refuse_unknown(stored, types)
    _refuse_missing(stored, compiled)
    _refuse_reducers(found.metadata, compiled, stored.keys() - ruled)
    for key in values.keys() - stored.keys():
        del values[key]
        versions.pop(key, None)
    for key in stored.keys() & types.keys():
        values[key] = _fitting(key, stored[key], types[key])
    changed = {key: next_version(_text(versions.get(key))) for key in ruled & types.keys()}
    versions.update(changed)
    return found._replace(checkpoint=checkpoint), changed


def _text(version: Any) -> str | None:
    return None if version is None else str(version)


def _apply(rules: Sequence[Rule], values: dict[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """Apply the rules for state keys; say which keys they spoke of."""
    ruled: set[str] = set()
    for rule in rules:
        if isinstance(rule, Forgotten):
            values.pop(rule.key, None)
        elif isinstance(rule, Converted):
            ruled.add(rule.key)
            if (was := rule.was or rule.key) in values:
                values[rule.key] = _convert(rule, values.pop(was))
    return values, frozenset(ruled & values.keys())


def _convert(rule: Converted, value: Any) -> Any:
    try:
        return rule.convert(value)
    except Exception as error:
        raise StrandedError(
            f"the rule converted({rule.key!r}, ..., since={rule.since!r}) failed on the stored "
            f"value ({type(error).__name__}); mend its function"
        ) from error


def _types(compiled: Any) -> dict[str, Any]:
    """The annotation of each state key, the private keys of single nodes included."""
    builder = compiled.builder
    found: dict[str, Any] = {}
    for schema in (*builder.schemas, builder.state_schema):
        found |= get_type_hints(schema)
    return {key: kind for key, kind in found.items() if key in compiled.channels}


def _refuse_unknown(stored: Mapping[str, Any], types: Mapping[str, Any]) -> None:
    for key in stored:
        # LangGraph's own channels are called "branch:to:node" or "__start__".
        if key not in types and key.isidentifier() and not key.startswith("__"):
            raise StrandedError(
                f"the state key {key!r} is gone, and this conversation holds a value of it; "
                f"declare forgotten({key!r}, since=...), or converted(NEW, ..., was={key!r}, "
                "since=...) where another key takes it over"
            )


def _refuse_missing(stored: Mapping[str, Any], compiled: Any) -> None:
    schema = compiled.builder.state_schema
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        for key, field in schema.model_fields.items():
            if field.is_required() and key not in stored:
                raise StrandedError(
                    f"the state key {key!r} is required, and this conversation has no value of "
                    "it; give it a default"
                )


def _refuse_reducers(metadata: Any, compiled: Any, keys: AbstractSet[str]) -> None:
    before, now = metadata.get("reducers") or {}, reducers_of(compiled)
    for key in sorted((before.keys() | now.keys()) & keys):
        if before.get(key) != now.get(key):
            raise StrandedError(
                f"the reducer of the state key {key!r} was {before.get(key, 'none')} and is "
                f"{now.get(key, 'none')}; declare converted({key!r}, ..., since=...)"
            )


def _fitting(key: str, plain: Any, kind: Any) -> Any:
    """Validate a stored value; nothing of it may be lost."""
    adapter = _adapter(kind)
    try:
        value = adapter.validate_python(plain, by_name=True, by_alias=True)
    except ValidationError as error:
        where = ".".join(str(part) for part in (key, *error.errors()[0]["loc"]))
        raise StrandedError(
            f"the stored value of the state key {key!r} no longer fits its type ({where}: "
            f"{error.errors()[0]['msg']}); declare converted({key!r}, ..., since=...)"
        ) from error
    lost = _lost(plain, adapter.dump_python(value, warnings=False))
    if lost is not None:
        raise StrandedError(
            f"{key}{lost} is stored and its type has no such field any more; declare "
            f"converted({key!r}, ..., since=...)"
        )
    return value


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(kind, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # a model or dataclass brings its own configuration
        return TypeAdapter(kind)


def _lost(plain: Any, kept: Any) -> str | None:
    """Path of the first stored field that the validated value does not have."""
    if isinstance(plain, dict) and isinstance(kept, dict):
        for name, value in plain.items():
            if name not in kept:
                return f".{name}"
            if (inner := _lost(value, kept[name])) is not None:
                return f".{name}{inner}"
    elif isinstance(plain, list | tuple) and isinstance(kept, list | tuple):
        for index, (value, other) in enumerate(zip(plain, kept, strict=False)):
            if (inner := _lost(value, other)) is not None:
                return f".{index}{inner}"
    return None


def _name(operator: Any) -> str:
    return f"{operator.__module__}.{getattr(operator, '__qualname__', type(operator).__name__)}"
