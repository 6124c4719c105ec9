"""engine: how any item moves from state to state, whichever feature it is of.

item.py         what every kind of item has, what a state means, the kinds that features register
flow.py         what a flow and a step are; what a step may yield
outcome.py      how an order ended: one rule for commands and panels
retry.py        when something is tried or looked for again
worker.py       lease items that are due, run their step, record what it yields
leases.py       lease, hold, release; what becomes of a dead owner's items
transitions.py  what a step yields, each one transaction
moving.py       what people and services do to an item outside of a lease
locks.py        named leases: what only one may do at a time, and who is at work
rate_limit.py   one throttle of a vendor for all processes
behind.py       a ledger that is older than the world: found out, and remembered until compared
orders.py       what is at work now, by the order that it belongs to
account_acts.py what was done at an account, and what such a ledger may not know of it
stuck.py        what is looked for at a site for hours, and a person should know of
"""
