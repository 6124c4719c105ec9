"""One file per figure: what Workbench takes beside what others take, in the same run.

python3 bootstrap.py bench [ingest|queries|ledger|receiver|startup …] [--small | --full] [--keep]

ingest      a snapshot of Instagram-like rows → raw, Parquet, rejects; beside bare DuckDB and zstd, and beside peers
queries     questions over many published snapshots, beside one Parquet file and a finished table
ledger      moves of four processes, beside bare SQLAlchemy
receiver    deliveries until the 200, over real sockets
audit       an archive of 10,000 reports: all verified, and searched
pages       clicks, tables and updates in a real JupyterLab
startup     `--help` and `status` as whole processes, beside a bare typer app and the bare imports

rows        Instagram-like rows, the same bytes on every machine
published   a home with thousands of published snapshots, without a vendor
contenders  ingest: ourselves and the bare passes
peers       ingest: polars, pandas, dlt; runs in .venv-peers
measured    a contender is a process of its own, contenders take turns, medians of what the system says they took
results     what was measured: shown, and kept as JSON
page        the kept results → docs/benchmarks.md and its charts
"""
