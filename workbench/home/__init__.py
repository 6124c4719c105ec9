"""home: what is on top of all features: one home, looked at, tried out, worked on.

work.py        `work`, `status`, `todo`, `folders`
init.py        `init`: a home to fill in
start_panel.py the start page: how everything stands, and one way into each job
notebooks.py   the notebooks that ship, brought and offered
doctor.py      every setting with its origin, and what work needs
demo.py        the whole job in practice mode
lab.py         JupyterLab on this machine alone, with the notebooks
labserver.py   its process
jobs.py        its "Create Notebook Job", through audit (the extra `jobs`)
receiver.py    `python -m workbench.home.receiver`: the receiver of deliveries as a process
sandbox.py     the stand-ins of practice mode
forget.py      `forget`: somebody's data, out of everything that is kept
browser.py     whether the sites still look as we know them
"""
