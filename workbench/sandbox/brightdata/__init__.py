"""Bright Data, Web Scraper API v3, as documented and as observed.

service      the route table; auth, switches and counting around every route
world        what the routes share; looking at a snapshot
accept       what a trigger may say: body shapes, parameters, validation
trigger      trigger · scrape · rerun
snapshots    progress · list · log · parts · input · cancel
download     the rows of a snapshot, whole or in parts, or broken as switched
deliver      deliver · delivery, and the courier that calls endpoints
account      datasets · metadata · balance · status
control      /sandbox/…: counts, triggers, exact lines
plan         what an input gives · formats: rows → bytes · datasets: the table · rows/: the makers
strangers    old snapshots that somebody else asked for
store        SQLite tables · switches: the failures that can be asked for
"""
