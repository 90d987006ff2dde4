"""Settings from the environment; the only module that reads it."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Variables ``HANDRAIL_*``; command-line options take precedence."""

    model_config = SettingsConfigDict(env_prefix="HANDRAIL_", extra="ignore")

    home: Path = Path(".handrail")
    """Folder for the embedded database, the secret and trained classifiers."""
    database: str | None = None
    """SQLAlchemy URL; an SQLite file in ``home`` where left out."""
    playbook: Path | None = None
    """Folder of the playbook; the demo shop where left out."""
    model: str | None = None
    """Language model, such as ``openai:gpt-5-mini``; replies come from templates without one."""
    judge: str | None = None
    """Judge of statements that no rule decides: a model's name, or ``onnx:/folder`` with an NLI
    model, or ``python:module:callable``."""
    support_scorer: Path | None = None
    """Scorer of ``fact.grounded`` that was trained on replies of one's own."""
    model_budget: int | None = Field(default=None, ge=0)
    """Tokens of the model that one conversation may cost; then templates and people answer."""
    model_seconds: float = Field(default=30.0, gt=0)
    """Longest time for one call of the model; it is tried twice."""
    model_input_price: float = Field(default=0.0, ge=0)
    """Price of a million tokens in, for the cost on spans; in any currency."""
    model_output_price: float = Field(default=0.0, ge=0)
    """Price of a million tokens out."""
    embeddings: Path | None = None
    """Folder of a sentence encoder that intents are told by too; none where left out."""
    host: str = "127.0.0.1"
    port: int = 8717
    secret: str | None = None
    """Signs sessions and customer links; made and kept in ``home`` where left out."""
    webhook_secret: str | None = None
    """Signs webhooks, both ways; shared with the other side. Without it none is taken."""
    webhook_url: str | None = None
    """Where replies on the channel ``webhook`` are posted to."""
    trusted_user_header: str | None = None
    """Header in which a reverse proxy names the signed-in person."""
    concurrency: int = Field(default=100, ge=1)
    """Conversations that one process runs at once; most of them wait on a model."""
    drain_seconds: float = Field(default=20.0, ge=0)
    """How long turns may go on when the process is told to stop; then others run them anew."""
    trace: bool = True
    """Whether spans are stored."""
    retention_span_days: int = Field(default=90, ge=0)
    """``handrail db prune`` removes older spans; 0 keeps them."""
    retention_conversation_days: int = Field(default=0, ge=0)
    """``handrail db prune`` removes conversations in which nothing waits and nothing happened for
    so long, with everything of them; 0 keeps them."""

    @property
    def database_url(self) -> str:
        """The database to use."""
        return self.database or f"sqlite:///{(self.home / 'handrail.db').resolve()}"
