"""Run by Alembic inside the transaction of ``handrail.store.migrating``."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from handrail.store.tables import Moment, metadata


def _render(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    # A migration must not change when our own types do, so it names what they store.
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogenerate.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return 'sa.JSON().with_variant(JSONB(), "postgresql")'
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=_render,
    transactional_ddl=True,
)
context.run_migrations()
