"""Static rules that make a graph safe to run, each with its mend."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from langgraph.graph import END, START

from handrail.core.migration import Place, Removed, Renamed, Rule, place_after, version_key
from handrail.graphs.shape import Shape
from handrail.nodes.contract import NodeSpec


@dataclass(frozen=True)
class Problem:
    """A rule that a graph breaks."""

    rule: str
    """Short name of the rule."""
    node: str
    """Where."""
    text: str
    """What is wrong, and the mend."""

    def __str__(self) -> str:
        return f"[{self.rule}] {self.node}: {self.text}"


def check_flow(shape: Shape, bounded: frozenset[str]) -> tuple[Problem, ...]:
    """Apply every rule."""
    found: list[Problem] = []
    found += _undeclared(shape)
    found += _unverified_sends(shape)
    found += _unreachable(shape)
    found += _endless_loops(shape, bounded)
    for spec in shape.specs.values():
        tree = _source(spec)
        if tree is not None:
            for rule in NODE_RULES:
                found += rule(spec, tree, shape)
    return tuple(found)


def check_migrations(shape: Shape, version: str, rules: tuple[Rule, ...]) -> tuple[Problem, ...]:
    """Check that each rule is due by this version, and leads from a node that is gone to one."""
    ordered = sorted(rules, key=lambda rule: version_key(rule.since))
    found: list[Problem] = []
    for index, rule in enumerate(ordered):
        if version_key(rule.since) > version_key(version):
            found.append(
                Problem(
                    "migration",
                    str(rule),
                    f"it holds since {rule.since}, and the graph is at {version}; raise the "
                    "graph's version",
                )
            )
        if isinstance(rule, Renamed | Removed):
            found += _moves(shape, rule.old, place_after(ordered[index:], rule.old))
    return tuple(found)


def _moves(shape: Shape, old: str, place: Place) -> Iterator[Problem]:
    if old in shape.specs:
        yield Problem(
            "migration", old, "a rule moves away from this node, yet it is here; drop one of them"
        )
    if place.node not in shape.specs:
        yield Problem(
            "migration",
            old,
            f"its rules lead to {place.node!r}, which is no node of this graph; add a rule that "
            "says what became of it",
        )


def _undeclared(shape: Shape) -> Iterator[Problem]:
    for name in shape.undeclared:
        yield Problem(
            "destinations",
            name,
            "a conditional edge does not say where it can lead; give add_conditional_edges "
            "its path map",
        )


def _unverified_sends(shape: Shape) -> Iterator[Problem]:
    """P3: without the verify nodes, no send node can be reached from the start or a draft."""
    verify = _with_role(shape, "verify")
    starts = {START} | {
        target for name in _with_role(shape, "draft") for target in shape.after(name)
    }
    for name in sorted(shape.reachable(starts, without=verify) & _with_role(shape, "send")):
        yield Problem(
            "P3",
            name,
            "a path leads from the start or from a draft to this send node without passing "
            "verification; put a verify node on every such path",
        )


def _unreachable(shape: Shape) -> Iterator[Problem]:
    seen = shape.reachable([START], without=frozenset())
    for name in shape.specs:
        if name not in seen:
            yield Problem("unreachable", name, "no path leads here; add an edge or remove the node")
        elif END not in shape.reachable([name], without=frozenset()):
            yield Problem("no_end", name, "no path leads from here to END; add an edge")


def _endless_loops(shape: Shape, bounded: frozenset[str]) -> Iterator[Problem]:
    stops = _with_role(shape, "ask") | bounded
    for name in shape.specs:
        if name not in stops and name in shape.reachable(shape.after(name), without=stops):
            yield Problem(
                "loop",
                name,
                "this loop passes neither a person nor a node that bounds it; name the node "
                "that ends it: @graph(..., bounded=('that_node',))",
            )


def _with_role(shape: Shape, role: str) -> frozenset[str]:
    return frozenset(name for name, spec in shape.specs.items() if spec.role == role)


def _source(spec: NodeSpec) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(spec.function)))
    except (OSError, TypeError, SyntaxError):
        return None


def _calls(tree: ast.AST, name: str) -> list[ast.Call]:
    return [
        call
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and name in (getattr(call.func, "id", None), getattr(call.func, "attr", None))
    ]


def _interrupts(spec: NodeSpec, tree: ast.AST, _: Shape) -> Iterator[Problem]:
    calls = _calls(tree, "interrupt")
    if len(calls) > 1:
        yield Problem(
            "interrupts",
            spec.name,
            "two interrupts in one node: an answer to the second would run the first again; "
            "make them two nodes",
        )
    if calls and spec.role != "ask":
        yield Problem("interrupts", spec.name, "only an ask node may wait; use @node('ask')")
    for call in calls:
        if not any(keyword.arg == "response_schema" for keyword in call.keywords):
            yield Problem(
                "response_schema",
                spec.name,
                "interrupt() without response_schema: one wrong answer would block the "
                "conversation for ever; pass a Pydantic model",
            )


def _sends(spec: NodeSpec, tree: ast.AST, _: Shape) -> Iterator[Problem]:
    if spec.role == "send":
        if not spec.name.startswith("send_"):
            yield Problem("send_name", spec.name, "a send node's name begins with send_")
        return
    for call in _calls(tree, "send"):
        owner = getattr(call.func, "value", None)
        if "journal" in (getattr(owner, "attr", None), getattr(owner, "id", None)):
            yield Problem(
                "send_role", spec.name, "only a send node may send; use @node('send') for it"
            )


def _state_keys(spec: NodeSpec, tree: ast.AST, shape: Shape) -> Iterator[Problem]:
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.Return) or not isinstance(statement.value, ast.Dict):
            continue
        for key in statement.value.keys:
            if isinstance(key, ast.Constant) and key.value not in shape.keys:
                yield Problem(
                    "state_key",
                    spec.name,
                    f"writes {key.value!r}, which the state does not have: LangGraph would drop "
                    "it silently; add it to the state or mend the name",
                )


def _jumps(spec: NodeSpec, tree: ast.AST, shape: Shape) -> Iterator[Problem]:
    if spec.name not in shape.jumping and _calls(tree, "Command"):
        yield Problem(
            "destinations",
            spec.name,
            "returns a Command that does not say where it may lead, so that no rule can be "
            "checked behind it; give add_node its destinations, or use an edge",
        )


NODE_RULES: tuple[Callable[[NodeSpec, ast.AST, Shape], Iterator[Problem]], ...] = (
    _interrupts,
    _sends,
    _jumps,
    _state_keys,
)
