"""The browser's edge: the only place with Playwright.

launch.py         find or install a Chromium and start it
kept.py           one Chromium for a thread's visits, each in a context of its own
sites.py          the two sites: addresses, what may be opened, which cookies are a login
pack.py, packs/   selectors, markers and texts of a site in a language, dated, as data
session.py        a saved login: storage state, written whole, readable by its owner only
exported.py       a login as other tools write it, mended where its meaning is sure
visit.py          one visit of one account: go, look, check, keep the login, fail with evidence
guard.py          what a page may not do meanwhile: lead elsewhere, open windows, download, ask
pagestate.py      what kind of page this is: ready, login, checkpoint, limit, unknown
faults.py         from an exception to our error, without secrets
witness.py        the masked picture and the facts of a page
evidence.py       the folders that they are kept in, and how long
login.py          the gate: a person logs in, we watch
health.py         what a login is worth: by its file, by proof at the site
fields.py         fill a field and read it back
press.py          press once, and what the site answered
once.py           what a click sends and what comes back of it; nothing more after a lost answer
traffic.py        what a page asks its site for: what its list waits for, and what went wrong
trafficjunky.py   the media library: its tabs, its cards over all pages
uploadpanel.py    its upload panel: attach once, and what was said of every file
marketplace.py    the listing form: fill, send, read back
selling.py        the list of one's own listings

Playwright's sync API throughout, in a worker's thread or process: it refuses to run inside a kernel's loop.
A page belongs to the thread that opened it.
"""
