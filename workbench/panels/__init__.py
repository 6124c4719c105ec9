"""Panels: what the panels of all features share. They draw, ask a service, and decide nothing.

ask.py        questions to the tables, on a cursor of their own
assets.py     the scripts and styles of our widgets, which lie in js/
bring.py      files from a person's own machine into the home
deciding.py   what waits for a person, each with its picture, what to do, and the buttons for it
exhibit.py    a picture to look at more closely, and long texts folded away
facts.py      names and values in a line, and the note that says whether anything is real
file_links.py files of the home as links that JupyterLab opens
form.py       a form: every mistake at once, beside its field
front_end.py  whether a person is at the notebook, by evidence
markup.py     text → HTML; the only place that escapes
page.py       a page: its two faces (live by hand, still in an executed notebook), its watcher, its boundary for errors
paged.py      a table that is cut into pages where the data is
pictures.py   screenshots of pages
sending.py    what the buttons of post and upload have in common: asking twice, the work as it goes
strip.py      what is true of a whole page: practice or live, money, worker, as of when; its pulse
tree.py       a tree by keyboard, tabs, what takes a table away
waiting.py    what waits for a person, and how an outcome is told
words.py      what the ledger says, as a page says it
widgets.py    the progress bar and the region, as anywidgets: labelled, announced, offline

A click writes its order to the ledger and starts a worker process; the kernel only watches. Whatever is shown is
rebuilt from the ledger, so a closed tab or a restarted kernel loses nothing: run the cell again.

Notebooks say `from workbench.panels import runs`; where that panel lies is nothing they need to know.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Final

_PANELS: Final = {
    "start": "workbench.home.start_panel",
    "runs": "workbench.collect.panel",
    "browse": "workbench.collect.browse_panel",
    "recovery": "workbench.collect.recovery_panel",
    "postings": "workbench.post.panel",
    "uploads": "workbench.upload.panel",
    "accounts": "workbench.accounts.panel",
    "errors": "workbench.errorlog.panel",
    "deliveries": "workbench.deliveries.panel",
}


def __getattr__(name: str) -> ModuleType:
    """Find the panel of a notebook by the name that notebooks have for it."""
    if name not in _PANELS:
        raise AttributeError(f"workbench.panels has no panel {name!r}; there are {', '.join(_PANELS)}")
    return importlib.import_module(_PANELS[name])
