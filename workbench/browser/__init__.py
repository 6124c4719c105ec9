"""The browser's edge: the only place with Playwright.

launch.py         find or install a Chromium and start it
session.py        a saved login: storage state, written whole, readable by its owner only
accounts.py       whose login it is, and whether it is still good
evidence.py       screenshot and page facts when something fails, masked
pagestate.py      what kind of page this is: ready, login, checkpoint, unknown
trafficjunky.py   the media library: fill, send, read back
marketplace.py    the listing form: fill, send, read back
packs/            selectors and positive markers, dated, as data

Playwright's sync API throughout, in a worker's thread or process: it refuses to run inside a kernel's loop.
A page belongs to the thread that opened it.
"""
