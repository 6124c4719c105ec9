"""Practice mode's own world: the detached sandbox of this home, started when first needed."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any, Final, Literal

from workbench import processes
from workbench.errors import BadInput
from workbench.files import make_folder

_PATIENCE: Final = 20.0  # seconds for a sandbox to answer on a busy machine
KEY: Final = "practice-key-of-no-value"  # the sandbox takes any bearer of 16 characters or more


Service = Literal["brightdata", "trafficjunky", "marketplace"]


def address(home: Path, service: Service) -> str:
    """Where the stand-in of `service` answers; starts the sandbox of `home` when none does.

    It outlives us, as the services would.
    """
    return str(_addresses(home)[f"{service}_url"])


def serving(home: Path) -> list[str]:
    """Words of `python -m workbench.sandbox` for a home: with old snapshots of a stranger, which can be recovered."""
    return ["serve", "--home", str(home), "--strangers"]


def _addresses(home: Path) -> dict[str, Any]:
    make_folder(home.parent, mode=0o700)
    make_folder(home, mode=0o700)
    found = _answering(home)
    if found is not None:
        return found
    process = processes.start(processes.SANDBOX, serving(home), log=home / "sandbox.log")
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = _answering(home)
        if found is not None:
            return found
        if process.poll() not in (None, 0):
            break
        time.sleep(0.05)
    raise BadInput(f"the practice sandbox did not start; its words are in {home / 'sandbox.log'}.")


def _answering(home: Path) -> dict[str, Any] | None:
    import urllib.request

    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found: dict[str, Any] = json.loads((home / "address.json").read_text())
        # The port of a sandbox that is gone may be somebody else's by now: only the same process will do.
        with urllib.request.urlopen(f"{found['brightdata_url']}/sandbox", timeout=2) as answer:  # noqa: S310 - ours
            if json.load(answer)["pid"] == found["pid"]:
                return found
    return None


def session_of(url: str, label: str) -> bytes | None:
    """A ready login of `label` from the stand-in at `url`; None where no stand-in of ours answers."""
    import urllib.request

    try:
        with urllib.request.urlopen(f"{url}/sandbox", timeout=5) as answer:  # noqa: S310 - ours
            json.load(answer)["service"]
        order = urllib.request.Request(  # noqa: S310 - ours
            f"{url}/sandbox/session", json.dumps({"account": label}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(order, timeout=5) as answer:  # noqa: S310 - ours
            found: bytes = answer.read()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found
