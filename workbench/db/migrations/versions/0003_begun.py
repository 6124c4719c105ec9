"""When work on a posting first began."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("posting", sa.Column("begun_at", sa.String(27), nullable=True))
    # What is known of older ones: the last order, a sign of progress, or the move that ended them.
    op.execute(
        "UPDATE posting SET begun_at = COALESCE(armed_at, progress_at, CASE WHEN state <> 'queued' THEN state_at END)"
    )
