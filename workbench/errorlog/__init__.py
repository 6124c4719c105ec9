"""errorlog: what went wrong, whichever feature it happened to, and what a person does about each.

model.py    the channels, the words of a class, what mends a thing in trouble
service.py  listed with filters and counts, one with its picture and story, mended
panel.py    the table, its filters, and one error with its one action
store.py    faults at pages and failed snapshots as one list, cut where the data is
"""
