"""What the sign-ins of the sites share: the state that a signed-in browser would have saved."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from workbench.sandbox.web import Request


def storage_state(request: Request, expires_in: float, cookies: Mapping[str, str], *, open_to_scripts: str = "") -> Any:
    """Write cookies as Playwright saves them; `expires_in` is in seconds, fewer than none for one that is over."""
    return {
        "cookies": [
            {
                "name": name,
                "value": value,
                "domain": request.host.partition(":")[0],
                "path": "/",
                "expires": time.time() + expires_in,
                "httpOnly": name != open_to_scripts,
                "secure": False,
                "sameSite": "Lax",
            }
            for name, value in cookies.items()
        ],
        "origins": [],
    }
