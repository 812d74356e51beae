"""The first schema."""

from alembic import op

from store.tables import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables."""
    METADATA.create_all(op.get_bind(), checkfirst=False)
