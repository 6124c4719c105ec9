"""budget/money.py: what was reserved, what it cost, and that nothing is counted twice."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from tests.children import all_at_once
from tests.engine.world import RESERVE, S, a_flow, add, change, leases_of, money, recorder, row
from workbench.budget.caps import accept_overruns
from workbench.budget.model import Money, Release, Reserve, Settle
from workbench.budget.money import balance
from workbench.collect import queries
from workbench.engine.flow import Intent, Move, Revoked


def held(ledger):
    (item,) = add(ledger)
    leases = leases_of(ledger)
    return item, recorder(ledger, leases), leases.take(a_flow()).leases


def in_total(ledger, item):
    with ledger.read() as connection:
        return balance(connection, "snapshot", item)


def test_an_order_reserves(ledger):
    item, record, leases = held(ledger)
    record.armed(leases, Intent(intent_id="i", writes=(Reserve(RESERVE),)))

    assert money(ledger, item) == [("reserve", 15_000)]
    assert queries.spent(ledger, row(ledger, item).run_id) == 15_000


def test_an_intent_is_reserved_once(ledger):
    """The database refuses the second, whoever asks; nothing else of that transaction is written."""
    item, record, leases = held(ledger)
    record.armed(leases, Intent(intent_id="i", writes=(Reserve(RESERVE),)))
    record.disarmed(leases, Revoked("refused"), (Release(),))
    head = ledger.head()

    with pytest.raises(IntegrityError):
        record.armed(leases, Intent(intent_id="i", writes=(Reserve(RESERVE),)))
    assert (ledger.head(), row(ledger, item).armed, in_total(ledger, item)) == (head, False, 0)


def test_proof_of_refusal_releases(ledger):
    item, record, leases = held(ledger)
    record.armed(leases, Intent(intent_id="i", writes=(Reserve(RESERVE),)))
    record.disarmed(leases, Revoked("429"), (Release(),))

    assert money(ledger, item) == [("reserve", 15_000), ("release", -15_000)]


def test_delivered_rows_settle_once(ledger):
    """A reprocess delivers the same rows again; they were paid."""
    item, record, leases = held(ledger)
    record.armed(leases, Intent(intent_id="i", writes=(Reserve(RESERVE),)))
    record.move(leases[0], Move(to=S.TRIGGERED, writes=(Settle(Money(9_000, 6)),)), due=True)
    assert in_total(ledger, item) == 9_000

    again = leases_of(ledger)
    recorder(ledger, again).move(
        again.take(a_flow()).leases[0], Move(to=S.READY, writes=(Settle(Money(1, 1)),)), due=True
    )
    assert money(ledger, item) == [("reserve", 15_000), ("settle", -6_000)]


def test_nothing_ordered_nothing_settled(ledger):
    item, record, leases = held(ledger)
    record.move(leases[0], Move(to=S.TRIGGERED, writes=(Settle(Money(9_000, 6)), Release())), due=True)

    assert money(ledger, item) == []


def test_a_lost_answer_keeps_the_reserve(ledger):
    item, record, leases = held(ledger)
    record.armed(leases, Intent(intent_id="i", writes=(Reserve(RESERVE),)))
    record.give_up_act(leases, a_flow(), "lost")

    assert money(ledger, item) == [("reserve", 15_000)]


def test_four_processes_keep_a_cap_between_them(ledger, url, tmp_path):
    """Each looks at what all have reserved, and nobody reserves meanwhile."""
    ids = add(ledger, 40)

    all_at_once(4, "spend", url, tmp_path / "locks", 10 * RESERVE.micro_usd)

    assert sum(in_total(ledger, item) for item in ids) == 10 * RESERVE.micro_usd
    assert [row(ledger, item).state for item in ids].count("triggered") == 10


HISTORY = st.lists(st.sampled_from(["arm", "arm", "disarm", "settle", "release"]), max_size=9)


@given(HISTORY, st.lists(st.integers(0, 10**9), min_size=9, max_size=9))
@settings(max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_each_intent_is_open_settled_or_released(ledger, history, amounts):
    """The balance is what is still open plus what was really paid; no intent has a kind twice."""
    (item,) = add(ledger)
    change(ledger, item, dataset_id="history")
    intents, armed = [], False  # the model: [reserved, paid or None, released]
    for verb, amount in zip(history, amounts, strict=False):
        leases = leases_of(ledger)
        taken = leases.take(a_flow({S.PLANNED: print, S.TRIGGERED: print}))
        assert taken.items[0].id == item
        record = recorder(ledger, leases)
        if verb == "arm" and not armed:
            accept_overruns(ledger)  # a person has seen what was dearer
            record.armed(taken.leases, Intent(intent_id=f"{item}-{len(intents)}", writes=(Reserve(Money(amount, 1)),)))
            record.disarmed(taken.leases, Revoked("no"), (Release(),)) if amount % 2 else None
            intents.append([amount, None, bool(amount % 2)])
            armed = not amount % 2
        elif verb == "disarm" and armed:
            record.disarmed(taken.leases, Revoked("no"), (Release(),))
            intents[-1][2], armed = True, False
        elif verb in {"settle", "release"} and intents:
            paid = intents[-1][1]
            if verb == "settle" and paid is None:
                intents[-1][1] = amount
            if verb == "release" and paid is None:
                intents[-1][2] = True
            asked = Settle(Money(amount, 1)) if verb == "settle" else Release()
            now_in = S.READY if row(ledger, item).state == "triggered" else S.TRIGGERED
            record.move(taken.leases[0], Move(to=now_in, writes=(asked,)), due=True)
            change(ledger, item, state="planned")
            armed = False
            continue
        if armed:
            record.move(taken.leases[0], Move(to=S.TRIGGERED), due=True)
            change(ledger, item, state="planned")
            armed = False
        else:
            leases.release(taken.leases)

    expected = sum(paid if paid is not None else 0 if released else reserved for reserved, paid, released in intents)
    assert in_total(ledger, item) == expected
    change(ledger, item, state="published", next_at=None)
