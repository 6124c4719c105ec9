"""Each clause that keeps money safe, taken out in turn: a test that is named beside it fails.

Works on a copy of the package; a clause that is no longer found as it stands here fails too, so that the list is kept.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CAPS, RECORDER, COLLECTING = "budget/caps.py", "engine/transitions.py", "collect/store.py"
RECONCILE, BREAKER, PLAN, TRIGGER = (
    "collect/reconcile.py",
    "engine/rate_limit.py",
    "collect/plan.py",
    "collect/trigger.py",
)
SMALL = "budget/test_caps.py::test_above_a_cap_nothing_is_sent_reserved_nor_lost"
STOP = "budget/test_caps.py::test_a_stop_refuses_new_runs_and_holds_those_that_are_planned"
LOOK = "collect/recover/test_reconcile.py::"
REUSE = "budget/test_reuse.py::"


@dataclass(frozen=True)
class Clause:
    """`text` of `file` becomes `instead`, and `test` fails; `also`: more of the same change."""

    file: str
    text: str
    instead: str
    test: str
    also: tuple[tuple[str, str], ...] = ()


def clause(name: str, file: str, text: str, instead: str, test: str, *also: tuple[str, str]) -> object:
    return pytest.param(Clause(file, text, instead, test, also), id=name)


RESERVED = "                self._also(connection, lease, order.writes)\n"
COMMITTED = "        return self._ledger.write(change)\n\n    def disarmed"
LATER = """\
        entries = self._ledger.write(change)
        for lease in leases:
            self._ledger.write(lambda one: self._also(one, lease, order.writes))
        return entries

    def disarmed"""

SAMPLE = [
    clause("cap of a day", CAPS, "if caps.day is not None:", "if False:", f"{SMALL}[a day]"),
    clause("the money is reserved with the order", RECORDER, RESERVED, "                pass\n", f"{SMALL}[a day]",
           (COMMITTED, LATER)),
    clause("an incomplete list is not absence", RECONCILE, "    except (Permanent, NotAllowed) as error:\n",
           "    except (Permanent, NotAllowed) as error:\n        return [], []\n",
           f"{LOOK}test_a_list_that_is_refused_never_means_absent_nor_failed"),
]  # fmt: skip

OTHERS = [
    # caps and the stop switch
    clause("cap of a trigger", CAPS, '    _hold("a trigger"', '    0 and _hold("a trigger"', f"{SMALL}[a trigger]"),
    clause("cap of a run", CAPS, '    _hold("a run"', '    0 and _hold("a run"', f"{SMALL}[a run]"),
    clause("a run's triggers are counted together", CAPS, "caps.run, spent_by_run + adding", "caps.run, adding",
           "budget/test_caps.py::test_the_triggers_of_a_run_are_counted_together"),
    clause("cap of a month", CAPS, "if caps.month is not None:", "if False:", f"{SMALL}[a month]"),
    clause("cap of a dataset", CAPS, "if dataset_id in caps.datasets:", "if False:", f"{SMALL}[a dataset]"),
    clause("an allowance is of the reserve's day", CAPS, "spend.c.intent_id.in_(reserves)", "spend.c.at >= since",
           "budget/test_caps.py::test_what_comes_back_tomorrow_makes_no_day_larger"),
    clause("the stop switch holds triggers", CAPS, "    refuse_when_stopped(connection)\n    query", "    query", STOP),
    clause("the stop switch refuses runs", CAPS, "            refuse_when_stopped(connection)\n",
           "            pass\n", STOP),
    clause("caps are checked at the start", COLLECTING,
           "    check_start(connection, replace(caps, own=own_cap(chosen.params)), wanted)\n", "",
           "budget/test_caps.py::test_above_a_cap_a_run_is_not_started_and_not_kept[a day]"),
    clause("caps are checked at the trigger", CAPS,
           "        check_trigger(connection, caps, lease.item_id, one.money)\n", "", f"{SMALL}[a month]"),
    clause("the money is reserved", CAPS, "        reserve(connection, lease, intent_id, one.money)\n", "",
           "budget/test_money.py::test_an_order_reserves[sqlite]"),
    clause("settled once", "budget/money.py", 'if "settle" in kinds:', "if False:",
           "budget/test_money.py::test_delivered_rows_settle_once[sqlite]"),
    clause("only what is open is released", "budget/money.py", 'and not kinds.keys() & {"settle", "release"}', "",
           "budget/test_money.py::test_whatever_happens_each_intent_is_open_settled_or_released"),
    # what is started is what was shown, once
    clause("the hash names all that is asked", PLAN, '"jobs": [_by_name(asdict(job), names) for job in jobs],', "",
           "collect/test_plan.py::test_the_hash_changes_with_every_source[url]"),
    clause("every source has a limit", PLAN, "num_posts=ask.num_posts or DEFAULT_LIMIT", "num_posts=ask.num_posts",
           "collect/test_plan.py::test_what_is_no_discovery_is_limited_in_its_inputs"),
    clause("a hash names one plan", COLLECTING, "if len(found) != 1 or not plan_hash:", "if not found:",
           "collect/test_store.py::test_a_plan_that_is_not_there_is_refused"),
    clause("a plan is started once", COLLECTING, "if started is not None and started != after and (", "if 0 and (",
           "collect/test_store.py::test_four_processes_start_the_same_plan_at_once_and_it_starts_once[sqlite]"),
    clause("not again while its run is at work", COLLECTING, ".where(plan.c.run_id.not_in(_at_work()))", "",
           "collect/test_store.py::test_a_plan_shown_again_may_be_started_again_when_its_run_is_over[sqlite]"),
    clause("one more on purpose is one more", COLLECTING, "started != after", "after is None",
           "collect/test_store.py::test_one_more_run_on_purpose_is_one_more_however_many_say_so[sqlite]"),
    clause("live mode is approved without a person", "collect/panel.py",
           "        _refuse_unapproved(wb, order, approve_usd)\n", "",
           "collect/panels/test_runs.py::test_without_a_person_live_mode_starts_nothing_above_what_was_approved"),
    clause("live mode is agreed to on the command line", "cli/opening.py", 'if mode == "live":', "if False:",
           "cli/test_bad_input.py::test_nobody_pays_without_a_yes"),
    # reuse
    clause("what is asked already is not paid again", COLLECTING, "            if found is None:\n",
           "            if True:\n", f"{REUSE}test_the_same_once_more_is_answered_and_costs_nothing"),
    clause("only what is young answers", COLLECTING, "(snapshot.c.created_at >= since) & ", "",
           f"{REUSE}test_only_a_younger_one_answers"),
    clause("what is being cancelled answers nobody", COLLECTING,
           ", snapshot.c.cancel_requested.is_(False)", "",
           f"{REUSE}test_what_may_never_come_does_not_answer"),
    clause("what waits for a person answers nobody", COLLECTING, " & snapshot.c.attention.is_(None)", "",
           f"{REUSE}test_what_may_never_come_does_not_answer"),
    clause("what is there already is not triggered", TRIGGER, "    if found is not None:\n", "    if False:\n",
           "collect/recover/test_older_than_the_world.py"
           "::test_a_removed_ledger_is_answered_by_what_is_there_unless_it_is_to_be_fresh"),
    # one writer, one act
    clause("the fencing token", "engine/leases.py", 'item.lease_token == bindparam("its_token")',
           'item.lease_token >= bindparam("its_token")',
           "engine/test_leases.py::test_who_lost_the_item_writes_nothing"),
    clause("the lease outlasts the act", "engine/worker.py", "< whole / 2:", "< -1e9:",
           "engine/test_worker.py::test_a_process_that_slept_past_its_lease_does_not_act"),
    clause("a dead owner's order is unsure", "engine/leases.py", "        if row.armed:\n", "        if False:\n",
           "engine/test_leases.py::test_armed_items_of_a_killed_owner_become_unsure"),
    clause("a lost answer is no refusal", TRIGGER, "    except Unanswered:\n        raise\n", "",
           "collect/test_trigger.py::test_a_lost_answer_is_unsure_and_is_not_sent_again"),
    clause("a cancelled one is not sent", TRIGGER, "if snapshot.cancel_requested:", "if False:",
           "collect/test_trigger.py::test_a_cancelled_one_is_never_sent"),
    # the vendor's throttle
    clause("ten calls may be refused", BREAKER, "if open_or_refused >= MOST:", "if open_or_refused > MOST:",
           "budget/test_storm.py::test_ten_minutes_of_429", ("if paused is not None and", "if False and")),
    clause("calls on their way count", BREAKER, "MOST: Final = 10", "MOST: Final = 20", "engine/test_breaker.py"),
    clause("one pause for all", BREAKER, "if paused is not None and paused > at:", "if False:",
           "engine/test_breaker.py::test_everybody_waits_as_long_as_the_vendor_asked"),
    # looks for a lost trigger
    clause("two triggers at most", RECONCILE, "elif snapshot.acts < _MOST_TRIGGERS:", "elif True:",
           f"{LOOK}test_absent_in_all_spaced_looks_it_is_sent_once_more_and_then_a_person_is_asked"),
    clause("what cannot be read is not absence", RECONCILE, "    elif unread:\n", "    elif False:\n",
           f"{LOOK}test_where_the_vendor_cannot_tell_a_person_is_asked_and_nothing_sent"),
    clause("looks are spaced", "engine/retry.py", "if early > timedelta():", "if False:",
           f"{LOOK}test_looks_in_a_row_prove_no_more_than_one"),
    clause("another's snapshot stays its own", RECONCILE, "if one.snapshot_id not in known and not any(",
           "if not any(", f"{LOOK}test_an_answer_that_comes_while_we_look_keeps_its_snapshot"),
    clause("a twin on its way is waited for", RECONCILE, "if tools.view.is_being_triggered(snapshot):", "if False:",
           f"{LOOK}test_while_a_twin_is_being_sent_nothing_is_concluded"),
    clause("a twin's is not cancelled", RECONCILE, "others[max(owners - 1, 0) :]", "others",
           f"{LOOK}test_what_another_lost_trigger_may_own_is_not_cancelled"),
    clause("a twin's is not adopted", RECONCILE, " and not any(same_inputs(inputs, theirs) for inputs in closer)", "",
           f"{LOOK}test_what_fits_a_lost_twin_better_is_the_twins"),
    clause("the first reserve is given back before the second", RECONCILE,
           "yield Move(to=SnapshotState.PLANNED, reason=reason, writes=(Release(),))",
           "yield Move(to=SnapshotState.PLANNED, reason=reason)",
           f"{LOOK}test_absent_in_all_spaced_looks_it_is_sent_once_more_and_then_a_person_is_asked"),
    clause("a stranger may be a lost trigger's", "collect/recovery_store.py",
           'if any(map(is_of, _lost(connection, values["dataset_id"]))):', "if False:",
           "collect/recover/test_adopt.py::test_a_lost_triggers_snapshot_is_left_to_its_own_look"),
    clause("what may be sent is not requeued", "collect/recovery.py", "            if may_be_sent(row):\n",
           "            if False:\n",
           "collect/recover/test_by_hand.py::test_a_quarantined_one_that_may_have_been_sent_is_not_sent_again"),
]  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with its tests, to be spoilt."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("workbench", "tests", "notebooks"):  # with their bytecode, which a spoilt file outdates
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture
def spoil(copy: Path) -> Iterator[object]:
    before: dict[Path, str] = {}

    def change(one: Clause) -> None:
        path = copy / "workbench" / one.file
        before[path] = text = path.read_text()
        for old, new in ((one.text, one.instead), *one.also):
            assert text.count(old) == 1, f"{one.file} has {old!r} {text.count(old)} times: bring this list up to date"
            text = text.replace(old, new)
        path.write_text(text)

    yield change
    for path, text in before.items():
        path.write_text(text)


def run(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    named = (f"tests/{test}" for test in dict.fromkeys(tests))
    return subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *named],
        cwd=copy, env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@functools.cache
def pass_by_themselves(copy: Path, tests: tuple[str, ...]) -> None:
    """Asked once for all clauses: each of them costs a process then, not two."""
    before = run(copy, *tests)
    assert before.returncode == 0, f"without any change fails: {before.stdout[-2000:]}{before.stderr[-500:]}"


def covering(parameters: list[Any]) -> tuple[str, ...]:
    return tuple(parameter.values[0].test for parameter in parameters)


def test_every_clause_stands_in_the_code() -> None:
    """Once each, so that the soak takes out what it says: a clause that was rewritten is written anew here."""
    stale = [
        f"{parameter.id}: {one.file}"
        for parameter in [*SAMPLE, *OTHERS]
        for one in parameter.values
        for text in (one.text, *(old for old, _ in one.also))
        if (ROOT / "workbench" / one.file).read_text().count(text) != 1
    ]
    assert stale == []


def test_every_test_that_notices_exists() -> None:
    """By its file and its name: one that was moved or renamed is named anew here."""
    gone = []
    for parameter in [*SAMPLE, *OTHERS]:
        for one in parameter.values:
            file, _, name = one.test.partition("::")
            path = ROOT / "tests" / file
            if not path.is_file() or f"def {name.partition('[')[0]}" not in path.read_text():
                gone.append(f"{parameter.id}: {one.test}")
    assert gone == []


def is_noticed(copy: Path, one: Clause, spoil: object) -> None:
    spoil(one)  # type: ignore[operator]
    done = run(copy, one.test)
    assert done.returncode == 1, f"nobody noticed: {done.stdout[-2000:]}{done.stderr[-500:]}"
    assert re.search(r"^FAILED tests/", done.stdout, re.MULTILINE), done.stdout[-2000:]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("one", SAMPLE)
def test_a_sample_is_noticed(copy: Path, one: Clause, spoil: object) -> None:
    pass_by_themselves(copy, covering(SAMPLE))
    is_noticed(copy, one, spoil)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("one", [*SAMPLE, *OTHERS])
def test_each_is_noticed(copy: Path, one: Clause, spoil: object) -> None:
    pass_by_themselves(copy, covering([*SAMPLE, *OTHERS]))
    is_noticed(copy, one, spoil)
