"""[[datasets]] of workbench.toml → entries of the table, or an error that names the entry and the cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.brightdata.datasets import Dataset, dataset_from
from workbench.errors import BadInput, Misconfigured
from workbench.lake.columns import Mapped


def read_own(entries: Sequence[Mapping[str, Any]]) -> list[Dataset]:
    found: dict[str, Dataset] = {}
    for number, entry in enumerate(entries, 1):
        where = f"workbench.toml, [[datasets]] {number}"
        try:
            dataset = dataset_from(entry)
            Mapped(dataset.kind, dataset.columns, "timestamp")  # now, and not when rows have been paid for
        except BadInput as error:
            raise Misconfigured(f"{where}: {error.message}") from error
        if dataset.dataset_id in found:
            raise Misconfigured(f"{where}: {dataset.dataset_id} is there twice; remove one of them.")
        found[dataset.dataset_id] = dataset
    return list(found.values())
