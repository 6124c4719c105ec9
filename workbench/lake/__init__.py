"""lake: the tables that analysts ask, and the files that they are made of. Only here are Parquet and DuckDB spoken.

service.py    questions, which change nothing; what is missing
lost.py       what of the lake is missing, and what an older transform made
litter.py     what may be swept from the lake, and copying it whole
keeping.py    compaction, the sweep, backup and restore
tending.py    what a worker does for the lake in idle moments
identity.py   a ledger and its lake know each other
model.py      what tables are made of, as a move writes it
store.py      which lake a ledger is about, and what lies there
forgetting.py which rows are a person's, and a body without them
compacted.py  which files of the ledger's manifest are compacted
commands.py   `workbench sql`, `compact`, `sweep`, `backup`, `restore`

schema.py     the pinned columns of every kind of table
raw.py        bodies as received: kept, and read back line by line
transform.py  a body → Parquet: strict read, exact read, the count that must come out
pieces.py     a large body cut, so that two can read it at once
columns.py    vendor keys → our columns and their types
values.py     one value against one type
attribute.py  rows → sources
repair.py     lines that cannot be read → lines that can
rejects.py    lines that did not become data → rejects
suspect_rows.py rows that need a second look before they are published
transform_session.py the DuckDB that transforms, in bounded memory
catalog.py    the files of the lake and the ledger's tables as one queryable whole
ledger_tables.py the ledger's tables as Arrow
guard.py      one SELECT and nothing else; a connection that reaches no further than the lake
compaction.py small files → one sorted file a kind, and the latest of everything
serving.py    the serving copy workbench.duckdb, swapped whole
excerpt.py    rows of some snapshots a page at a time, and the query that gives the same
show.py       what a query answered, as a text table, JSON, CSV, Parquet or a spreadsheet
sql.py        SQL from templates
"""
