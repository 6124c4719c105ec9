"""The edge to Parquet and DuckDB: the only place that imports them. It knows nothing of the ledger.

schema.py     the pinned columns of every kind of table
raw.py        bodies as received: kept, and read back line by line
transform.py  a body → Parquet: strict read, exact read, the count that must come out
pieces.py     a large body cut, so that two can read it at once
columns.py    vendor keys → our columns and their types
attribute.py  rows → sources
mend.py       lines that cannot be read → lines that can
reject.py     lines that did not become data → rejects
doubts.py     rows that need a second look before they are published
workshop.py   the DuckDB that transforms, in bounded memory
catalog.py    the files of the lake and the ledger's tables as one queryable whole
ledgered.py   the ledger's tables as Arrow
guard.py      one SELECT and nothing else; a connection that reaches no further than the lake
serve.py      the serving copy workbench.duckdb, swapped whole
show.py       what a query answered, as a text table, JSON, CSV or Parquet
sql.py        SQL from templates
"""
