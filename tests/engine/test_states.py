"""The states of items: the tables are whole, and a roll-up depends on its children alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.collect.model import (
    SNAPSHOT_GOOD,
    SNAPSHOT_UNFINISHED,
    SnapshotState,
    Status,
    roll_up,
)
from workbench.db.schema import ITEMS
from workbench.engine.item import KINDS
from workbench.engine.transitions import IllegalMove, check_legal

S = SnapshotState
states = st.lists(st.sampled_from(SnapshotState), max_size=8)


def test_every_state_has_its_moves_and_its_word():
    assert {state.info.word for state in SnapshotState} == {"pending", "ready", "processing", "processed", "failed"}


def test_every_kind_of_item_is_known_everywhere():
    assert KINDS.keys() == ITEMS.keys()


@pytest.mark.parametrize("state", sorted(SNAPSHOT_UNFINISHED | {S.STALLED}))
def test_wherever_a_step_may_run_the_worker_can_give_up(state):
    """A step that fails or surprises us ends in a state, not in a second error."""
    assert {S.FAILED, S.QUARANTINED} <= state.may_become()


def test_every_state_can_be_reached_and_unfinished_ones_can_end_well():
    reached, seen = {S.PLANNED}, set()
    while reached != seen:
        seen = set(reached)
        reached |= {to for state in seen for to in SnapshotState(state).may_become()}
    assert reached == set(SnapshotState)
    for state in SNAPSHOT_UNFINISHED:
        assert S.PUBLISHED in reachable(state)


def reachable(state):
    found, new = set(), {state}
    while new - found:
        found |= new
        new = {to for one in found for to in SnapshotState(one).may_become()}
    return found


def test_no_state_moves_to_itself():
    assert all(state not in state.may_become() for state in SnapshotState)


@pytest.mark.parametrize(("old", "new"), [("planned", "published"), ("canceled", "planned"), ("ready", "ready")])
def test_a_move_that_is_not_in_the_table_is_refused(old, new):
    with pytest.raises(IllegalMove, match=f"cannot move from {old} to {new}"):
        check_legal("snapshot", old, new)


@given(states, st.randoms())
def test_a_roll_up_does_not_depend_on_the_order(some, random):
    shuffled = list(some)
    random.shuffle(shuffled)

    assert roll_up(shuffled) == roll_up(some) == roll_up(some + some)


@given(states)
def test_a_roll_up_is_over_exactly_when_its_children_are(some):
    is_over = roll_up(some) in {Status.COMPLETED, Status.PARTIAL, Status.FAILED, Status.CANCELLED}

    assert is_over == (bool(some) and not set(some) & SNAPSHOT_UNFINISHED)


@given(states)
def test_a_roll_up_is_complete_exactly_when_all_went_well(some):
    assert (roll_up(some) is Status.COMPLETED) == (bool(some) and set(some) <= SNAPSHOT_GOOD)


@pytest.mark.parametrize(
    ("some", "status"),
    [
        ([], "pending"),
        ([S.PLANNED, S.PLANNED], "pending"),
        ([S.PLANNED, S.PUBLISHED], "processing"),
        ([S.UNSURE, S.FAILED], "processing"),
        ([S.PUBLISHED, S.EMPTY, S.REUSED], "completed"),
        ([S.PUBLISHED, S.FAILED], "partial"),
        ([S.PUBLISHED, S.CANCELED], "partial"),
        ([S.CANCELED], "cancelled"),
        ([S.CANCELED, S.FAILED], "failed"),
        ([S.STALLED], "failed"),
    ],
)
def test_roll_ups_by_example(some, status):
    assert roll_up(some) == status
