"""`python -m benchmarks [NAME…] [--small | --full] [--keep]`: all figures, or those named."""

import argparse
import importlib

from benchmarks import page
from benchmarks.results import keep, show

# Imported one by one, when they run: the system counts the memory of this process to that of those it starts.
FIGURES = ("ingest", "queries", "ledger", "receiver", "progress", "startup", "upload_check", "report", "audit", "pages")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    much = parser.add_mutually_exclusive_group()
    much.add_argument("--small", action="store_true", help="little data: proves that they run, measures nothing")
    much.add_argument("--full", action="store_true", help="also what takes many gigabytes or many minutes")
    parser.add_argument("--keep", action="store_true", help="in benchmarks/results, and draw docs/benchmarks.md anew")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in FIGURES]:
        parser.error(f"there is no figure {unknown[0]!r}; known: {', '.join(FIGURES)}")
    if given.small and given.keep:
        parser.error("--small measures nothing that is worth keeping")
    for name in given.names or FIGURES:
        run = importlib.import_module(f"benchmarks.{name}").run
        for figure in run("small" if given.small else "full" if given.full else "usual"):
            show(figure)
            if given.keep:
                keep(figure)
    if given.keep:
        page.draw()


main()
