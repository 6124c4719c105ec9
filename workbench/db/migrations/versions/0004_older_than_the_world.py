"""What a ledger that is older than the world may not know, and what Bright Data lists."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "behind",
        sa.Column("scope", sa.String(200), nullable=False),
        sa.Column("why", sa.String(20), nullable=True),
        sa.Column("since", sa.String(27), nullable=True),
        sa.Column("compared_at", sa.String(27), nullable=True),
        sa.Column("waits", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_behind")),
    )
    op.create_table(
        "lost_act",
        sa.Column("intent_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("item_kind", sa.String(20), nullable=False),
        sa.Column("scope", sa.String(200), nullable=False),
        sa.Column("mark", sa.String(64), nullable=True),
        sa.Column("micro_usd", Big, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("found_as", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("intent_id", "key", name=op.f("pk_lost_act")),
    )
    op.create_index(op.f("ix_lost_act_scope"), "lost_act", ["scope"])
    op.create_table(
        "vendor_list",
        sa.Column("dataset_id", sa.String(60), nullable=False),
        sa.Column("at", sa.String(27), nullable=True),
        sa.Column("from_date", sa.String(10), nullable=True),
        sa.Column("owner", sa.String(200), nullable=True),
        sa.Column("asking", sa.String(200), nullable=True),
        sa.Column("asking_until", sa.String(27), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_vendor_list")),
    )
    op.create_table(
        "stranger",
        sa.Column("provider_id", sa.String(128), nullable=False),
        sa.Column("dataset_id", sa.String(60), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("row_count", Big, nullable=True),
        sa.Column("asked_at", sa.String(27), nullable=True),
        sa.Column("inputs", sa.Text(), nullable=True),
        sa.Column("query", sa.Text(), nullable=True),
        sa.Column("is_foreign", sa.Boolean(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_stranger")),
    )
    op.create_index(op.f("ix_stranger_dataset_id"), "stranger", ["dataset_id"])
