"""`recover adopt --all` over small pages, in a process of its own for each line of stdin: ``… HOME URL PAGE``.

A process that has imported everything forks them. It says {"pid": …} at once and {"status": …} when one has ended;
what one was told lies in HOME/told.
"""

import json
import os
import sys
import traceback
from pathlib import Path

import duckdb
import pyarrow.parquet

from tests.house import FAST
from workbench.brightdata.client import BrightData
from workbench.workbench import open_workbench

assert duckdb is not pyarrow  # imported before the first fork, for all children


def adopt(home: str, url: str) -> None:
    with open_workbench(home, brightdata_url=url, **FAST) as workbench:
        Path(home, "told").write_text(json.dumps(workbench.recover.adopt(everything=True)))


def main(home: str, url: str, page: str) -> None:
    whole = BrightData.list_snapshots
    BrightData.list_snapshots = lambda *args, **more: whole(*args, page_size=int(page), **more)  # type: ignore[method-assign]
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                adopt(home, url)
                code = 0
            finally:
                if code:
                    traceback.print_exc()
                sys.stderr.flush()
                os._exit(code)
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
