"""deliveries: what webhooks brought, stored before it is read.

intake.py      one delivery on its way into the spool
service.py     matched with snapshots, listed, replayed, checked, retired
"""
