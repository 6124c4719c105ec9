"""The chain of sealed reports, what of them is looked through, and which notebook ordered what."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for table in ("run", "batch", "posting_job"):
        op.add_column(table, sa.Column("execution_id", sa.String(40), nullable=True))
        op.create_index(op.f(f"ix_{table}_execution_id"), table, ["execution_id"])
    op.add_column("execution", sa.Column("effects", sa.Text(), nullable=True))
    op.add_column("execution", sa.Column("cost_micro_usd", Big, nullable=True))
    op.create_table(
        "execution_text",
        sa.Column("execution_id", sa.String(40), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("execution_id", name=op.f("pk_execution_text")),
    )
    op.create_table(
        "seal",
        sa.Column("sequence", Big, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("execution_id", sa.String(40), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("manifest", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("begun_at", sa.String(27), nullable=False),
        sa.Column("sealed_at", sa.String(27), nullable=True),
        sa.Column("removes", sa.Text(), nullable=True),
        sa.Column("removed_at", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_seal")),
    )
    op.create_index(op.f("ix_seal_execution_id"), "seal", ["execution_id"])
