"""One of several processes that order the same at the same moment: ``python -m tests.budget.child HOME URL``.

Each line of stdin is {"sources": …, "name": …, "hash": …}: it says that it heard, waits for the next line, plans where
it was given no hash, starts, works, says the run.
"""

import json
import sys
from datetime import timedelta

from tests.house import FAST
from workbench.workbench import open_workbench


def main(home: str, url: str) -> None:
    with open_workbench(home, brightdata_url=url, **FAST) as workbench:
        print(json.dumps("ready"), flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            print(json.dumps("heard"), flush=True)
            sys.stdin.readline()
            plan_hash = asked.get("hash") or workbench.plan(asked["sources"], num_posts=2, name=asked["name"]).hash
            run = workbench.start(plan_hash)
            workbench.work(limit=timedelta(seconds=30))
            print(json.dumps(run), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
