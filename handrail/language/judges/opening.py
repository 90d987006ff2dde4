"""Opens the judge of statements that a name stands for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from handrail.core.errors import ModelUnavailableError
from handrail.core.ports import Judge
from handrail.language.chat_models import open_chat_model
from handrail.language.judges.model_judge import ModelJudge
from handrail.language.judges.nli_judge import open_nli
from handrail.language.model_calls import ModelCalls


def _calls(name: str) -> ModelCalls:
    return ModelCalls(open_chat_model(name))


def open_judge(
    name: str, *, calls: Callable[[str], ModelCalls] = _calls, budget: int | None = None
) -> Judge:
    """Open ``onnx:/folder``, ``python:package.module:callable``, or a chat model by its name.

    Args:
        name: The judge. The callable takes nothing and returns a judge.
        calls: Opens a chat model for calling it; one that is open already may be shared.
        budget: Tokens of a chat model that one conversation may cost; ``None`` is no limit.

    Raises:
        ModelUnavailableError: folder, package, key or name is wrong; the text names the mend.
    """
    kind, _, rest = name.partition(":")
    if kind == "onnx":
        return open_nli(Path(rest))
    if kind == "python":
        return _plug_in(name, rest)
    return ModelJudge(calls(name), budget=budget)


def _plug_in(name: str, path: str) -> Judge:
    module, _, attribute = path.partition(":")
    try:
        judge: Judge = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise ModelUnavailableError(
            f"judge {name!r} cannot be opened: {error}; write python:package.module:callable"
        ) from error
    return judge
