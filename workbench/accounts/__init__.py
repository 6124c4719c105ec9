"""accounts: whose logins are used, what they are worth, at which pace they act.

model.py      one account, as the ledger keeps it
service.py    what a person does with accounts
panel.py      the board of accounts, and the acts of one
health.py     what a login is worth: by its file, by proof at the site
commands.py   `workbench accounts`
store.py      accounts in the ledger: pace, pauses, proofs
"""
