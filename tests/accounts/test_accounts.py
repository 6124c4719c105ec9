"""accounts/service.py: accounts as people handle them, against the stand-ins, in a real Chromium."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from workbench.accounts import store as accounts
from workbench.browser import login
from workbench.engine.locks import lock_of_account
from workbench.errors import BadInput, Refused
from workbench.sandbox.serve import Sandbox
from workbench.workbench import Workbench, open_workbench

DAY = 86_400


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), seed=7) as made:
        yield made


@pytest.fixture
def bench(tmp_path: Path, sandbox: Sandbox) -> Iterator[Workbench]:
    given = {"trafficjunky_url": sandbox.trafficjunky.url, "marketplace_url": sandbox.marketplace.url}
    with open_workbench(tmp_path, **given) as made:
        yield made


@pytest.fixture
def anna(bench: Workbench) -> int:
    return bench.accounts.add("marketplace", "Anna")


def only(found: dict[str, Any]) -> dict[str, Any]:
    (one,) = found["accounts"]
    return dict(one)


# coming and going ---------------------------------------------------------------------------------


def test_in_practice_a_new_account_can_work_at_once(bench: Workbench) -> None:
    account_id = bench.accounts.add("trafficjunky", "Ads")

    assert bench.parts.sessions.about(account_id, (), accounts.now()).has_login_cookie


def test_only_our_own_stand_in_is_asked_for_a_login(tmp_path: Path) -> None:
    with open_workbench(tmp_path, marketplace_url="http://127.0.0.1:9") as bench:
        account_id = bench.accounts.add("marketplace", "Anna")

        assert not bench.parts.sessions.path(account_id).exists()


def test_an_imported_session_replaces_what_was_proved(bench: Workbench, anna: int, tmp_path: Path) -> None:
    file = tmp_path / "tj_session.json"
    file.write_bytes(bench.parts.sessions.path(anna).read_bytes())
    accounts.record_proof(bench.parts.ledger, anna, "logged_out", "seen")
    accounts.pause(bench.parts.ledger, anna, "session_expired", "logged out")
    bench.accounts.import_session(anna, file)
    found = accounts.find(bench.parts.ledger, anna)

    assert (found.proof, found.paused_kind) == (None, None)


@pytest.mark.parametrize("content", [None, "", "[]", '{"cookies": 5}'])
def test_a_file_that_is_no_session_changes_nothing(bench: Workbench, anna: int, tmp_path: Path, content: str) -> None:
    before = bench.parts.sessions.load(anna)
    file = tmp_path / "file.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(BadInput):
        bench.accounts.import_session(anna, file)
    assert bench.parts.sessions.load(anna) == before


def test_logout_destroys_the_session_and_what_was_proved_of_it(bench: Workbench, anna: int) -> None:
    accounts.record_proof(bench.parts.ledger, anna, "ok", "seen")

    assert bench.accounts.logout(anna)
    assert not bench.accounts.logout(anna)
    assert not bench.parts.sessions.path(anna).exists()
    assert accounts.find(bench.parts.ledger, anna).proof is None


@pytest.mark.parametrize("verb", ["logout", "import_session", "remove", "login"])
def test_an_account_at_work_is_not_touched(bench: Workbench, anna: int, tmp_path: Path, verb: str) -> None:
    token = bench.parts.locks.take(lock_of_account(anna))
    file = tmp_path / "s.json"
    file.write_text('{"cookies": []}')
    arguments = (file,) if verb == "import_session" else ()

    with pytest.raises(Refused, match=f"account {anna} is at work.*accounts stop {anna}"):
        getattr(bench.accounts, verb)(anna, *arguments)
    bench.parts.locks.release(lock_of_account(anna), token or 0)


def test_the_switch_stops_at_once_and_says_so(bench: Workbench, anna: int) -> None:
    bench.accounts.stop(anna)
    assert not accounts.find(bench.parts.ledger, anna).enabled

    bench.accounts.resume(anna)
    assert accounts.find(bench.parts.ledger, anna).enabled


@pytest.mark.parametrize(
    ("kind", "command"),
    [("session_expired", "login"), ("captcha", "login"), ("account_restricted", "resume"), ("ui_changed", "resume")],
)
def test_a_paused_account_is_told_with_the_command_that_ends_it(
    bench: Workbench, anna: int, kind: str, command: str
) -> None:
    assert bench.accounts.todo() == []
    accounts.pause(bench.parts.ledger, anna, kind, "because")

    assert bench.accounts.todo() == [
        {
            "kind": "account", "id": str(anna), "why": "marketplace Anna: because",
            "command": f"workbench accounts {command} {anna}",
        }
    ]  # fmt: skip
    assert bench.todo() == bench.accounts.todo()


def test_a_pace_is_changed_by_what_is_given(bench: Workbench, anna: int) -> None:
    bench.accounts.set_pace(anna, gap=timedelta(minutes=10), daily=8)
    bench.accounts.set_pace(anna, quiet=("22:00", "07:00"))
    (one,) = bench.accounts.all("marketplace")
    assert (one["gap_seconds"], one["daily_cap"], one["quiet_from"]) == (600, 8, "22:00")

    bench.accounts.set_pace(anna, no_limits=True, daily=3)
    (one,) = bench.accounts.all("marketplace")
    assert (one["gap_seconds"], one["daily_cap"], one["quiet_from"]) == (0, 3, None)


@pytest.mark.parametrize("values", [{}, {"daily": 0}, {"gap": timedelta(seconds=-1)}])
def test_a_pace_that_means_nothing_is_refused(bench: Workbench, anna: int, values: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        bench.accounts.set_pace(anna, **values)


# health -------------------------------------------------------------------------------------------


def test_without_accounts_all_is_well(bench: Workbench) -> None:
    assert bench.accounts.health() == {
        "overall_health": "healthy",
        "summary": {"total_accounts": 0, "healthy": 0, "warning": 0, "error": 0},
        "accounts": [],
    }


def test_no_session(bench: Workbench, anna: int) -> None:
    bench.accounts.logout(anna)
    found = only(bench.accounts.health())

    assert (found["health_status"], found["session_exists"], found["session_valid"]) == ("error", False, False)
    assert found["reason"].startswith("no session: logged out here at ")
    assert bench.accounts.validate_session(anna)["message"] == "Session file does not exist"


def test_an_expired_cookie(bench: Workbench, anna: int) -> None:
    state = bench.parts.sessions.load(anna)
    assert state is not None
    for cookie in state["cookies"]:
        cookie["expires"] = time.time() - DAY
    bench.parts.sessions.save(anna, state)
    found = only(bench.accounts.health())

    assert found["health_status"] == "error"
    assert "cookie expired" in found["reason"]
    assert bench.accounts.validate_session(anna) == {
        "valid": False, "session_age_days": 0.0, "message": "Session may be expired",
        "action_required": f"workbench accounts login {anna}", "reason": found["reason"],
    }  # fmt: skip


def test_never_proved_where_nobody_asks_the_site(bench: Workbench, anna: int) -> None:
    found = bench.accounts.health(live=False)

    assert (found["overall_health"], only(found)["reason"]) == ("warning", "the session was never proved at the site")


def test_an_old_session_is_a_warning(bench: Workbench, anna: int) -> None:
    moment = time.time() - 31 * DAY
    os.utime(bench.parts.sessions.path(anna), (moment, moment))
    accounts.record_proof(bench.parts.ledger, anna, "ok", "seen")
    found = only(bench.accounts.health(live=False))

    assert (found["health_status"], found["session_age_days"]) == ("warning", 31.0)


@pytest.mark.browser
def test_proved_at_the_site(bench: Workbench, anna: int) -> None:
    found = only(bench.accounts.health())

    assert (found["health_status"], found["proof"], found["session_valid"]) == ("healthy", "ok", True)
    assert bench.accounts.validate_session(anna, live=False)["valid"]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("switch", "proof", "said"),
    [
        ("logged_out_at_site", "logged_out", "logged out at the site"),
        ("disabled_account", "restricted", "restricted by the site"),
        ("http_429", "limited", "limited by the site"),
    ],
)
def test_what_the_site_says_of_a_valid_cookie(
    bench: Workbench, sandbox: Sandbox, switch: str, proof: str, said: str
) -> None:
    anna = bench.accounts.add("marketplace", f"A-{switch}")
    sandbox.marketplace.switch(**{switch: {"chance": 1, "account": f"A-{switch}"}})
    found = only(bench.accounts.health(anna))

    assert found["proof"] == proof
    assert found["reason"].startswith(said)
    assert found["health_status"] == ("warning" if proof == "limited" else "error")


@pytest.mark.browser
def test_a_checkpoint(bench: Workbench, sandbox: Sandbox) -> None:
    anna = bench.accounts.add("marketplace", "Checked")
    sandbox.marketplace.switch(checkpoint={"chance": 1, "account": "Checked", "on": "selling"})
    found = only(bench.accounts.health(anna))

    assert (found["health_status"], found["proof"]) == ("error", "checkpoint")
    assert found["action_required"] == f"workbench accounts login {anna}"


@pytest.mark.browser
def test_a_site_that_cannot_be_reached_leaves_the_last_proof_as_it_was(bench: Workbench, tmp_path: Path) -> None:
    anna = bench.accounts.add("marketplace", "Anna")
    accounts.record_proof(bench.parts.ledger, anna, "ok", "seen")
    with open_workbench(tmp_path, marketplace_url="http://127.0.0.1:9") as away:
        found = only(away.accounts.health(anna))

    assert (found["health_status"], found["proof"]) == ("warning", "ok")
    assert found["reason"].startswith("the site could not be reached")


def test_an_account_at_work_is_told_by_what_is_known(bench: Workbench, anna: int) -> None:
    token = bench.parts.locks.take(lock_of_account(anna))
    found = only(bench.accounts.health(anna))
    bench.parts.locks.release(lock_of_account(anna), token or 0)

    assert found["reason"] == "the session was never proved at the site"


# probe, login, sweep ------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("channel", ["marketplace", "trafficjunky"])
def test_a_probe_finds_what_the_pack_requires(bench: Workbench, channel: str) -> None:
    bench.accounts.add(channel, "Anna")
    found = bench.accounts.probe(channel)

    assert found
    assert all(one["ok"] for one in found)
    assert any(one["required"] and one["found"] == 1 for one in found)


def test_a_probe_wants_to_know_through_whose_login(bench: Workbench) -> None:
    with pytest.raises(BadInput, match="0 accounts could be meant"):
        bench.accounts.probe("marketplace")
    ads = bench.accounts.add("trafficjunky", "Ads")
    with pytest.raises(BadInput, match="is of trafficjunky"):
        bench.accounts.probe("marketplace", ads)


def test_a_login_in_practice_needs_nobody_where_nobody_could_see(
    bench: Workbench, anna: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "can_show", lambda: False)
    bench.accounts.logout(anna)
    bench.accounts.login(anna)

    assert bench.parts.sessions.path(anna).exists()


def test_a_login_in_live_mode_is_refused_where_nobody_could_see(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "can_show", lambda: False)
    with open_workbench(tmp_path, mode="live", marketplace_url=sandbox.marketplace.url) as bench:
        anna = bench.accounts.add("marketplace", "Anna")
        assert not bench.parts.sessions.path(anna).exists()

        with pytest.raises(Refused, match=rf"accounts import-session {anna} FILE"):
            bench.accounts.login(anna)


def test_evidence_is_swept_by_its_age(bench: Workbench, anna: int) -> None:
    at = accounts.now() - timedelta(days=31)
    kept = bench.parts.browsing.evidence.keep("timeout", anna, page={}, picture=b"x", story="because", now=at)
    folder = bench.settings.data / kept.folder
    for path in (*folder.iterdir(), folder):
        os.utime(path, (at.timestamp(), at.timestamp()))

    assert bench.keeping.sweep_evidence() == [kept.folder]
    assert folder.exists()
    assert bench.keeping.sweep_evidence(dry=False) == [kept.folder]
    assert not folder.exists()


def test_no_session_is_in_the_ledger(bench: Workbench, anna: int, tmp_path: Path) -> None:
    """The canary of issue 5, for what is kept beside the browser."""
    state = {"cookies": [{"name": "xs", "value": "canary-cookie-0123456789", "domain": "127.0.0.1"}]}
    (tmp_path / "s.json").write_text(json.dumps(state))
    bench.accounts.import_session(anna, tmp_path / "s.json")
    bench.close()

    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and "sessions" not in path.parts]
    assert kept
    assert all(b"canary-cookie" not in path.read_bytes() for path in kept)
