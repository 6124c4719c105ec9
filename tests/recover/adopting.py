"""`recover adopt --all` in a process of its own, over small pages: ``… -m tests.recover.adopting HOME URL PAGE``."""

import json
import sys

from tests.flows.house import FAST
from workbench.app import open_workbench
from workbench.brightdata.client import BrightData


def main(home: str, url: str, page: str) -> None:
    whole = BrightData.list_snapshots
    BrightData.list_snapshots = lambda *args, **more: whole(*args, page_size=int(page), **more)  # type: ignore[method-assign]
    with open_workbench(home, brightdata_url=url, **FAST) as workbench:
        print(json.dumps(workbench.adopt(everything=True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
