"""Practice mode's own world: the detached sandbox of this home, started when first needed."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from pathlib import Path
from typing import Final

from workbench import detached
from workbench.errors import BadInput
from workbench.files import make_folder

_PATIENCE: Final = 20.0  # seconds for a sandbox to answer on a busy machine
KEY: Final = "practice-key-of-no-value"  # the sandbox takes any bearer of 16 characters or more


def brightdata_url(home: Path) -> str:
    """The address of the sandbox in `home`; starts one when none answers. It outlives us, as the vendor would."""
    make_folder(home, mode=0o700)
    found = _answering(home)
    if found is not None:
        return found
    process = detached.start("workbench.sandbox", ["serve", "--home", str(home)], log=home / "sandbox.log")
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = _answering(home)
        if found is not None:
            return found
        if process.poll() not in (None, 0):
            break
        time.sleep(0.05)
    raise BadInput(f"the practice sandbox did not start; its words are in {home / 'sandbox.log'}.")


def _answering(home: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        address = json.loads((home / "address.json").read_text())
        # The port of a sandbox that is gone may be somebody else's by now: only the same process will do.
        with urllib.request.urlopen(f"{address['brightdata_url']}/sandbox", timeout=2) as answer:  # noqa: S310 - ours
            if json.load(answer)["pid"] == address["pid"]:
                return str(address["brightdata_url"])
    return None
