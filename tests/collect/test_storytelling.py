"""collect/storytelling.py: no state of the machine, and no word of it, in what an operator reads."""

from __future__ import annotations

import re

import pytest

from workbench.collect.model import SnapshotState
from workbench.collect.storytelling import tell

INTERNAL = re.compile(r"\b(armed|disarmed|triggered|staged|quarantined|unsure|stalled|snapshot_id|None)\b")


def event(**more) -> dict:
    return {
        "seq": 1, "at": None, "item_kind": "snapshot", "item_id": "7", "what": "moved", "from_state": None,
        "to_state": None, "facts": {}, "actor": "ada:12", **more,
    }  # fmt: skip


@pytest.mark.parametrize("state", list(SnapshotState))
@pytest.mark.parametrize("before", [*map(str, SnapshotState), None])
def test_every_move_has_words(before, state):
    said = tell(event(from_state=before, to_state=str(state)), {"7": "instagram posts · s_7"})

    assert said["which"] == "instagram posts · s_7"
    assert said["who"] == "ada"
    assert not INTERNAL.search(said["what"])


@pytest.mark.parametrize("what", ["armed", "disarmed", "attention", "crashed", "adopted", "woken", "told"])
def test_every_other_event_too(what):
    said = tell(event(what=what, from_state="planned", to_state="planned" if what == "crashed" else None), {})

    assert not INTERNAL.search(said["what"])


def test_a_reason_and_counts_are_told():
    facts = {"reason": "two\n lines", "row_count": 1200, "error_count": 3}

    said = tell(event(to_state="published", facts=facts), {})

    assert said["what"] == "was published: its rows are in every table: 1,200 rows, 3 errors: two lines"


def test_a_run_is_told_with_its_estimate():
    said = tell(event(item_kind="run", what="started", facts={"estimate_micro_usd": 5, "reused_snapshots": 2}), {})

    assert said["what"] == "was started; 2 of its collections were here already and are not paid again"
    assert said["estimate_micro_usd"] == 5
