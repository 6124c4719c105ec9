"""The first schema: sources, plans, runs, jobs, snapshots, files, spend, executions, leases, events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "call",
        sa.Column("ticket", sa.String(length=40), nullable=False),
        sa.Column("vendor", sa.String(length=40), nullable=False),
        sa.Column("until", sa.String(27), nullable=False),
        sa.Column("refused_at", sa.String(27), nullable=True),
        sa.Column("pause_until", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("ticket", name=op.f("pk_call")),
    )
    op.create_index("ix_call_vendor", "call", ["vendor"], unique=False)
    op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_head")),
    )
    op.create_table(
        "event",
        sa.Column("seq", Big, autoincrement=False, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("item_kind", sa.String(length=20), nullable=False),
        sa.Column("item_id", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
    )
    op.create_index("ix_event_item", "event", ["item_kind", "item_id"], unique=False)
    op.create_table(
        "execution",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("notebook", sa.Text(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("started_at", sa.String(27), nullable=False),
        sa.Column("ended_at", sa.String(27), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_execution")),
    )
    op.create_table(
        "file",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("item_kind", sa.String(length=20), nullable=False),
        sa.Column("item_id", Big, nullable=False),
        sa.Column("rows", Big, nullable=False),
        sa.Column("bytes", Big, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("compacted_into", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_file")),
    )
    op.create_index(op.f("ix_file_compacted_into"), "file", ["compacted_into"], unique=False)
    op.create_index("ix_file_item", "file", ["item_kind", "item_id"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("token", Big, nullable=False),
        sa.Column("until", sa.String(27), nullable=False),
        sa.Column("until_boot", sa.Float(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "plan",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("run_id", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_plan")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("cancelled_at", sa.String(27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_table(
        "source",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=True),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default="1", nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("platform", "service", "url", name=op.f("uq_source_platform_service_url")),
    )
    op.create_table(
        "spend",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("item_kind", sa.String(length=20), nullable=False),
        sa.Column("item_id", Big, nullable=False),
        sa.Column("intent_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("micro_usd", Big, nullable=False),
        sa.Column("records", Big, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend")),
        sa.UniqueConstraint(
            "item_kind", "item_id", "intent_id", "kind", name=op.f("uq_spend_item_kind_item_id_intent_id_kind")
        ),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.String(length=40), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("dataset_id", sa.String(length=60), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_job_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_run_id"), "job", ["run_id"], unique=False)
    op.create_table(
        "snapshot",
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
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("dataset_id", sa.String(length=60), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.String(length=64), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("source_ids", sa.Text(), nullable=False),
        sa.Column("estimate_records", Big, nullable=False),
        sa.Column("price_micro_usd", Big, nullable=False),
        sa.Column("provider_id", sa.String(length=128), nullable=True),
        sa.Column("vendor_status", sa.Text(), nullable=True),
        sa.Column("triggered_at", sa.String(27), nullable=True),
        sa.Column("ready_at", sa.String(27), nullable=True),
        sa.Column("last_checked_at", sa.String(27), nullable=True),
        sa.Column("processed_at", sa.String(27), nullable=True),
        sa.Column("expires_at", sa.String(27), nullable=True),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("staged", sa.Text(), nullable=True),
        sa.Column("row_count", Big, nullable=True),
        sa.Column("warning_count", Big, nullable=True),
        sa.Column("error_count", Big, nullable=True),
        sa.Column("malformed_count", Big, nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.CheckConstraint("armed = false OR intent_id IS NOT NULL", name=op.f("ck_snapshot_armed_has_intent")),
        sa.CheckConstraint("armed = false OR lease_owner IS NOT NULL", name=op.f("ck_snapshot_armed_has_owner")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_snapshot_job_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_snapshot_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_snapshot_provider_id")),
    )
    op.create_index("ix_snapshot_due", "snapshot", ["next_at", "state"], unique=False)
    op.create_index(
        "ix_snapshot_held",
        "snapshot",
        ["lease_owner"],
        unique=False,
        sqlite_where=sa.text("lease_owner IS NOT NULL"),
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
    )
    op.create_index(op.f("ix_snapshot_input_hash"), "snapshot", ["input_hash"], unique=False)
    op.create_index("ix_snapshot_intent", "snapshot", ["intent_id"], unique=False)
    op.create_index(op.f("ix_snapshot_job_id"), "snapshot", ["job_id"], unique=False)
    op.create_index(op.f("ix_snapshot_run_id"), "snapshot", ["run_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("intent_id", sa.String(length=64), nullable=True),
        sa.Column("snapshot", Big, nullable=True),
        sa.Column("provider_id", sa.String(length=128), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("attention", sa.String(length=20), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("sent", sa.Text(), nullable=False),
        sa.Column("named", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("bytes", Big, nullable=False),
        sa.Column("unpacked_bytes", Big, nullable=False),
        sa.Column("copies", sa.Integer(), server_default="1", nullable=False),
        sa.Column("looks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("last_at", sa.String(27), nullable=False),
        sa.Column("next_at", sa.String(27), nullable=True),
        sa.Column("processed_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(["snapshot"], ["snapshot.id"], name=op.f("fk_delivery_snapshot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("digest", name=op.f("uq_delivery_digest")),
    )
    op.create_index(op.f("ix_delivery_next_at"), "delivery", ["next_at"], unique=False)
    op.create_index(op.f("ix_delivery_snapshot"), "delivery", ["snapshot"], unique=False)
    op.create_table(
        "snapshot_input",
        sa.Column("snapshot", Big, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["snapshot"], ["snapshot.id"], name=op.f("fk_snapshot_input_snapshot")),
        sa.PrimaryKeyConstraint("snapshot", "position", name=op.f("pk_snapshot_input")),
    )
    op.create_index(op.f("ix_snapshot_input_fingerprint"), "snapshot_input", ["fingerprint"], unique=False)
    op.create_table(
        "snapshot_use",
        sa.Column("snapshot", Big, nullable=False),
        sa.Column("job_id", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_snapshot_use_job_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_snapshot_use_run_id")),
        sa.ForeignKeyConstraint(["snapshot"], ["snapshot.id"], name=op.f("fk_snapshot_use_snapshot")),
        sa.PrimaryKeyConstraint("snapshot", "job_id", name=op.f("pk_snapshot_use")),
    )
    op.create_index(op.f("ix_snapshot_use_run_id"), "snapshot_use", ["run_id"], unique=False)
    op.create_table(
        "source_result",
        sa.Column("snapshot", Big, nullable=False),
        sa.Column("source_id", Big, nullable=False),
        sa.Column("row_count", Big, nullable=True),
        sa.Column("warning_count", Big, nullable=True),
        sa.Column("error_count", Big, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["snapshot"], ["snapshot.id"], name=op.f("fk_source_result_snapshot")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_result_source_id")),
        sa.PrimaryKeyConstraint("snapshot", "source_id", name=op.f("pk_source_result")),
    )
