"""The edge to Bright Data: the only place that speaks to the vendor.

wire.py      one call: gate, key, total time limit, bounded answer
responses.py  what the vendor's words mean: the status of a snapshot, and what it refuses as our errors
client.py    the verbs: trigger, progress, parts, list, cancel, ...
download.py  a snapshot's rows to disk: streamed, verified, resumable
rows.py      vendor bodies and rows: their shape, their kind, arrays and CSV as NDJSON
catalogue/   the table of datasets: ids, ways to ask, inputs, columns
datasets.py  what may be asked of a dataset, and how it is written
delivery.py  what its webhook brings: unpacked within bounds, judged
webhook_probe.py  a test delivery through our own public address
contents.py  what the vendor's JSON answers hold, as values
"""
