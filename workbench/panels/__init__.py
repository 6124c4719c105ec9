"""Panels: what a notebook shows. They draw, ask app, and decide nothing.

runs.py       plan, start, watch, folders, tables, chart of a run: the calls that a notebook makes
recovery.py   scan, adopt, what waits, the outcome: the calls of the recovery notebook
uploads.py    check, rehearse, upload, watch, results of creatives (uploadform.py: its buttons)
postings.py   check, rehearse or post, watch, results of listings: the calls of the postings notebook
postform.py   its widgets: a form for a listing, the buttons, a job as it goes
sending.py    what the buttons of both have in common: asking twice, the work as it goes
postdrawn.py  what is to be posted and what came of it as markup
start.py      the start button
watch.py      the bar, the jobs, the buttons of a run as it goes; without a person, the work itself
drawn.py      a plan, a run, its folders and rows as markup: the same for both faces
order.py      what was planned, and the run that came of it
standing.py   how a run stands, in words for a person: a pure function of `wb.status()`
watcher.py    the one thread per run that looks at the ledger and tells the views
ask.py        questions to the tables, on a cursor of their own
page.py       the two faces: live (widgets, by hand) and still (HTML that an executed notebook keeps)
widgets.py    the progress bar and the region, as anywidgets: labelled, announced, offline
markup.py     text → HTML; the only place that escapes

A click writes its order to the ledger and starts a worker process; the kernel only watches. Whatever is shown is
rebuilt from the ledger, so a closed tab or a restarted kernel loses nothing: run the cell again.
"""
