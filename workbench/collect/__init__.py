"""collect: tracked sources → rows an analyst can query. Nobody waits, nothing is lost, nothing is paid twice.

plan.py       sources + dates → what would be triggered, what it may cost, and the hash that names it
trigger.py    planned    → triggered    the one request that costs money, sent once
poll.py       triggered  → ready        ask whether the snapshot is finished
download.py   ready      → downloaded   the raw bytes, verified, kept for ever
completeness.py is a body whole, ours, and there once? asked before anything of it is published
rowcounts.py  how many rows the vendor lists, remembered
stage.py      downloaded → staged       rows into Parquet and rejects, under final names
publish.py    staged     → published    into the manifest, in one transaction
reconcile.py  unsure     → triggered | planned    look whether a trigger without an answer happened

adopt.py      what was asked the same already is adopted instead of triggered
flow.py       the table of the steps, and how long each waits before it is tried again
model.py      sources, runs, jobs, snapshots; every state of a snapshot with what it means
sources.py    sources.csv → sources
folders.py    the tree that people open: names, and why a folder is empty
imports.py    a file on disk → raw bytes in the lake, as if downloaded
bodies.py     arrays and CSV as lines
board.py      snapshots here and there as one table, and what may be done about each
scan.py       what exists at Bright Data against what we have
stages.py     how far a run is, step by step, with rates and the time left
status.py     how runs stand, in people's words
service.py    what a person orders: sources, plans, runs
browsing.py   what an analyst finds and takes away, folder by folder
storytelling.py what happened to runs and snapshots, in an operator's words
pasting.py    addresses that somebody pasted → what they are
retrying.py   what failed of a run, and what trying once more would do
importing.py  what a person brings in from a disk
recovery.py   what a person does about snapshots that are lost, stuck or in doubt
own_datasets.py  [[datasets]] of workbench.toml
store.py      sources, plans, runs in the ledger
forgetting.py  whoever is tracked, forgotten: rows, bodies, inputs, the source itself
forget_store.py  the same in the ledger
recovery_store.py  what people decide about snapshots, in the ledger
vendor_lists.py  what Bright Data lists and the ledger does not have
queries.py    questions about runs and snapshots; never writes
run_lists.py  runs, jobs, sources and events a page at a time; never writes
commands.py   `workbench collect`, `workbench sources`, `workbench import`
recovery_commands.py  `workbench recover`
panel.py      plan, start, watch, folders, tables, chart of a run: the calls of the runs notebook, and their widgets
form_panel.py what a run is to ask for: the form, and sources by tick or by paste
watch_panel.py how a run comes along, live
runs_board_panel.py all runs and their jobs, with what can be done about each
browse_panel.py the tree of what came, and the tabs of a folder
recovery_panel.py  scan, adopt, what waits, the outcome: the calls of the recovery notebook, and their widgets
markup.py     a plan, a run, its folders and rows as markup: the same for both faces
progress.py   how a run comes along: live on a terminal, a line per change elsewhere
order.py      what was planned, and the run that came of it
run_summary.py   how a run stands, in words for a person: a pure function of `wb.status()`
watcher.py    the one thread per run that looks at the ledger and tells the views
tools.py      what the steps work with, and where a snapshot's files lie
"""
