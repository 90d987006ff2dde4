"""Reads YAML into plain values and remembers the line and column of every one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from handrail.playbook.problems import Problem

Path: TypeAlias = tuple[str | int, ...]
"""Keys and positions that lead to a value."""
_LONGEST_KEPT = 64_000
"""Bytes of a file up to which what was read is kept for the next time; imports are larger."""


@dataclass(frozen=True)
class Place:
    """Where a value stands."""

    file: str
    line: int
    column: int

    def problem(self, message: str) -> Problem:
        """Say that something is wrong here."""
        return Problem(file=self.file, line=self.line, column=self.column, message=message)


@dataclass
class Source:
    """A value, and where each part of it stands."""

    value: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    """By path: the place of the key for values of mappings, of the value otherwise."""
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Return the place of ``path``, or of the nearest part around it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return Place("playbook.yaml", 1, 1)

    def put(self, path: Path, other: Source) -> None:
        """Take over the places and problems of another file, under ``path``."""
        self.places |= {path + inner: place for inner, place in other.places.items()}
        self.problems += other.problems


def decode(data: bytes, file: str) -> str | Problem:
    """Return the UTF-8 text of a file without a byte order mark, or say where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        return Problem(
            file=file,
            line=before.count(b"\n") + 1,
            column=error.start - before.rfind(b"\n"),
            message=f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8",
        )


def read_yaml(data: bytes, file: str, *, first_line: int = 1) -> Source:
    """Read one YAML document; what cannot be read becomes a problem, never an exception.

    Args:
        data: The file's content.
        file: Its name in messages.
        first_line: The line on which ``data`` starts, for YAML inside another file.
    """
    if len(data) > _LONGEST_KEPT:
        return _read_yaml(data, file, first_line)
    kept = _read_once(data, file, first_line)
    return Source(_copied(kept.value), dict(kept.places), list(kept.problems))


def _read_yaml(data: bytes, file: str, first_line: int) -> Source:
    source = Source(places={(): Place(file, first_line, 1)})
    text = decode(data, file)
    if isinstance(text, Problem):
        source.problems.append(text)
        return source
    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
    except YAMLError as error:
        source.problems.append(_syntax_problem(error, file, first_line))
        return source
    if node is not None:
        source.value = _Reader(yaml, source, file, first_line).read(node, ())
    return source


# Parsing is most of the time in which an engine opens, and tests open many on one playbook.
_read_once = lru_cache(maxsize=256)(_read_yaml)


def _copied(value: Any) -> Any:
    """Copy what may be changed; the rest of what YAML gives cannot be."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _what(error: Exception) -> str:
    said = error.problem if isinstance(error, MarkedYAMLError) else None
    return (said or str(error)).splitlines()[0]


def _syntax_problem(error: YAMLError, file: str, first_line: int) -> Problem:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    return Problem(
        file=file,
        line=first_line + (mark.line if mark else 0),
        column=(mark.column if mark else 0) + 1,
        message=f"not YAML: {_what(error)}; mend the indentation or quote the value",
    )


class _Reader:
    """Turns the node graph of one document into plain values."""

    def __init__(self, yaml: YAML, source: Source, file: str, first_line: int) -> None:
        self.yaml = yaml
        self.source = source
        self.file = file
        self.first_line = first_line
        self.seen: set[int] = set()

    def place(self, node: Node) -> Place:
        mark = node.start_mark
        return Place(self.file, self.first_line + mark.line, mark.column + 1)

    def read(self, node: Node, path: Path) -> Any:
        self.source.places.setdefault(path, self.place(node))
        # A node seen twice is an alias; expanding them would let a short file grow without end.
        if id(node) in self.seen:
            self.problem(node, "aliases (*name) are not read; write the value out")
            return None
        self.seen.add(id(node))
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.read(item, (*path, at)) for at, item in enumerate(node.value)]
        return self.scalar(node)

    def mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.scalar(key_node) if isinstance(key_node, ScalarNode) else None
            if not isinstance(key, str):
                self.problem(key_node, "a key must be text; put it in quotes")
            elif key in result:
                self.problem(key_node, f"{key!r} is written twice; remove one of them")
            else:
                self.source.places[*path, key] = self.place(key_node)
                result[key] = self.read(value_node, (*path, key))
        return result

    def scalar(self, node: Node) -> Any:
        try:
            return self.yaml.constructor.construct_object(node)
        except (YAMLError, ValueError) as error:
            self.problem(node, f"cannot read this value: {_what(error)}; quote it")
            return None

    def problem(self, node: Node, message: str) -> None:
        self.source.problems.append(self.place(node).problem(message))
