"""Schedules as far as they were decided, and what became of each tick."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("through", sa.String(27), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("told", sa.String(20), nullable=True),
        sa.Column("notify_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedule")),
    )
    op.create_table(
        "tick",
        sa.Column("schedule", sa.String(40), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("execution_id", sa.String(40), nullable=True),
        sa.Column("log", sa.Text(), nullable=True),
        sa.Column("by_hand", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("owner", sa.String(200), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("started_at", sa.String(27), nullable=True),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(["schedule"], ["schedule.name"], name=op.f("fk_tick_schedule")),
        sa.PrimaryKeyConstraint("schedule", "at", name=op.f("pk_tick")),
    )
    op.create_index(
        "ix_tick_running",
        "tick",
        ["schedule"],
        unique=True,
        sqlite_where=sa.text("outcome = 'running'"),
        postgresql_where=sa.text("outcome = 'running'"),
    )
