"""Opens the language model that a name stands for."""

from __future__ import annotations

from handrail.core.ports import ChatModel
from handrail.core.registry import registered
from handrail.language.models.langchain import open_langchain


def open_chat_model(name: str) -> ChatModel:
    """Open a model such as ``openai:gpt-5-mini``.

    The part before the colon is looked up among the registered models; a name that is not there
    is a LangChain provider.

    Raises:
        ModelUnavailableError: package, key or name is wrong; the text names the mend.
    """
    model: ChatModel = registered("model").get(name.partition(":")[0], open_langchain)(name)
    return model
