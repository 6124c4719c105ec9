"""lake: the tables that analysts ask, and the files that they are made of.

service.py     questions, which change nothing; what is missing
keeping.py     compaction, the sweep, backup and restore
tending.py     what a worker does for the lake in idle moments
identity.py    a ledger and its lake know each other
"""
