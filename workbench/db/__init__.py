"""db: the ledger's database, spoken to through SQLAlchemy: SQLite in a file, or PostgreSQL by URL.

schema.py     every table, portable to PostgreSQL
columns.py    how values are spelt, and what every kind of item has
connect.py    connections: SQLite in WAL, PostgreSQL by URL; refuses network file systems
migrate.py    schema version on open; Alembic (migrations/) only when it differs
ledger.py     Ledger: open, read, write; the mode stamp
event_log.py  events, each carrying the hash of the one before
history.py    what happened to an item, and whether the log holds
liveness.py   which owners are alive
clock.py      the time, and a clock that runs during sleep
redaction.py  a mask in the place of a person, and no trace in free pages
journal.py    the second witness: every act, in a file of this host
backups.py    a copy of the ledger, and what it says of files
"""
