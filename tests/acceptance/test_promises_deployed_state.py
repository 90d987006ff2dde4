"""P8: a deploy strands nobody: what the state of a paused conversation becomes in another graph.

As in ``test_promises_deploys``: the turn goes on exactly, or a person sees why it does not.
"""

from __future__ import annotations

import operator
import sys
from types import ModuleType
from typing import Annotated, Any, TypedDict, get_type_hints

import pytest
from langgraph.types import interrupt
from promises import Removals, promise_tests
from pydantic import BaseModel, create_model

from handrail.core.decisions import Decided, Review
from handrail.core.migration import Rule, converted, forgotten
from handrail.engine import resuming
from handrail.engine.saver import RunWrites
from handrail.nodes.ask_human import ALLOWED, ask_human
from handrail.nodes.contract import node
from handrail.nodes.state import SupportState

MODELS = ModuleType("handrail_test_models")
sys.modules[MODELS.__name__] = MODELS


class WithNote(SupportState, total=False):
    """One key more."""

    case: str


class WithLog(SupportState, total=False):
    """A list that grows."""

    log: Annotated[list[str], operator.add]


class WithPlainLog(SupportState, total=False):
    """The same list, overwritten."""

    log: list[str]


async def added_key_is_absent(deploys: Any) -> None:
    """A node that runs later finds no value, and goes on."""
    review = await deploys.pause(deploys.version("1"))
    seen: list[bool] = []
    look = deploys.step("after", lambda s: seen.append("case" in s) or {})
    deploys.deploy("2", state=WithNote, after=look)
    await deploys.approve(review)
    await deploys.went_on(review)
    assert seen == [False], "P8: a value came from nowhere"


async def added_key_with_a_reducer_begins_empty(deploys: Any) -> None:
    """Nothing of it is stored, so nothing can be lost."""
    review = await deploys.pause(deploys.version("1"))
    deploys.deploy("2", state=WithLog)
    await deploys.approve(review)
    await deploys.went_on(review)


async def converted_state_meets_a_new_question(deploys: Any) -> None:
    """The rule counts until the state is stored in its new form, however often is asked."""
    review = await paused_with_a_case(deploys)
    _, state = case_of(kind=(str, ...), amount=(list[int], ...))
    rule = converted("case", lambda old: {**old, "amount": [old["amount"]]}, since="2")
    deploys.deploy("2", rule, state=state, asks=asks_first)
    await deploys.approve(review)
    for _ in range(2):
        anew = await deploys.asks_anew(review)
        assert anew.kind == "approval", "P8: a rule was forgotten"
        await deploys.approve(anew)
    await deploys.went_on(review)


@node("ask")
async def asks_first(state: Any, runtime: Any) -> Any:
    """Ask something new, then what was asked before."""
    _new_question(state)
    return await ask_human(state, runtime)


def _new_question(state: Any) -> Any:
    draft = state["draft"].model_dump(mode="json")
    asked = {"reason": "fraud", "explanation": "Who?", "draft": draft, "allowed": list(ALLOWED)}
    return interrupt(asked, response_schema=Decided)


def noting(deploys: Any) -> Any:
    """A node that fills the key ``case``."""
    return deploys.step("early", lambda _: {"case": "damaged"})


async def removed_key_is_seen(deploys: Any) -> None:
    """Its value would be a dead channel that comes back after a rollback."""
    review = await deploys.pause(deploys.version("1", state=WithNote, early=noting(deploys)))
    deploys.deploy("2")
    await deploys.approve(review)
    await deploys.stranded(review, "'case'", "forgotten('case'")


async def forgotten_key_does_not_come_back(deploys: Any) -> None:
    """A rule says that nobody needs it; nothing of it is stored any more."""
    review = await deploys.pause(deploys.version("1", state=WithNote, early=noting(deploys)))
    deploys.deploy("2", forgotten("case", since="2"))
    await deploys.approve(review)
    await deploys.went_on(review)
    assert await deploys.stored(review) is None, "P8: a forgotten value is still stored"


def logging_step(deploys: Any) -> Any:
    """A node that adds to the list."""
    return deploys.step("early", lambda _: {"log": ["early"]})


async def dropped_reducer_is_seen(deploys: Any) -> None:
    """Bare LangGraph lets the next write overwrite the list."""
    review = await deploys.pause(deploys.version("1", state=WithLog, early=logging_step(deploys)))
    late = deploys.step("after", lambda _: {"log": ["late"]})
    deploys.deploy("2", state=WithPlainLog, after=late)
    await deploys.approve(review)
    await deploys.stranded(review, "reducer", "'log'", "_operator.add")


async def dropped_reducer_goes_on_by_rule(deploys: Any) -> None:
    """A rule says that the value is right as it is."""
    review = await deploys.pause(deploys.version("1", state=WithLog, early=logging_step(deploys)))
    seen: list[Any] = []
    look = deploys.step("after", lambda s: seen.append(s["log"]) or {})
    deploys.deploy("2", converted("log", list, since="2"), state=WithPlainLog, after=look)
    await deploys.approve(review)
    await deploys.went_on(review)
    assert seen == [["early"]], "P8: the list is not as it was"


