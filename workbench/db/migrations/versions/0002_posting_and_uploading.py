"""Accounts, creatives and their uploads, listings and their postings, acts, errors on pages."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default="1", nullable=False),
        sa.Column("paused_kind", sa.String(length=30), nullable=True),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("paused_at", sa.String(27), nullable=True),
        sa.Column("not_before", sa.String(27), nullable=True),
        sa.Column("wait_reason", sa.Text(), nullable=True),
        sa.Column("gap_seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column("daily_cap", sa.Integer(), nullable=True),
        sa.Column("quiet_from", sa.String(length=5), nullable=True),
        sa.Column("quiet_to", sa.String(length=5), nullable=True),
        sa.Column("last_act_at", sa.String(27), nullable=True),
        sa.Column("proved_at", sa.String(27), nullable=True),
        sa.Column("proof", sa.String(length=30), nullable=True),
        sa.Column("proof_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("removed_at", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
    )
    op.create_table(
        "creative",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("unique_id", sa.String(length=40), nullable=False),
        sa.Column("part", sa.String(length=8), server_default="", nullable=False),
        sa.Column("native_pair_id", sa.String(length=40), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creative")),
        sa.UniqueConstraint("unique_id", "part", name=op.f("uq_creative_unique_id_part")),
    )
    op.create_index(op.f("ix_creative_sha256"), "creative", ["sha256"], unique=False)
    op.create_table(
        "error_log",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("item_kind", sa.String(length=20), nullable=False),
        sa.Column("item_id", Big, nullable=False),
        sa.Column("account_id", Big, nullable=True),
        sa.Column("error_type", sa.String(length=30), nullable=False),
        sa.Column("error_class", sa.String(length=30), nullable=False),
        sa.Column("certain", sa.Boolean(), nullable=False),
        sa.Column("retryable", sa.Boolean(), nullable=False),
        sa.Column("needs_person", sa.Boolean(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("stack_trace", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_error_log")),
    )
    op.create_index(op.f("ix_error_log_account_id"), "error_log", ["account_id"], unique=False)
    op.create_index("ix_error_log_item", "error_log", ["item_kind", "item_id"], unique=False)
    op.create_table(
        "posting_job",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("cancelled_at", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting_job")),
    )
    op.create_table(
        "act",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("item_kind", sa.String(length=20), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("account_id", Big, nullable=True),
        sa.Column("intent_id", sa.String(length=64), nullable=False),
        sa.Column("baseline", sa.Text(), nullable=False),
        sa.Column("armed_at", sa.String(27), nullable=False),
        sa.Column("undone_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_act_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act")),
    )
    op.create_index(op.f("ix_act_account_id"), "act", ["account_id"], unique=False)
    op.create_table(
        "batch",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("account_id", Big, nullable=True),
        sa.Column("campaign_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("cancelled_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_batch_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
    )
    op.create_table(
        "listing",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("account_id", Big, nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha", sa.String(length=64), nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_listing_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing")),
    )
    op.create_index(op.f("ix_listing_account_id"), "listing", ["account_id"], unique=False)
    op.create_index(op.f("ix_listing_sha"), "listing", ["sha"], unique=False)
    op.create_table(
        "posting",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attention", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("state_at", sa.String(27), nullable=False),
        sa.Column("next_at", sa.String(27), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("crashes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("armed", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("intent_id", sa.String(length=64), nullable=True),
        sa.Column("act_id", sa.String(length=64), nullable=True),
        sa.Column("armed_at", sa.String(27), nullable=True),
        sa.Column("acts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("looks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("lease_owner", sa.String(length=200), nullable=True),
        sa.Column("lease_token", Big, server_default="0", nullable=False),
        sa.Column("lease_until", sa.String(27), nullable=True),
        sa.Column("lease_until_boot", sa.Float(), nullable=True),
        sa.Column("progress_done", Big, nullable=True),
        sa.Column("progress_total", Big, nullable=True),
        sa.Column("progress_text", sa.Text(), nullable=True),
        sa.Column("progress_at", sa.String(27), nullable=True),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("listing_id", Big, nullable=False),
        sa.Column("account_id", Big, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_sha", sa.String(length=64), nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("end", sa.String(length=10), server_default="publish", nullable=False),
        sa.Column("remote_id", sa.String(length=64), nullable=True),
        sa.Column("remote_url", sa.Text(), nullable=True),
        sa.Column("remote_state", sa.String(length=20), nullable=True),
        sa.Column("posted_at", sa.String(27), nullable=True),
        sa.Column("screenshot", sa.Text(), nullable=True),
        sa.Column("retries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error_type", sa.String(length=30), nullable=True),
        sa.CheckConstraint("armed = false OR intent_id IS NOT NULL", name=op.f("ck_posting_armed_has_intent")),
        sa.CheckConstraint("armed = false OR lease_owner IS NOT NULL", name=op.f("ck_posting_armed_has_owner")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_posting_account_id")),
        sa.ForeignKeyConstraint(["job_id"], ["posting_job.id"], name=op.f("fk_posting_job_id")),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_posting_listing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint("account_id", "remote_id", name=op.f("uq_posting_account_id_remote_id")),
        sa.UniqueConstraint("token", name=op.f("uq_posting_token")),
    )
    op.create_index("ix_posting_due", "posting", ["next_at", "state"], unique=False)
    op.create_index(
        "ix_posting_held",
        "posting",
        ["lease_owner"],
        unique=False,
        sqlite_where=sa.text("lease_owner IS NOT NULL"),
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
    )
    op.create_index("ix_posting_intent", "posting", ["intent_id"], unique=False)
    op.create_index(op.f("ix_posting_job_id"), "posting", ["job_id"], unique=False)
    op.create_index(op.f("ix_posting_listing_id"), "posting", ["listing_id"], unique=False)
    op.create_index(
        "uq_posting_live",
        "posting",
        ["account_id", "content_sha"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('failed', 'canceled')"),
        postgresql_where=sa.text("state NOT IN ('failed', 'canceled')"),
    )
    op.create_table(
        "upload",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attention", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("state_at", sa.String(27), nullable=False),
        sa.Column("next_at", sa.String(27), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("crashes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("armed", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("intent_id", sa.String(length=64), nullable=True),
        sa.Column("act_id", sa.String(length=64), nullable=True),
        sa.Column("armed_at", sa.String(27), nullable=True),
        sa.Column("acts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("looks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("lease_owner", sa.String(length=200), nullable=True),
        sa.Column("lease_token", Big, server_default="0", nullable=False),
        sa.Column("lease_until", sa.String(27), nullable=True),
        sa.Column("lease_until_boot", sa.Float(), nullable=True),
        sa.Column("progress_done", Big, nullable=True),
        sa.Column("progress_total", Big, nullable=True),
        sa.Column("progress_text", sa.Text(), nullable=True),
        sa.Column("progress_at", sa.String(27), nullable=True),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.Column("account_id", Big, nullable=False),
        sa.Column("creative_id", Big, nullable=False),
        sa.Column("unique_id", sa.String(length=40), nullable=False),
        sa.Column("part", sa.String(length=8), server_default="", nullable=False),
        sa.Column("native_pair_id", sa.String(length=40), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("slot", sa.String(length=20), nullable=False),
        sa.Column("tab", sa.String(length=40), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("force_reason", sa.Text(), nullable=True),
        sa.Column("campaign_id", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("media", sa.Text(), nullable=True),
        sa.Column("remote_id", sa.String(length=64), nullable=True),
        sa.Column("uploaded_at", sa.String(27), nullable=True),
        sa.Column("review_status", sa.String(length=30), nullable=True),
        sa.Column("review_history", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.String(27), nullable=True),
        sa.Column("archived_at", sa.String(27), nullable=True),
        sa.Column("archive_path", sa.Text(), nullable=True),
        sa.Column("screenshot", sa.Text(), nullable=True),
        sa.Column("retries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error_type", sa.String(length=30), nullable=True),
        sa.CheckConstraint("armed = false OR intent_id IS NOT NULL", name=op.f("ck_upload_armed_has_intent")),
        sa.CheckConstraint("armed = false OR lease_owner IS NOT NULL", name=op.f("ck_upload_armed_has_owner")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_upload_account_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_upload_batch_id")),
        sa.ForeignKeyConstraint(["creative_id"], ["creative.id"], name=op.f("fk_upload_creative_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint(
            "account_id", "creative_id", "generation", name=op.f("uq_upload_account_id_creative_id_generation")
        ),
        sa.UniqueConstraint(
            "account_id", "remote_id", "generation", name=op.f("uq_upload_account_id_remote_id_generation")
        ),
    )
    op.create_index(op.f("ix_upload_batch_id"), "upload", ["batch_id"], unique=False)
    op.create_index(op.f("ix_upload_creative_id"), "upload", ["creative_id"], unique=False)
    op.create_index("ix_upload_due", "upload", ["next_at", "state"], unique=False)
    op.create_index(
        "ix_upload_held",
        "upload",
        ["lease_owner"],
        unique=False,
        sqlite_where=sa.text("lease_owner IS NOT NULL"),
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
    )
    op.create_index("ix_upload_intent", "upload", ["intent_id"], unique=False)
    # ### end Alembic commands ###
