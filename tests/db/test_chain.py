"""db/event_log.py: the story of everything, which cannot be changed unnoticed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from workbench.db import event_log
from workbench.db.event_log import Event, broken_at
from workbench.files import canonical


def tell(ledger, count):
    for n in range(count):
        ledger.write(
            lambda connection, n=n: ledger.append(
                connection, Event("snapshot", str(n), "moved", "planned", "triggered")
            )
        )


def broken(ledger):
    with ledger.read() as connection:
        return broken_at(connection)


def tamper(ledger, *statements):
    def change(connection):
        for one in statements:
            connection.execute(text(one))

    ledger.write(change)


def test_an_empty_chain_holds(ledger):
    assert broken(ledger) is None


def test_a_chain_holds_to_its_head(ledger):
    tell(ledger, 5)

    assert broken(ledger) is None
    assert ledger.head()[0] == 5


def renumber(old, new):
    return f"UPDATE event SET seq = {new} WHERE seq = {old}"


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        pytest.param(["UPDATE event SET to_state = 'ready' WHERE seq = 3"], 3, id="a state is edited"),
        pytest.param(["UPDATE event SET actor = 'nobody' WHERE seq = 5"], 5, id="the last actor is edited"),
        pytest.param(["UPDATE event SET facts = '{\"a\": 1}' WHERE seq = 2"], 2, id="facts are edited"),
        pytest.param(["UPDATE event SET facts = 'no JSON' WHERE seq = 2"], 2, id="facts are destroyed"),
        pytest.param(["UPDATE event SET at = 'yesterday' WHERE seq = 4"], 4, id="a time is destroyed"),
        pytest.param(["UPDATE event SET hash = prev_hash WHERE seq = 1"], 1, id="a hash is edited"),
        pytest.param(["DELETE FROM event WHERE seq = 1"], 1, id="the first is deleted"),
        pytest.param(["DELETE FROM event WHERE seq = 3"], 3, id="one is deleted"),
        pytest.param(["DELETE FROM event WHERE seq IN (2, 3, 4)"], 2, id="the middle is cut out"),
        pytest.param(["DELETE FROM event WHERE seq = 5"], 5, id="the last is deleted"),
        pytest.param(["DELETE FROM event"], 1, id="all are deleted"),
        pytest.param(["DELETE FROM event WHERE seq = 3", renumber(4, 3)], 3, id="one is deleted, the next moves up"),
        pytest.param([renumber(2, 99), renumber(3, 2), renumber(99, 3)], 2, id="two are swapped"),
        pytest.param(["UPDATE chain_head SET hash = 'x'"], 6, id="the head is edited"),
    ],
)
def test_what_was_done_to_the_chain_is_found(ledger, statements, found):
    tell(ledger, 5)
    tamper(ledger, *statements)

    assert broken(ledger) == found


def test_nothing_is_appended_without_events(ledger):
    ledger.write(ledger.append)

    assert ledger.head() == (0, event_log.GENESIS)


TEXT = st.text(st.characters(codec=None))  # halves of surrogate pairs too
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT | st.integers(), inner, max_size=4),
    max_leaves=8,
)


def test_whatever_facts_a_vendor_sends_the_chain_holds(ledger):
    """Numbers as keys, NULs, numbers beyond all sense."""

    @settings(max_examples=25, deadline=None, database=None)
    @given(st.dictionaries(TEXT, ANYTHING, max_size=4))
    def holds(facts):
        ledger.write(lambda connection: ledger.append(connection, Event("snapshot", "1", "told", facts=facts)))

    holds()
    assert broken(ledger) is None


@given(ANYTHING)
@settings(max_examples=100, deadline=None, database=None)
def test_one_spelling_for_equal_values(value):
    spelled = canonical(value)
    read = json.loads(spelled)

    spelled.encode()
    assert canonical(json.loads(canonical(read))) == canonical(read)
