"""What breaks through an acknowledgement is told by what was there when someone took the incident.

Observations that are over can be removed from here on: the triggers, made anew after each upgrade, allow it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("incident", sa.Column("acknowledged_events", sa.BigInteger(), nullable=True))
    op.add_column("finding", sa.Column("success", sa.Boolean(), nullable=False, server_default=sa.false()))
