"""The browser's edge: how a Chromium is driven as an account of a site. What a site's pages are made of is in packs/;
the page objects of a site are in `pages.py` of the feature that drives it.

launch.py           find or install a Chromium and start it
shared_browser.py   one Chromium for a thread's visits, each in a context of its own
sites.py            the two sites: addresses, what may be opened, which cookies are a login
selectors.py, packs/  selectors, markers and texts of a site in a language, dated, as data
session.py          a saved login: storage state, written whole, readable by its owner only
session_import.py   a login as other tools write it, mended where its meaning is sure
account_page.py     an open page of one account: go, look, check, keep the login, fail with evidence
navigation_guard.py what a page may not do meanwhile: lead elsewhere, open windows, download, ask
request_guard.py    what a click sends and what comes back of it; nothing more after a lost answer
page_requests.py    what a page asks its site for: what its list waits for, and what went wrong
page_state.py       what kind of page this is: ready, login, checkpoint, limit, unknown
page_text.py        texts of pages made comparable
page_errors.py      from an exception to our error, without secrets
page_snapshot.py    the masked picture and the facts of a page
artifacts.py        the folders of evidence that they are kept in, and how long
login.py            the gate: a person logs in, we watch
fields.py           fill a field and read it back

Playwright's sync API throughout, in a worker's thread or process: it refuses to run inside a kernel's loop.
A page belongs to the thread that opened it.
"""
