"""budget: what was spent, what may be, and the switch that stops it.

service.py     what a person asks and says of the money
"""
