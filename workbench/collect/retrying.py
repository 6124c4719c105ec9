"""What failed of a run, and what trying it once more would do: go on at no cost, or ask and pay anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.collect.model import Plan, SnapshotState

S = SnapshotState


@dataclass(frozen=True, kw_only=True)
class RunRetry:
    """`goes_on`: numbers of snapshots that go on where they stopped; `source_ids`: of those to be asked once more."""

    run_id: str
    goes_on: tuple[int, ...] = ()
    unsent_micro_usd: int = 0  # what those of them may cost that were never sent
    source_ids: tuple[int, ...] = ()
    undecided: int = 0  # may have been sent, or wait for a decision: a person has to say first
    plan: Plan | None = None  # that asks those sources once more

    @property
    def is_empty(self) -> bool:
        return not (self.goes_on or self.source_ids)

    @property
    def micro_usd(self) -> int:
        """The most that it is estimated to cost."""
        return self.unsent_micro_usd + (0 if self.plan is None else self.plan.estimate.micro_usd)


def retry_of(run_id: str, snapshots: Iterable[Mapping[str, Any]]) -> RunRetry:
    """Sort what did not end well; the plan of what is asked once more is not made here."""
    goes_on, unsent, undecided = list[int](), 0, 0
    sources: dict[int, None] = {}
    for one in snapshots:
        state, waits = S(one["state"]), one["attention"] is not None and one["next_at"] is None
        is_sent = one["provider_id"] is not None
        if state is S.UNSURE or (state in (S.FAILED, S.QUARANTINED) and one["acts"] > 0 and not is_sent):
            undecided += waits or state is not S.UNSURE
        elif state is S.PLANNED and waits:
            goes_on.append(one["id"])
            unsent += one["estimate_records"] * one["price_micro_usd"]
        elif state in (S.STALLED, S.QUARANTINED) or (state is S.FAILED and one["raw"]):
            goes_on.append(one["id"])
        elif state is S.DOWNLOADED and waits:
            undecided += 1  # a body in doubt: taken as it is, or fetched once more
        elif state is S.FAILED and not is_sent:
            goes_on.append(one["id"])
            unsent += one["estimate_records"] * one["price_micro_usd"]
        elif state in (S.FAILED, S.EXPIRED):
            sources |= dict.fromkeys(each for each in one["source_ids"] if each is not None)
    return RunRetry(
        run_id=run_id, goes_on=tuple(goes_on), unsent_micro_usd=unsent, source_ids=tuple(sources), undecided=undecided
    )
