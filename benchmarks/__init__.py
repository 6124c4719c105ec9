"""One file per figure: what Workbench takes beside what others take, in the same run.

    python3 bootstrap.py bench [NAME…] [--small]

ingest      a snapshot of 400,000 rows → tables, beside bare DuckDB, polars, pandas and dlt
queries     10,000 published snapshots, beside one Parquet file and a materialised table
ledger      moves a second from four processes, beside a bare SQLAlchemy loop
startup     `--help` and `status` as whole processes, beside a bare typer app and the bare imports
receiver    deliveries until the 200, over real sockets

measure     a task is a process of its own; contenders take turns; medians of what the system says they took
rows        Instagram-like rows, the same bytes on every machine
peers       polars, pandas and dlt on the same body; runs in .venv-peers
report      the table, docs/benchmarks.md and its chart, from results.json

A benchmark is `run(small, folder) -> list[Line]`; `folder` is outside of the repository and goes afterwards.
"""
