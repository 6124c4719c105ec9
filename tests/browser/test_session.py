"""browser/session.py: a saved login is whole, its owner's alone, and never quoted."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest

from workbench.browser.session import Sessions, secrets_of
from workbench.errors import BadInput, LaneStops

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FACEBOOK = ("c_user", "xs")


@pytest.fixture
def sessions(tmp_path):
    return Sessions(tmp_path / "sessions")


def state(*cookies, origins=()):
    return {"cookies": [{"domain": "site.example", "value": "v", **one} for one in cookies], "origins": list(origins)}


def test_what_was_saved_comes_back(sessions):
    sessions.imported(3, json.dumps(state({"name": "xs", "expires": 5, "sameSite": "Strict"})))

    assert sessions.load(3) == {
        "cookies": [
            {
                "name": "xs", "value": "v", "domain": "site.example", "path": "/", "expires": 5, "httpOnly": False,
                "secure": False, "sameSite": "Strict",
            }
        ],
        "origins": [],
    }  # fmt: skip


def test_nobody_else_may_read_it_whatever_the_umask(sessions, tmp_path):
    before = os.umask(0)
    try:
        sessions.save(3, state())
    finally:
        os.umask(before)

    assert stat.S_IMODE(sessions.path(3).stat().st_mode) == 0o600
    assert stat.S_IMODE(sessions.path(3).parent.stat().st_mode) == 0o700


def test_a_write_that_does_not_come_through_leaves_the_last(sessions):
    sessions.save(3, state({"name": "good"}))

    with pytest.raises(TypeError):
        sessions.save(3, {"cookies": object()})
    assert sessions.load(3)["cookies"][0]["name"] == "good"
    assert [path.name for path in sessions.path(3).parent.iterdir()] == ["3.json"]


def test_a_destroyed_session_is_overwritten_first(sessions, tmp_path):
    sessions.save(3, state({"name": "xs", "value": "secret"}))
    os.link(sessions.path(3), tmp_path / "the-same-bytes")

    assert sessions.destroy(3)
    assert not sessions.destroy(3)
    assert set((tmp_path / "the-same-bytes").read_bytes()) == {0}
    assert sessions.load(3) is None


@pytest.mark.parametrize("verb", ["save", "destroy"])
def test_what_a_killed_process_left_of_a_login_goes_with_it(sessions, verb):
    """It died between writing a session and giving it its name."""
    sessions.save(3, state({"name": "xs", "value": "secret"}))
    left = sessions.path(3).with_name(f".{sessions.path(3).name}.0123456789ab.tmp")
    other = sessions.path(3).with_name(".33.json.0123456789ab.tmp")
    for path in (left, other):
        path.write_text("a login")
    sessions.save(3, state()) if verb == "save" else sessions.destroy(3)

    assert not left.exists()
    assert other.exists()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param("", "is not JSON", id="nothing"),
        pytest.param('{"cookies": [', "is not JSON", id="cut off"),
        pytest.param(b"\xff\xfe", "is not JSON", id="no text"),
        pytest.param("[" * 100_000, "is not JSON", id="nested without end"),
        pytest.param("[]", "is no storage state", id="a list"),
        pytest.param("{}", "is no storage state", id="no cookies"),
        pytest.param('{"cookies": [7]}', "cookie 1 is no object", id="a number for a cookie"),
        pytest.param('{"cookies": [{"name": "xs", "value": "secret"}]}', "cookie 1 has no domain", id="no domain"),
        pytest.param(
            '{"cookies": [{"name": "x", "value": "secret", "domain": "d", "expires": NaN}]}', "expiry", id="not a time"
        ),
        pytest.param('{"cookies": [], "origins": [{"origin": 5}]}', '"origins"', id="origins"),
        pytest.param('{"cookies": [], "origins": [{"origin": "o", "localStorage": [1]}]}', '"origins"', id="storage"),
    ],
)
def test_what_is_no_session_is_refused_without_quoting_it(sessions, given, why):
    with pytest.raises(BadInput, match=why) as error:
        sessions.imported(3, given)

    assert "secret" not in error.value.message
    assert sessions.load(3) is None


def test_a_damaged_file_stops_the_account_with_the_cure(sessions):
    sessions.save(3, state())
    sessions.path(3).write_text("{")

    with pytest.raises(LaneStops, match="workbench accounts login 3"):
        sessions.load(3)
    assert sessions.about(3, FACEBOOK, NOW).is_damaged


def at(**offset):
    return (NOW + timedelta(**offset)).timestamp()


@pytest.mark.parametrize(
    ("names", "cookies", "expected"),
    [
        pytest.param(FACEBOOK, [("c_user", at(days=9)), ("xs", at(days=2))], (True, False, NOW + timedelta(days=2)),
                     id="the first that ends counts"),
        pytest.param(FACEBOOK, [("c_user", -1), ("xs", -1)], (True, False, None), id="they end with the browser"),
        pytest.param(FACEBOOK, [("xs", at(days=9))], (False, False, NOW + timedelta(days=9)), id="one is missing"),
        pytest.param(FACEBOOK, [("c_user", at(days=9)), ("xs", at(days=-1))], (True, True, NOW - timedelta(days=1)),
                     id="one ended"),
        pytest.param(FACEBOOK, [], (False, False, None), id="no cookies at all"),
        pytest.param((), [("a", at(days=-1)), ("b", at(days=3))], (True, False, NOW + timedelta(days=3)),
                     id="unknown names: the last that ends counts"),
        pytest.param((), [("a", at(days=-2)), ("b", at(days=-1))], (True, True, NOW - timedelta(days=1)),
                     id="unknown names: all ended"),
        pytest.param((), [("a", at(days=-2)), ("b", -1)], (True, False, None),
                     id="unknown names: one ends with the browser"),
    ],
)  # fmt: skip
def test_what_the_cookies_tell(sessions, names, cookies, expected):
    sessions.save(3, state(*({"name": name, "expires": end} for name, end in cookies)))
    found = sessions.about(3, names, NOW)

    assert (found.has_login_cookie, found.is_expired, found.cookie_expires_at) == expected


def test_age_and_mode_are_the_files(sessions):
    sessions.save(3, state())
    moment = at(days=-40)
    os.utime(sessions.path(3), (moment, moment))
    sessions.path(3).chmod(0o640)
    found = sessions.about(3, FACEBOOK, NOW)

    assert (found.exists, found.age_days, found.mode_ok) == (True, 40.0, False)


def test_without_a_file_there_is_no_session(sessions):
    assert not sessions.about(3, FACEBOOK, NOW).exists
    assert sessions.load(3) is None


def test_whatever_lets_somebody_in_is_a_secret():
    held = secrets_of(
        state(
            {"name": "xs", "value": "long-enough"},
            {"name": "theme", "value": "dark"},
            origins=[{"origin": "o", "localStorage": [{"name": "token", "value": "a-token-of-16-and-more"}]}],
        )
    )

    assert {one.reveal() for one in held} == {"long-enough", "a-token-of-16-and-more"}
