"""Sources that are one, written differently; and what of delivered values did not fit its column."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("source", sa.Column("merged_into", Big, nullable=True))
    op.add_column("source_result", sa.Column("misfits", sa.Text(), nullable=True))
    op.add_column("snapshot", sa.Column("misfits", sa.Text(), nullable=True))
