"""The command line: what the commands of all features share.

commands.py  the tree: which word calls what
boundary.py  errors → one line, a JSON object, an exit code; never a traceback
exits.py     the exit codes
console.py   what a terminal is shown: tables, times, JSON; hostile text made harmless
options.py   options that several commands take, declared once
opening.py   the workbench of this home, a person's yes, and a clean end on Ctrl-C and SIGTERM
cells.py     how a notebook comes along, cell by cell
items.py     how the items of one order come along: of a posting job, of a batch
version.py   which code answers
__main__.py  `python -m workbench.cli`: the same as `workbench`

A command parses, asks its feature's service, and prints; it decides nothing. Before a command runs, its own file and
typer are imported, and nothing of the other commands.
"""

from __future__ import annotations


def main() -> int:
    """Run the command line of this process; the exit code."""
    from workbench.cli.boundary import run

    return run()
