"""`python -m workbench.home.receiver --host HOST --port PORT`: the receiver, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from workbench.errors import WorkbenchError


def main() -> int:
    from workbench.deliveries.receiver import Receiver
    from workbench.workbench import open_workbench

    parser = argparse.ArgumentParser(prog="python -m workbench.home.receiver", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-worker", action="store_true", help="never start a worker; somebody else works")
    given = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # by a thread: the main one may be in the midst of its wait
        signal.signal(number, lambda *_: threading.Thread(target=ended.set).start())
    with open_workbench() as workbench:
        workbench.working.log_here()
        starter = None if given.no_worker else workbench.working.start_worker
        try:
            with Receiver(workbench, given.host, given.port, start_worker=starter) as receiver:
                print(f"receiver {receiver.url}", flush=True)
                ended.wait()
        except WorkbenchError as error:
            print(f"error: {error.message}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
