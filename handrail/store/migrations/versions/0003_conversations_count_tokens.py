"""Conversations count tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Carry the change out."""
    op.add_column(
        "conversations", sa.Column("tokens", sa.Integer(), nullable=False, server_default="0")
    )
