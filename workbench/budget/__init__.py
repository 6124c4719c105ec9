"""budget: what was spent, what may be, and the switch that stops it.

model.py      money, and what an order or a move writes of it
service.py    what a person asks and says of the money
commands.py   `workbench spend`
store.py      what was spent, by day, run and dataset
caps.py       what a trigger and a run must pass first
money.py      reserve, settle, release
"""
