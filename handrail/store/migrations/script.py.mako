"""${message[0].upper() + message[1:]}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Carry the change out."""
    ${"\n".join(line for line in upgrades.splitlines() if "# ###" not in line).strip() or "pass"}
