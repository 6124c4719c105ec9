"""What happened to runs and snapshots, in an operator's words: a pure function of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workbench.collect.model import SnapshotState

S = SnapshotState

_MOVED: Final[Mapping[SnapshotState, str]] = {
    S.PLANNED: "waits to be sent to Bright Data",
    S.TRIGGERED: "was sent; Bright Data is collecting",
    S.READY: "is ready at Bright Data",
    S.DOWNLOADED: "was downloaded",
    S.STAGED: "was read",
    S.PUBLISHED: "was published: its rows are in every table",
    S.EMPTY: "is finished, without rows",
    S.FAILED: "failed",
    S.CANCELED: "was cancelled",
    S.EXPIRED: "is no longer to be had at Bright Data",
    S.STALLED: "is not finished at Bright Data, though its time is over",
    S.UNSURE: "may have been sent: the answer was lost",
    S.QUARANTINED: "was set aside for a person",
    S.REUSED: "is answered by an earlier collection; nothing was paid",
}
# Where the same state means something else, by where it came from.
_BACK: Final[Mapping[tuple[str, SnapshotState], str]] = {
    ("ready", S.TRIGGERED): "is still being built at Bright Data",
    ("failed", S.TRIGGERED): "is asked for at Bright Data once more",
    ("expired", S.TRIGGERED): "was found at Bright Data again",
    ("stalled", S.TRIGGERED): "is waited for once more",
    ("published", S.READY): "is to be fetched once more",
    ("empty", S.READY): "is to be fetched once more",
    ("published", S.DOWNLOADED): "is to be read once more",
    ("empty", S.DOWNLOADED): "is to be read once more",
    ("failed", S.DOWNLOADED): "is to be read once more",
    ("unsure", S.PLANNED): "was not sent; it waits to be sent",
}
_SAID: Final = {
    "armed": "is being sent to Bright Data",
    "disarmed": "was not sent",
    "attention": "waits for a person",
    "crashed": "stopped its worker; another one goes on",
    "adopted": "was found at Bright Data and brought in",
    "decided": "was decided by a person",
    "woken": "was sent back to work",
    "told": "was looked at",
    "cancel_asked": "was asked to stop",
}
_LONGEST: Final = 600


def tell(event: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """{seq, at, who, which, what, estimate_micro_usd}; `names`: what snapshots are called, by their number."""
    is_run = event["item_kind"] == "run"
    return {
        "seq": event["seq"],
        "at": event["at"],
        "who": str(event["actor"]).partition(":")[0],
        "which": "the run" if is_run else names.get(str(event["item_id"]), f"snapshot {event['item_id']}"),
        "what": _run(event) if is_run else _snapshot(event),
        "estimate_micro_usd": (event["facts"] or {}).get("estimate_micro_usd"),
    }


def _run(event: Mapping[str, Any]) -> str:
    if event["what"] != "started":
        return _SAID.get(event["what"], str(event["what"]).replace("_", " "))
    reused = (event["facts"] or {}).get("reused_snapshots")
    answered = f"; {reused} of its collections were here already and are not paid again" if reused else ""
    return f"was started{answered}"


def _snapshot(event: Mapping[str, Any]) -> str:
    facts = event["facts"] or {}
    said = _SAID.get(event["what"], str(event["what"]).replace("_", " "))
    if event["to_state"] and event["what"] not in ("attention", "crashed", "woken"):
        to = S(event["to_state"])
        said = _BACK.get((event["from_state"] or "", to), _MOVED[to])
        if event["what"] == "decided":
            said = f"{_SAID['decided']}: {said}"
    counts = [f"{facts[name]:,} {word}" for name, word in _COUNTED if facts.get(name)]
    reason = " ".join(str(facts.get("reason") or "").split())[:_LONGEST]
    return ": ".join([said, *filter(None, [", ".join(counts), reason])])


_COUNTED: Final = (
    ("row_count", "rows"),
    ("warning_count", "warnings"),
    ("error_count", "errors"),
    ("malformed_count", "unreadable lines"),
)
