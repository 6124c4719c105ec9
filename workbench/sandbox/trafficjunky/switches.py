"""The failures that can be asked for; the forms of their values are told by `sandbox/switches.py`."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.switches import Choice, Countdown, Number, Spec, Strike

_ROUTE: Final = ("on", "account")
_FILE: Final = ("file", "tab", "account")
# In the middle of the answer, or before a word of it: then a browser may send the file again by itself.
_DROP: Final = {"how": ("begun", "silent")}
ROUTES: Final = ("sign_in", "shell", "session", "library", "upload")

SPECS: Final[dict[str, Spec]] = {
    # any route; `on` is one of ROUTES
    "slow": Strike(_ROUTE, {"seconds": 1.0}),  # the answer waits; what it tells of is done already
    "error_500": Strike(_ROUTE),
    "too_many_429": Strike(_ROUTE, {"retry_after": 60}),
    "reset": Strike(_ROUTE),
    # a file; `file` is a pattern of its name
    "reject": Strike(_FILE, {"message": "The creative does not meet our requirements."}),
    "drop_before": Strike(_FILE, _DROP),  # the connection ends, the file is not taken
    "commit_then_drop": Strike(_FILE, _DROP),  # the file is taken, then the connection ends
    "commit_then_500": Strike(_FILE),
    "silent_duplicate": Strike(_FILE),  # treated as a name that is known: no id, no error, no card
    "duplicate_accepted": Strike(_FILE),  # a known name gets a second card with an id of its own
    "answer_without_id": Strike(_FILE),
    "id_after_reload": Strike(_FILE),  # neither id in the answer nor card until the page is loaded again
    # the library
    "page_fails": Strike(("page", "tab", "account"), {"how": ("error", "empty", "short")}),
    # In the middle of a listing, before that page: one more on top, or the newest is gone.
    "library_moves": Strike(("page", "tab", "account"), {"how": ("added", "removed")}),
    "shows_total": Choice(("no", "yes")),
    "name_truncated": Number(0, most=200),  # shown names end after so many characters; 0: whole
    "review_after_seconds": Number(0),  # 0: creatives stay pending
    "review_rejects": Strike(_FILE),
    # the session
    "session_idle_seconds": Number(1800),
    "session_expires_after": Countdown(_ROUTE),  # so many requests, then the session of the next one has ended
    "redirect_seconds": Number(0.3),  # how late the shell's script notices that nobody is signed in
    "shell_without_login": Strike(),  # ... it never does
    "captcha": Strike(_ROUTE),  # a challenge in mid-session, until a person solves it
    "code": Strike(("account",)),  # the sign-in asks for a code that was sent to the person
    # the pages
    "control_renamed": Choice(("no", "ids", "all")),  # all: labels too, so that nothing known is left
    "language": Choice(("en", "de", "fr")),
    "alert": Strike(("account",), {"text": "Scheduled maintenance on Sunday, 04:00 to 05:00 EST."}),
}
