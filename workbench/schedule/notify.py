"""Tells the owner that a schedule fails, and that it is well again: a command of theirs, or one POST over https."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final

from workbench.secret import Secret

_PATIENCE: Final = 30.0  # seconds


def tell(news: Mapping[str, Any], *, command: Sequence[str], url: Secret) -> str | None:
    """Give the news as JSON to the command (on stdin) and to the address; why it could not be told, or None."""
    body = json.dumps(news, ensure_ascii=False).encode()
    said = [_run(command, body) if command else None, _post(url.reveal(), body) if url else None]
    return "; ".join(one for one in said if one) or None


def _run(command: Sequence[str], body: bytes) -> str | None:
    try:
        subprocess.run(
            command, input=body, timeout=_PATIENCE, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except FileNotFoundError:
        return f"WORKBENCH_NOTIFY_COMMAND: there is no program {command[0]}"
    except subprocess.TimeoutExpired:
        return f"WORKBENCH_NOTIFY_COMMAND took longer than {_PATIENCE:.0f} s"
    except subprocess.CalledProcessError as error:
        return f"WORKBENCH_NOTIFY_COMMAND ended with exit code {error.returncode}"
    except OSError as error:
        return f"WORKBENCH_NOTIFY_COMMAND could not be started: {error.strerror}"
    return None


def _post(url: str, body: bytes) -> str | None:
    """The address itself is not said: those of chats hold a password."""
    # They cost every look at a home a tenth of a second, and are needed once a failure is told.
    import urllib.error
    import urllib.request

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        """The news go where the owner said, and nowhere else."""

        def redirect_request(self, *_: Any) -> None:
            return None

    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - settings allow https
    try:
        answer: IO[bytes]
        with urllib.request.build_opener(NoRedirect).open(request, timeout=_PATIENCE) as answer:
            answer.read(1 << 10)
    except urllib.error.HTTPError as error:
        error.close()
        return f"WORKBENCH_NOTIFY_URL answered {error.code}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return f"WORKBENCH_NOTIFY_URL did not answer ({type(reason).__name__})"
    return None
