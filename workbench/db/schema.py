"""The schema, portable between SQLite and PostgreSQL.

``event`` and ``spend`` are append-only. A change here needs a migration; a test proves the two equal.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from workbench.db.columns import Big, Json, UtcText, item_columns, item_rules, metadata, partial_index

meta = Table("meta", metadata, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))

source = Table(
    "source",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("platform", String(40), nullable=False),
    Column("service", String(40), nullable=False),
    Column("url", Text, nullable=False),
    Column("creator", Text),
    Column("project", Text),
    Column("options", Json, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default="1"),
    Column("created_at", UtcText, nullable=False),
    Column("merged_into", Big),  # the source that it is, written differently
    UniqueConstraint("platform", "service", "url"),
)

plan = Table(
    "plan",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("body", Json, nullable=False),
    Column("created_at", UtcText, nullable=False),
    Column("run_id", String(40)),
)

run = Table(
    "run",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("project", Text),
    Column("params", Json, nullable=False),
    Column("plan_hash", String(64), nullable=False),
    Column("folder", Text, nullable=False),
    Column("created_at", UtcText, nullable=False),
    Column("cancelled_at", UtcText),
    Column("execution_id", String(40), index=True),  # of the notebook that ordered it
)

job = Table(
    "job",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("platform", String(40), nullable=False),
    Column("service", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("dataset_id", String(60), nullable=False),
    Column("folder", Text, nullable=False),
)

snapshot = Table(
    "snapshot",
    metadata,
    *item_columns(),
    Column("run_id", ForeignKey("run.id"), nullable=False, index=True),
    Column("job_id", ForeignKey("job.id"), nullable=False, index=True),
    Column("dataset_id", String(60), nullable=False),
    Column("inputs", Json, nullable=False),
    Column("input_hash", String(64), nullable=False, index=True),
    Column("query", Json, nullable=False),
    Column("source_ids", Json, nullable=False),
    Column("estimate_records", Big, nullable=False),
    Column("price_micro_usd", Big, nullable=False),
    Column("provider_id", String(128), unique=True),
    Column("vendor_status", Text),
    Column("triggered_at", UtcText),
    Column("ready_at", UtcText),
    Column("last_checked_at", UtcText),
    Column("processed_at", UtcText),
    Column("expires_at", UtcText),
    Column("raw", Json),
    Column("staged", Json),
    Column("row_count", Big),
    Column("warning_count", Big),
    Column("error_count", Big),
    Column("malformed_count", Big),
    Column("error_code", Text),
    Column("misfits", Json),  # our column → how many values of it did not fit and are NULL
    *item_rules("snapshot"),
)

account = Table(
    "account",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("channel", String(20), nullable=False),
    Column("label", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default="1"),
    Column("paused_kind", String(30)),
    Column("paused_reason", Text),
    Column("paused_at", UtcText),
    Column("not_before", UtcText),
    Column("wait_reason", Text),
    Column("gap_seconds", Float, nullable=False, server_default="0"),
    Column("daily_cap", Integer),
    Column("quiet_from", String(5)),
    Column("quiet_to", String(5)),
    Column("last_act_at", UtcText),
    Column("proved_at", UtcText),
    Column("proof", String(30)),
    Column("proof_reason", Text),
    Column("created_at", UtcText, nullable=False),
    Column("removed_at", UtcText),
)

# One gesture at a site, with what was there before: what an act may have made is looked for against it.
act = Table(
    "act",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("item_kind", String(20), nullable=False),
    Column("items", Json, nullable=False),
    Column("account_id", ForeignKey("account.id"), index=True),
    Column("intent_id", String(64), nullable=False),
    Column("baseline", Json, nullable=False),
    Column("armed_at", UtcText, nullable=False),
    Column("undone_at", UtcText),  # proved not to have happened: it does not count for the day
)

creative = Table(
    "creative",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("unique_id", String(40), nullable=False),
    Column("part", String(8), nullable=False, server_default=""),
    Column("native_pair_id", String(40)),
    Column("path", Text, nullable=False),  # relative to the creatives' root, as everywhere
    Column("name", Text, nullable=False),
    Column("sha256", String(64), index=True),
    Column("columns", Json, nullable=False),  # its row of the inventory, as it was read
    UniqueConstraint("unique_id", "part"),
)

batch = Table(
    "batch",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("platform", String(20), nullable=False),
    Column("account_id", ForeignKey("account.id")),
    Column("campaign_id", Text),
    Column("created_at", UtcText, nullable=False),
    Column("cancelled_at", UtcText),
    Column("execution_id", String(40), index=True),  # of the notebook that ordered it
)

upload = Table(
    "upload",
    metadata,
    *item_columns(),
    Column("batch_id", ForeignKey("batch.id"), nullable=False, index=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("creative_id", ForeignKey("creative.id"), nullable=False, index=True),
    Column("unique_id", String(40), nullable=False),
    Column("part", String(8), nullable=False, server_default=""),
    Column("native_pair_id", String(40)),
    Column("path", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("platform", String(20), nullable=False),
    Column("slot", String(20), nullable=False),
    Column("tab", String(40), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("force_reason", Text),
    Column("campaign_id", Text),
    Column("sha256", String(64)),
    Column("media", Json),
    Column("remote_id", String(64)),
    Column("uploaded_at", UtcText),
    Column("review_status", String(30)),
    Column("review_history", Json),
    Column("recorded_at", UtcText),
    Column("archived_at", UtcText),
    Column("archive_path", Text),
    Column("screenshot", Text),
    Column("retries", Integer, nullable=False, server_default="0"),
    Column("error_type", String(30)),
    # Once for an account, unless sent again on purpose; and an id of the platform is of one file.
    UniqueConstraint("account_id", "creative_id", "generation"),
    UniqueConstraint("account_id", "remote_id", "generation"),
    *item_rules("upload"),
)

listing = Table(
    "listing",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("account_id", ForeignKey("account.id"), index=True),
    Column("content", Json, nullable=False),  # title, price, category, condition, description, location, photos, ...
    Column("sha", String(64), nullable=False, index=True),  # of the content
    Column("sku", Text),
)

posting_job = Table(
    "posting_job",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("params", Json, nullable=False),
    Column("created_at", UtcText, nullable=False),
    Column("cancelled_at", UtcText),
    Column("execution_id", String(40), index=True),  # of the notebook that ordered it
)

posting = Table(
    "posting",
    metadata,
    *item_columns(),
    Column("job_id", ForeignKey("posting_job.id"), nullable=False, index=True),
    Column("listing_id", ForeignKey("listing.id"), nullable=False, index=True),
    Column("account_id", ForeignKey("account.id"), nullable=False),
    Column("content", Json, nullable=False),
    Column("content_sha", String(64), nullable=False),
    Column("token", String(40), nullable=False, unique=True),
    Column("end", String(10), nullable=False, server_default="publish"),
    Column("remote_id", String(64)),
    Column("remote_url", Text),
    Column("remote_state", String(20)),
    Column("posted_at", UtcText),
    Column("screenshot", Text),
    Column("retries", Integer, nullable=False, server_default="0"),
    Column("error_type", String(30)),
    Column("begun_at", UtcText),  # when work on it first began; a try more does not move it
    UniqueConstraint("account_id", "remote_id"),
    # What is on its way or there is not posted a second time.
    partial_index(
        "uq_posting_live", "account_id", "content_sha", unique=True, where="state NOT IN ('failed', 'canceled')"
    ),
    *item_rules("posting"),
)

# Trouble on pages, one row each time; the evidence lies below data/.
error_log = Table(
    "error_log",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("item_kind", String(20), nullable=False),
    Column("item_id", Big, nullable=False),
    Column("account_id", Big, index=True),
    Column("error_type", String(30), nullable=False),  # one of the six words that sheets know
    Column("error_class", String(30), nullable=False),
    Column("certain", Boolean, nullable=False),
    Column("retryable", Boolean, nullable=False),
    Column("needs_person", Boolean, nullable=False),
    Column("message", Text, nullable=False),
    Column("stack_trace", Text),
    Column("evidence", Text),
    Column("created_at", UtcText, nullable=False),
    Index("ix_error_log_item", "item_kind", "item_id"),
)

ITEMS: Final[dict[str, Table]] = {"snapshot": snapshot, "upload": upload, "posting": posting}

snapshot_use = Table(
    "snapshot_use",
    metadata,
    Column("snapshot", ForeignKey("snapshot.id"), primary_key=True),
    Column("job_id", ForeignKey("job.id"), primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False, index=True),
)

# What a snapshot was asked, input by input: a younger run that asks the same is answered by it.
snapshot_input = Table(
    "snapshot_input",
    metadata,
    Column("snapshot", ForeignKey("snapshot.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", String(64), nullable=False, index=True),
)

source_result = Table(
    "source_result",
    metadata,
    Column("snapshot", ForeignKey("snapshot.id"), primary_key=True),
    Column("source_id", ForeignKey("source.id"), primary_key=True),
    Column("row_count", Big),
    Column("warning_count", Big),
    Column("error_count", Big),
    Column("reason", Text),
    Column("misfits", Json),
)

file = Table(
    "file",
    metadata,
    Column("path", Text, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("item_kind", String(20), nullable=False),
    Column("item_id", Big, nullable=False),
    Column("rows", Big, nullable=False),
    Column("bytes", Big, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_at", UtcText, nullable=False),
    Column("compacted_into", Text, index=True),  # the file that has its rows too, and is read instead
    Index("ix_file_item", "item_kind", "item_id"),
)

spend = Table(
    "spend",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("item_kind", String(20), nullable=False),
    Column("item_id", Big, nullable=False),
    Column("intent_id", String(64), nullable=False),
    Column("kind", String(10), nullable=False),  # reserve | settle | release | correct1, correct2, ...
    Column("micro_usd", Big, nullable=False),
    Column("records", Big, nullable=False),
    Column("at", UtcText, nullable=False),
    UniqueConstraint("item_kind", "item_id", "intent_id", "kind"),
)

execution = Table(
    "execution",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("notebook", Text, nullable=False),
    Column("params", Json, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("actor", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("started_at", UtcText, nullable=False),
    Column("ended_at", UtcText),
    Column("error", Text),
    Column("key", Text),  # what it was not to be executed beside
    Column("owner", String(200)),  # the process that executes it, by its place among the living
    Column("heartbeat_at", UtcText),
    Column("cells_run", Integer),
    Column("cells_total", Integer),
    Column("cell", Text),  # the title of the one at work
    Column("cancel_asked_at", UtcText),
    Column("effects", Json),  # what was done outside by the work that it ordered, as of its seal
    Column("cost_micro_usd", Big),
)

# What `audit find` looks through: all parameters, errors and outputs, redacted like the report.
execution_text = Table(
    "execution_text",
    metadata,
    Column("execution_id", String(40), primary_key=True),
    Column("parameters", Json, nullable=False),
    Column("text", Text, nullable=False),
)

# The chain of manifests in archive/reports. A row without `sealed_at` is of a sealer that has not come to its end.
seal = Table(
    "seal",
    metadata,
    Column("sequence", Big, primary_key=True, autoincrement=False),
    Column("kind", String(20), nullable=False),  # report | earlier | tombstone
    Column("execution_id", String(40), nullable=False, index=True),
    Column("place", Text, nullable=False),  # below archive/reports
    Column("manifest", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("begun_at", UtcText, nullable=False),
    Column("sealed_at", UtcText),
    Column("removes", Text),  # the place that a tombstone signs off
    Column("removed_at", UtcText),  # when that was gone
)

# What a webhook brought. The body lies in data/deliveries/ under its digest until its retention ends.
delivery = Table(
    "delivery",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),  # of the path's token and the unpacked body
    Column("intent_id", String(64)),  # the token in the path
    Column("snapshot", ForeignKey("snapshot.id"), index=True),
    Column("provider_id", String(128)),  # what Bright Data's own headers or notice call the snapshot
    Column("status", String(20), nullable=False),
    Column("attention", String(20)),
    Column("error_message", Text),
    Column("sent", Json, nullable=False),  # headers and query parameters that may name a snapshot
    Column("named", Json, nullable=False),  # place → id, from all of them and the body
    Column("hint", Text),
    Column("file", Text),
    Column("bytes", Big, nullable=False),
    Column("unpacked_bytes", Big, nullable=False),
    Column("copies", Integer, nullable=False, server_default="1"),
    Column("looks", Integer, nullable=False, server_default="0"),
    Column("received_at", UtcText, nullable=False),
    Column("last_at", UtcText, nullable=False),
    Column("next_at", UtcText, index=True),
    Column("processed_at", UtcText),
)

named_lock = Table(
    "lease",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("owner", String(200)),
    Column("token", Big, nullable=False),
    Column("until", UtcText, nullable=False),
    Column("until_boot", Float, nullable=False),
    Column("note", Text),
)

# Calls to a vendor that wait for their first byte, and those it answered with 429.
call = Table(
    "call",
    metadata,
    Column("ticket", String(40), primary_key=True),
    Column("vendor", String(40), nullable=False),
    Column("until", UtcText, nullable=False),
    Column("refused_at", UtcText),
    Column("pause_until", UtcText),
    Index("ix_call_vendor", "vendor"),
)

event = Table(
    "event",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("at", UtcText, nullable=False),
    Column("item_kind", String(20), nullable=False),
    Column("item_id", String(40), nullable=False),
    Column("what", String(20), nullable=False),
    Column("from_state", String(20)),
    Column("to_state", String(20)),
    Column("facts", Json, nullable=False),
    Column("actor", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_event_item", "item_kind", "item_id"),
)

# One row. Locked last in every transaction that appends events, so that the chain has one order.
chain_head = Table(
    "chain_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Big, nullable=False),
    Column("hash", String(64), nullable=False),
)

# What the ledger may not know, because it is older than the world. `*` is every dataset and account.
behind = Table(
    "behind",
    metadata,
    Column("scope", String(200), primary_key=True),  # a dataset, or channel:label of an account
    Column("why", String(20)),  # restored | rolled_back | new | moved; none: only compared
    Column("since", UtcText),
    Column("compared_at", UtcText),
    Column("waits", Text),  # why a person is needed
)

# Acts that the journal knows and the ledger does not.
lost_act = Table(
    "lost_act",
    metadata,
    Column("intent_id", String(64), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("item_kind", String(20), nullable=False),
    Column("scope", String(200), nullable=False, index=True),
    Column("mark", String(64)),
    Column("micro_usd", Big, nullable=False),
    Column("at", UtcText, nullable=False),
    Column("found_as", String(200)),  # at the other side; then it counts there
)

# The last list of a dataset's snapshots that Bright Data gave, shared by all who look before they trigger.
vendor_list = Table(
    "vendor_list",
    metadata,
    Column("dataset_id", String(60), primary_key=True),
    Column("at", UtcText),
    Column("from_date", String(10)),
    Column("owner", String(200)),  # who asked; one that is dead may have asked before the ledger was copied
    Column("asking", String(200)),
    Column("asking_until", UtcText),
    Column("refused", Text),  # in the vendor's words, where it gives none
)

# Snapshots on it that the ledger does not have, with what they were asked.
stranger = Table(
    "stranger",
    metadata,
    Column("provider_id", String(128), primary_key=True),
    Column("dataset_id", String(60), nullable=False, index=True),
    Column("created_at", UtcText),
    Column("status", Text, nullable=False),
    Column("row_count", Big),
    Column("asked_at", UtcText),
    Column("inputs", Json),  # none once asked: the vendor does not tell
    Column("query", Json),
    Column("is_foreign", Boolean, nullable=False, server_default="0"),  # by a person's word
)

# The entries [[schedules]] of workbench.toml, as far as somebody has decided about their ticks.
schedule = Table(
    "schedule",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("spec", Json, nullable=False),  # cron, zone, paused as they were last seen; another one begins anew
    Column("through", UtcText, nullable=False),  # every tick until then is decided
    Column("paused", Boolean, nullable=False, server_default="0"),  # by a person's word
    Column("told", String(20)),  # `failed`: the owner knows that it fails, and not yet that it is well again
    Column("notify_error", Text),  # why the owner could not be told
)

# One time at which a schedule is due. The row is there before its work begins: whoever writes it does the work.
tick = Table(
    "tick",
    metadata,
    Column("schedule", ForeignKey("schedule.name"), primary_key=True),
    Column("at", UtcText, primary_key=True),
    Column("outcome", String(20), nullable=False),  # running, missed, or how it ended
    Column("reason", Text),
    Column("execution_id", String(40)),  # of a notebook
    Column("log", Text),  # what a command printed, below the home
    Column("by_hand", Boolean, nullable=False, server_default="0"),
    Column("owner", String(200)),
    Column("actor", Text, nullable=False),
    Column("started_at", UtcText),
    Column("ended_at", UtcText),
    partial_index("ix_tick_running", "schedule", where="outcome = 'running'", unique=True),
)
