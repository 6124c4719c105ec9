"""Comparing the ledger with the other side by hand: what the worker does by itself before it acts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from workbench.app.working import Working
from workbench.errors import BadInput
from workbench.ledger import accounts, behind, vendorlists
from workbench.ledger.clock import now
from workbench.ledger.records import Snapshot


class Comparing(Working):
    def compare(
        self, datasets: Sequence[str] = (), *, foreign: Sequence[str] = (), settled: Sequence[str] = ()
    ) -> dict[str, dict[str, Any]]:
        """{dataset_id | account: {here, there, adopted, ambiguous}}: what both sides have, and what came of it.

        Adopts what planned snapshots were to ask and somebody asked already; pays nothing. `foreign`: ids at Bright
        Data that are not ours. `settled`: datasets and accounts (channel:label) that a person has looked through.
        """
        for scope in settled:
            self._settle(scope)
        if foreign and self.vendor_lists.say_foreign(foreign) < len(set(foreign)):
            listed = "list them first: workbench recover compare"
            raise BadInput(f"not all of {', '.join(foreign)} are known as strangers; {listed}. The others are noted.")
        found = {one: self._compare_dataset(one) for one in self._to_compare(datasets)}
        for dataset_id in found:
            if (doubt := self.vendor_lists.behind(dataset_id)) is None or not doubt.waits:
                vendorlists.let_go_on_in(self.ledger, dataset_id)
        if not datasets and all(one["there"] is not None for one in found.values()):
            behind.compared(self.ledger, behind.ALL)
        return found

    def list_refusal(self) -> str | None:
        """Why Bright Data lists nothing for this key; None where it does. Asks it, with one request."""
        from workbench.collect.look import REFUSED

        dataset_id = min(vendorlists.datasets_in_use(self.ledger), default=self.datasets[0].dataset_id)
        try:
            next(self.brightdata.list_snapshots(dataset_id, from_date=now().date(), page_size=1), None)
        except REFUSED as error:
            self.vendor_lists.refuse(dataset_id, error.message)
            return error.message
        return None

    def _settle(self, scope: str) -> None:
        known = {one.dataset_id for one in self.datasets} | {
            behind.scope_of(one) for one in accounts.all_accounts(self.ledger) if one.removed_at is None
        }
        if scope not in known and scope not in vendorlists.datasets_in_use(self.ledger):
            raise BadInput(
                f"there is no dataset and no account {scope!r}; accounts are written channel:label. "
                "workbench doctor shows what is behind."
            )
        behind.compared(self.ledger, scope)

    def _to_compare(self, datasets: Sequence[str]) -> list[str]:
        """Those that are named, or that the ledger or the journal knows, or (an empty ledger) all."""
        from workbench.brightdata.datasets import named

        table = self.datasets
        if datasets:
            return [named(one, among=table).dataset_id for one in datasets]
        ids = {one.dataset_id for one in table}
        used = vendorlists.datasets_in_use(self.ledger) | (behind.lost_scopes(self.ledger) & ids)
        return sorted(used or ids)

    def _compare_dataset(self, dataset_id: str) -> dict[str, Any]:
        from workbench.collect.look import (
            CLOCKS,
            adoption,
            ask,
            chosen,
            same_as,
            since_then,
            unreadable,
        )

        tools, at = self.collect_tools, now()
        waiting = [one for one in vendorlists.planned(self.ledger, dataset_id) if not one.cancel_requested]
        since = min([at - timedelta(days=self.settings.retention_days), *(_planned_at(one) for one in waiting)])
        there = ask(dataset_id, since, tools, self.vendor_lists)
        here = vendorlists.counts(self.ledger, dataset_id)
        refused = self.vendor_lists.refused(dataset_id)
        if there is None or refused is not None:
            return {"here": here, "there": None, "adopted": 0, "ambiguous": [], "refused": refused}
        adopted, unread = 0, set[str]()
        for one in waiting:
            began = _planned_at(one) - CLOCKS
            window = began if self.vendor_lists.is_fresh(one) else min(began, at - tools.reuse)
            listed = self.vendor_lists.unknown(dataset_id, window)
            own = since_then(began, listed)
            mine = chosen(same_as(one, listed, tools, self.vendor_lists), own)
            if mine is None or self.vendor_lists.in_flight(one):
                unread.update(unreadable(own))
            else:
                adopted += vendorlists.adopt_planned(self.ledger, one, adoption(one, mine, tools))
        doubt = self.vendor_lists.behind(dataset_id)
        ambiguous = sorted(unread) if doubt is not None and doubt.why != "moved" else []
        if not ambiguous:
            self.vendor_lists.compared(dataset_id)
        return {"here": here + adopted, "there": there, "adopted": adopted, "ambiguous": ambiguous}


def _planned_at(one: Snapshot) -> Any:
    return one.created_at or now()
