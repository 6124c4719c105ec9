"""When something is tried or looked for again, and how often."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from workbench.engine.flow import Stay
from workbench.engine.item import Item
from workbench.errors import Throttled, Transient, WorkbenchError

_MISHAP: Final = 5  # that many doublings of the first pause, when this machine itself is in trouble


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How long a step waits before it runs again, and how often it does; each step has its own."""

    first: timedelta = timedelta(seconds=2)  # pause after a passing error; the setting `backoff_seconds`
    factor: float = 2.0  # by which it grows with every attempt
    longest: timedelta = timedelta(minutes=15)
    attempts: int = 12  # then the item is quarantined
    counts: bool = True  # attempts are counted when the item is leased; looks that only ask are not
    every: timedelta = timedelta(seconds=30)  # between looks of a step that stays
    throttled: timedelta = timedelta(seconds=2)  # where a throttle does not say how long
    cool_down: timedelta = timedelta(hours=24)  # of an account whose site does not say when it may go on

    def looks(self, every: timedelta) -> RetryPolicy:
        """The same for a step that asks again and again, and may do so for ever."""
        return replace(self, counts=False, every=every)

    def pause(self, attempts: int) -> timedelta:
        """A pause after so many attempts: full jitter, capped."""
        most = min(self.longest.total_seconds(), self.first.total_seconds() * self.factor ** min(attempts, 20))
        return timedelta(seconds=random.uniform(0, most))  # noqa: S311 - jitter, not a secret

    def after(self, error: WorkbenchError, attempts: int) -> timedelta:
        """When to try again after an error that passes: never before the other side said."""
        if isinstance(error, Throttled):
            return (error.retry_after or self.throttled) + self.pause(0)
        asked = error.retry_after if isinstance(error, Transient) else None
        wait = max(asked or timedelta(), self.pause(attempts))
        return wait if self.counts else max(wait, self.every)

    def after_mishap(self) -> timedelta:
        """When to try again after trouble of this machine: a full disk, no memory, no threads."""
        return self.pause(_MISHAP)


def next_look(item: Item, began: datetime, gaps: Sequence[timedelta], now: datetime) -> Stay | None:
    """When to look again for an answer that was lost; None: of that many spaced looks absence is concluded."""
    early = began + sum(gaps[: item.looks], timedelta()) - now
    if early > timedelta():  # looked for by hand, before its time: looks in a row prove no more than one
        return Stay(after=early)
    if item.looks < len(gaps):
        return Stay(after=gaps[item.looks], values={"looks": item.looks + 1})
    return None
