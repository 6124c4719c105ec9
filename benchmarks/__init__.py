"""One file per figure: what Workbench takes beside what others take, in the same run.

python3 bootstrap.py bench [ingest|startup|receiver …] [--small]

ingest      a snapshot of Instagram-like rows → raw, Parquet, rejects; beside a bare DuckDB COPY, sha256 and zstd
startup     `--help` and `status` as whole processes, beside a bare typer app and the bare imports
receiver    deliveries until the 200, over real sockets

rows        Instagram-like rows, the same bytes on every machine
measured    a contender is a process of its own, contenders take turns, medians of what the system says they took
"""
