"""The truth about work: what exists, in which state, who holds it, what happened to it.

states.py     every state, which moves are legal, what people call them, roll-ups
records.py    frozen rows; what a step may yield; what a step is
columns.py    how values are spelt, and what every kind of item has
tables.py     the schema (SQLAlchemy Core), portable to PostgreSQL
engine.py     connections: SQLite in WAL, PostgreSQL by URL; refuses network file systems
migrate.py    schema version on open; Alembic only when it differs
chain.py      events, each carrying the hash of the one before
owners.py     who is alive
store.py      Ledger: open, read, write; the mode stamp
journal.py    the second witness: every act, in a file of this host
behind.py     a ledger that is older than the world: found out, and remembered until compared
vendorlists.py  what Bright Data lists and the ledger does not have
elsewhere.py  what it may not know of an account
claims.py     claim, hold, release; what becomes of a dead owner's items
recorder.py   what a step yields, each one transaction
lanes.py      named leases: what only one may do at a time, and who is at work
doubt.py      what is looked for at a site for hours, and a person should know of
moving.py     what people and apps do to an item outside of a claim
money.py      reserve, settle, release
breaker.py    one throttle of a vendor for all processes
collecting.py the verbs of collect: sources, plans, runs
delivering.py the verbs of deliveries: kept once, replayed, staged from their bodies, retired
matching.py   which snapshot a delivery is for, and what that does
posting.py    the verbs of post: listings, jobs, what a person decides
listed.py     how listings, posting jobs and their errors stand
auditing.py   the verbs of audit: executions
lakes.py      which lake a ledger is about, and what lies there
queries.py    questions that people and views ask; never writes
"""
