"""`python -m benchmarks [NAME…] [--small]`: all figures, or those named."""

import argparse
import subprocess
import sys

from benchmarks import ingest, startup


def receiver(*, small: bool) -> None:
    print("\nreceiver", flush=True)
    command = [sys.executable, "-m", "benchmarks.receiver", "--deliveries", "100" if small else "2000"]
    subprocess.run(command, check=True)


FIGURES = {"ingest": ingest.run, "startup": startup.run, "receiver": receiver}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--small", action="store_true", help="little data: proves that they run, measures nothing")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in FIGURES]:
        parser.error(f"there is no figure {unknown[0]!r}; known: {', '.join(FIGURES)}")
    for name in given.names or FIGURES:
        FIGURES[name](small=given.small)


main()
