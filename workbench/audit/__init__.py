"""Audit: a notebook becomes a report that cannot silently change.

execute → redact → seal → verify

notebook.py     the notebook as plain JSON: loading, saving, the marks that say how it ended
parameters.py   the declared parameters, read without running anything; what is given is checked against them
values.py       one value against one type
execute.py      one execution, from the check of its parameters to its seal
watch.py        the runner from outside: progress, cancel, and a verdict when it was killed
pulse.py        the ledger while it runs: progress goes there, a request to stop comes from there
runner.py       the process that runs the notebook; owns the kernel
engine.py       papermill's engine, with an honest ending
redact.py       secrets out of every text, and the scan that refuses to seal one that was left
lookalikes.py   what looks like a secret by its shape or its name
pixels.py       pictures without what they say besides their pixels
widgets.py      the still face of widgets
svg.py          drawings of which nothing acts
report.py       the HTML for a person: one file, no network, hostile outputs disarmed
seal.py         the directory written once, with its manifest
chain.py        each manifest names the one before it; tombstones; what a kill left is mended
verify_archive.py  whether an archive is what was sealed: one file of Python's standard library, which travels along
export.py       a report for somebody who has nothing of ours
find.py         the text that a search looks through
diff.py         two executions side by side
origin.py       which code, environment and person made it
service.py      what a person asks of notebooks
store.py        executions in the ledger
commands.py     `workbench audit`

papermill and nbclient are imported in the runner alone: they cost a second.
"""
