"""deliveries: what webhooks brought, stored before it is read.

service.py    matched with snapshots, listed, replayed, checked, retired
commands.py   `workbench deliveries`
panel.py      what came, and the check of the address: the calls of the deliveries notebook
store.py      kept once, replayed, staged from their bodies, retired
matching.py   which snapshot a delivery is for, and what that does
intake.py     one delivery on its way into the spool
receiver.py   public, alone on its own port, no kernels: Bright Data's webhook and the cron address
http.py       HTTP/1.1 for a public port: one request a connection, every size and time bounded
"""
