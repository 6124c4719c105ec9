"""An account, as the ledger keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from workbench.errors import BadInput


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who posts or uploads: one login of one channel."""

    id: int
    channel: str  # marketplace | trafficjunky
    label: str
    enabled: bool = True  # the owner's switch
    paused_kind: str | None = None  # a class of trouble that waits for a person
    paused_reason: str | None = None
    paused_at: datetime | None = None
    not_before: datetime | None = None  # acts are due then: pace, or a cool-down
    wait_reason: str | None = None
    gap_seconds: float = 0.0  # between two acts
    daily_cap: int | None = None  # acts a day, in the owner's time zone
    quiet_from: str | None = None  # HH:MM, as quiet_to: no acts between the two
    quiet_to: str | None = None
    last_act_at: datetime | None = None
    proved_at: datetime | None = None
    proof: str | None = None  # what was last proved at the site: ok, logged_out, checkpoint, ...
    proof_reason: str | None = None
    created_at: datetime | None = None
    removed_at: datetime | None = None


def quiet_hours(text: str) -> tuple[str, str]:
    """Hours without acts from what a person writes, like 22:00-07:00; BadInput for anything else."""
    first, _, last = text.partition("-")
    try:
        begin, end = (f"{time.fromisoformat(one.strip()):%H:%M}" for one in (first, last))
    except ValueError:
        raise BadInput(f"{text!r} is no pair of times; give one like 22:00-07:00.") from None
    if begin == end:
        raise BadInput("quiet hours that never end stop an account: workbench accounts stop ID.")
    return begin, end
