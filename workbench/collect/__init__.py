"""collect: tracked sources → rows an analyst can query. Nobody waits, nothing is lost, nothing is paid twice.

plan.py       sources + dates → what would be triggered, what it may cost, and the hash that names it
trigger.py    planned    → triggered    the one request that costs money, sent once
poll.py       triggered  → ready        ask whether the snapshot is finished
download.py   ready      → downloaded   the raw bytes, verified, kept for ever
stage.py      downloaded → staged       rows into Parquet and rejects, under final names
publish.py    staged     → published    into the manifest, in one transaction

flow.py       the table of the steps
sources.py    sources.csv → sources
folders.py    the tree that people open: names, and why a folder is empty
"""
