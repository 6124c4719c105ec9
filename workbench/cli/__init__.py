"""The command line, one small file per group of commands.

    commands    the tree: which word calls what
    boundary    errors → one line, a JSON object, an exit code; never a traceback
    exits       the exit codes, and which state leads to which
    console     what a terminal is shown: tables, times, JSON; hostile text made harmless
    opening     the workbench of this home, a person's yes, and a clean end on Ctrl-C and SIGTERM
    progress    how a run comes along: live on a terminal, a line per change elsewhere
    items       the same for a posting job and for a batch

    receiver    `python -m workbench.cli.receiver`: the receiver of deliveries as a process

    doctor · lab · sandbox · sources · collect · deliveries · accounts · listings · post · creatives · upload ·
    version · work (work, status, todo, folders) · sql · imports · recover · spend · browser · audit · demo

A command parses, asks `app`, and prints; it decides nothing. Before a command runs, its own file and typer are
imported, and nothing of the other commands.
"""

from __future__ import annotations


def main() -> int:
    """Run the command line of this process; the exit code."""
    from workbench.cli.boundary import run

    return run()
