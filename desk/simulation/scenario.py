"""Scenarios of simulated support: who writes, who decides, and what goes wrong.

A scenario is one YAML file; what is left out keeps the value it has here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from handrail.core.errors import ScenarioError
from handrail.playbook.models import Name, Playbook, Strict
from handrail.playbook.problems import Problem, alternatives, listed
from handrail.playbook.validation import validation_problems
from handrail.playbook.yaml_source import Source, read_yaml

SHIPPED = Path(__file__).parent / "scenarios"
DEFAULT = "rush"

Weight = Annotated[float, Field(ge=0)]
"""How often this one comes, against the others."""
Share = Annotated[float, Field(ge=0, le=1)]
"""Of all cases, 0 to 1."""


class Weights(Strict):
    """Personas by weight; at least one must come."""

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not any(self.model_dump().values()):
            raise ValueError("nobody comes; give one of them a weight above 0")
        return self


class Customers(Weights):
    """Who writes."""

    patient: Weight = 0
    """Waits for the answer before writing again."""
    impatient: Weight = 0
    """Writes again while waiting, or in the middle of a run."""
    double_sender: Weight = 0
    """Every message arrives twice under one external id."""
    abandoning: Weight = 0
    """Writes once and never again."""
    channel_switcher: Weight = 0
    """Begins in the web chat and goes on by webhook; one verified customer."""


class Agents(Weights):
    """Who decides the reviews."""

    approver: Weight = 0
    """Approves; answers where there is nothing to approve."""
    editor: Weight = 0
    """Sends words of their own in place of the draft."""
    rejecter: Weight = 0
    """Rejects a first draft and answers after the second."""
    double_clicker: Weight = 0
    """Decides twice in one moment."""
    stale_tab: Weight = 0
    """Decides with the version before, then with what they saw."""
    two_at_once: Weight = 0
    """Two people decide differently in one moment."""
    slow: Weight = 0
    """Decides after the due time."""
    taker: Weight = 0
    """Takes the conversation over, writes, and hands it back."""
    recaller: Weight = 0
    """Approves, and calls the reply back within the undo window."""


class Said(Strict):
    """What customers write who want one thing."""

    weight: Weight = 1
    texts: tuple[str, ...] = ()
    """The playbook's examples where left out."""


class ChannelFaults(Strict):
    """What happens to deliveries."""

    fails: Share = 0
    """The provider does not take the reply."""
    ack_lost: Share = 0
    """The provider takes it, and its answer is lost."""
    slow: Share = 0
    """The provider takes longer than a second try waits."""


class ModelFaults(Strict):
    """What happens to drafts."""

    fails: Share = 0
    """The drafter raises."""
    times_out: Share = 0
    """The drafter gives up after a minute."""
    stalls: Share = 0
    """The worker stands still past its lease and then goes on."""
    seconds: tuple[float, float] = (1, 12)
    """Least and most time a draft takes otherwise."""


class WebhookFaults(Strict):
    """What happens to messages that come in by webhook."""

    duplicated: Share = 0
    """Delivered again later."""
    reordered: Share = 0
    """Overtaken by the ones that follow."""


class Scenario(Strict):
    """One simulation."""

    seed: int = 1
    """Everything random comes from it."""
    conversations: int = Field(default=30, ge=1)
    minutes: float = Field(default=60, gt=0)
    """Simulated time in which customers and agents act."""
    messages: int = Field(default=3, ge=1)
    """Most matters one customer brings up."""
    says: dict[Name, Said] = Field(default_factory=dict)
    """By intent; every intent of the playbook alike where left out."""
    customers: Customers = Customers(patient=1)
    agents: Agents = Agents(approver=1)
    channel: ChannelFaults = ChannelFaults()
    model: ModelFaults = ModelFaults()
    webhooks: WebhookFaults = WebhookFaults()

    def texts(self, playbook: Playbook) -> dict[str, tuple[float, tuple[str, ...]]]:
        """Weight and texts by intent."""
        says = self.says or {name: Said() for name in playbook.intents}
        return {
            name: (said.weight, said.texts or playbook.intents[name].examples)
            for name, said in says.items()
        }


def find_scenario(name: str) -> Path:
    """Return the file of a scenario: a path, or the name of one that ships.

    Raises:
        ScenarioError: there is no such file.
    """
    for path in (Path(name), SHIPPED / f"{name}.yaml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.yaml")))
    raise ScenarioError(f"there is no file {name}; name one, or one that ships: {known}")


def load_scenario(path: Path, playbook: Playbook) -> Scenario:
    """Read a scenario for a playbook.

    Raises:
        ScenarioError: the text lists every problem as ``file:line:column: what; the mend``.
    """
    source = read_yaml(path.read_bytes(), path.name)
    problems, scenario = list(source.problems), None
    try:
        scenario = Scenario.model_validate({} if source.value is None else source.value)
    except ValidationError as error:
        problems += validation_problems(error, source)
    else:
        problems += _unknown_intents(scenario, playbook, source)
    if scenario is None or problems:
        raise ScenarioError(
            f"the scenario {path} has {len(problems)} problem(s):\n{listed(problems)}",
            problems=[problem.model_dump() for problem in problems],
        )
    return scenario


def _unknown_intents(scenario: Scenario, playbook: Playbook, source: Source) -> list[Problem]:
    return [
        source.place(("says", name)).problem(
            f"no intent {name!r} in the playbook; {alternatives(name, playbook.intents)}"
        )
        for name in scenario.says
        if name not in playbook.intents
    ]