class Subscripted(BaseModel):
    """A Pydantic state whose values are read as the nodes read them."""

    def __getitem__(self, key: str) -> Any:
        return getattr(self, key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or the default where it is unset."""
        value = getattr(self, key)
        return default if value is None else value


def pydantic_state(**more: Any) -> Any:
    """The support state as a Pydantic model, with more keys."""
    keys: dict[str, Any] = {
        key: (kind | None, None)
        for key, kind in get_type_hints(SupportState).items()
        if key not in ("mode", "route")
    }
    keys |= {"mode": (str | None, None), "route": (str | None, None), **more}
    return create_model("State", __base__=Subscripted, **keys)


async def required_key_of_a_model_is_seen(deploys: Any) -> None:
    """Bare LangGraph cannot even read the conversation."""
    review = await deploys.pause(deploys.version("1", state=pydantic_state()))
    deploys.deploy("2", state=pydantic_state(region=(str, ...)))
    await deploys.approve(review)
    await deploys.stranded(review, "'region'", "default")


def case_of(**fields: Any) -> tuple[Any, Any]:
    """Deploy a model ``Case`` with these fields: the model, and a state that holds one."""
    model: Any = create_model("Case", __module__=MODELS.__name__, **fields)
    MODELS.__dict__["Case"] = model
    typed_dict: Any = TypedDict
    keys = {**get_type_hints(SupportState), "case": model}
    return model, typed_dict("CaseState", keys, total=False)


async def paused_with_a_case(deploys: Any) -> Review:
    """Pause with the model's first form in the state."""
    model, state = case_of(kind=(str, ...), amount=(int, 0))
    fill = deploys.step("early", lambda _: {"case": model(kind="damaged", amount=12)})
    return await deploys.pause(deploys.version("1", state=state, early=fill))


async def decide_with_a_case(
    deploys: Any, review: Review, *rules: Rule, module: str = MODELS.__name__, **fields: Any
) -> Any:
    """Deploy the model's next form, decide, and return what the next node was given."""
    model, state = case_of(**fields)
    if module != MODELS.__name__:
        model.__module__ = module
        del MODELS.__dict__["Case"]
    seen: list[Any] = []
    look = deploys.step("after", lambda s: seen.append(s["case"]) or {})
    deploys.deploy("2", *rules, state=state, after=look)
    await deploys.approve(review)
    assert all(isinstance(case, model) for case in seen), "P8: a node was given another type"
    return dict(seen[0]) if seen else None


CASE: dict[str, Any] = {"kind": (str, ...), "amount": (int, 0)}


async def optional_field_gets_its_default(deploys: Any) -> None:
    """An old value is a valid new one."""
    review = await paused_with_a_case(deploys)
    case = await decide_with_a_case(deploys, review, **CASE, note=(str, "none"))
    assert case == {"kind": "damaged", "amount": 12, "note": "none"}, "P8: not the value"
    await deploys.went_on(review)


async def required_field_is_seen(deploys: Any) -> None:
    """Bare LangGraph makes an object that lacks the attribute."""
    review = await paused_with_a_case(deploys)
    case = await decide_with_a_case(deploys, review, **CASE, region=(str, ...))
    assert case is None, "P8: a node was given a value that does not fit"
    await deploys.stranded(review, "'case'", "case.region", "converted('case'")


async def changed_type_is_seen(deploys: Any) -> None:
    """Bare LangGraph makes an object with a value of the old type."""
    review = await paused_with_a_case(deploys)
    case = await decide_with_a_case(deploys, review, kind=(str, ...), amount=(list[int], ...))
    assert case is None, "P8: a node was given a value that does not fit"
    await deploys.stranded(review, "'case'", "case.amount")


async def changed_type_goes_on_by_rule(deploys: Any) -> None:
    """A rule makes the new value of the old one."""
    review = await paused_with_a_case(deploys)
    rule = converted("case", lambda old: {**old, "amount": [old["amount"]]}, since="2")
    case = await decide_with_a_case(deploys, review, rule, kind=(str, ...), amount=(list[int], ...))
    assert case == {"kind": "damaged", "amount": [12]}, "P8: not the converted value"
    await deploys.went_on(review)


async def renamed_field_is_seen(deploys: Any) -> None:
    """Bare LangGraph loses the value and uses the default."""
    review = await paused_with_a_case(deploys)
    case = await decide_with_a_case(deploys, review, kind=(str, ...), total=(int, 0))
    assert case is None, "P8: a stored value was lost"
    await deploys.stranded(review, "case.amount", "converted('case'")


async def moved_class_is_the_same_value(deploys: Any) -> None:
    """Bare LangGraph gives the node a dictionary."""
    review = await paused_with_a_case(deploys)
    case = await decide_with_a_case(deploys, review, **CASE, module="elsewhere")
    assert case == {"kind": "damaged", "amount": 12}, "P8: not the value"
    await deploys.went_on(review)


# Taking the mechanisms out


def follow_no_rules(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resuming, "rules_after", lambda *_: ())


def take_what_was_loaded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resuming, "restore", lambda found, *_: (found, {}))


def the_newest_version_always_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RunWrites, "moved", property(lambda _: True, lambda _, __: None))


REMOVALS: Removals = {
    added_key_is_absent: None,
    added_key_with_a_reducer_begins_empty: None,
    converted_state_meets_a_new_question: the_newest_version_always_counts,
    removed_key_is_seen: take_what_was_loaded,
    forgotten_key_does_not_come_back: follow_no_rules,
    dropped_reducer_is_seen: take_what_was_loaded,
    dropped_reducer_goes_on_by_rule: follow_no_rules,
    required_key_of_a_model_is_seen: take_what_was_loaded,
    optional_field_gets_its_default: None,
    required_field_is_seen: take_what_was_loaded,
    changed_type_is_seen: take_what_was_loaded,
    changed_type_goes_on_by_rule: follow_no_rules,
    renamed_field_is_seen: take_what_was_loaded,
    moved_class_is_the_same_value: take_what_was_loaded,
}


@pytest.fixture
def stage(deploys: Any) -> Any:
    """Scenarios act on graphs that are deployed."""
    return deploys


test_promise, test_promise_needs_its_mechanism = promise_tests(REMOVALS, says=r"^P8: ")
