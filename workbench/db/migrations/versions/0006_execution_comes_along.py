"""Executions: who executes one, what it must not run beside, how it comes along, and that it is to stop."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("execution", sa.Column("key", sa.Text(), nullable=True))
    op.add_column("execution", sa.Column("owner", sa.String(200), nullable=True))
    op.add_column("execution", sa.Column("heartbeat_at", sa.String(27), nullable=True))
    op.add_column("execution", sa.Column("cells_run", sa.Integer(), nullable=True))
    op.add_column("execution", sa.Column("cells_total", sa.Integer(), nullable=True))
    op.add_column("execution", sa.Column("cell", sa.Text(), nullable=True))
    op.add_column("execution", sa.Column("cancel_asked_at", sa.String(27), nullable=True))
