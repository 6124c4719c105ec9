"""browser/session.py: a saved login is whole, its owner's alone, and never quoted."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest

from workbench.browser.session import Sessions, secrets_of
from workbench.errors import AccountStops, BadInput

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
        pytest.param(
            '[{"name": "x", "value": "secret\\ud800", "domain": "d"}]', "no cookie may have", id="half a sign"
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

    with pytest.raises(AccountStops, match="workbench accounts login 3"):
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


# what other tools write ---------------------------------------------------------------------------

ENDS = 1_813_000_000
NETSCAPE = (
    "# Netscape HTTP Cookie File\n\n"
    "#HttpOnly_.facebook.com\tTRUE\t/\tTRUE\t1813000000\txs\tfirst value\r\n"
    ".facebook.com\tTRUE\t/\tFALSE\t0\tc_user\t\n"
)
RAW = {
    "Host raw": "https://.facebook.com/", "Name raw": "xs", "Content raw": "v", "Path raw": "/",
    "Expires raw": "1813000000", "Send for raw": "true", "HTTP only raw": "true", "SameSite raw": "no_restriction",
}  # fmt: skip


def only(sessions, text):
    sessions.imported(3, text)
    (found,) = sessions.load(3)["cookies"]
    return found


def test_an_expiry_is_understood_where_its_meaning_is_sure(sessions):
    given = {
        "1813000000": ENDS, "1813000000.5": ENDS + 0.5, "1813000000000": ENDS, "1813000000000000": ENDS,
        "1.813e18": ENDS, "13457473600000000": ENDS, '"1813000000"': ENDS, '"1813000000000"': ENDS,
        '"2027-06-14T19:06:40Z"': ENDS, '"2027-06-14T19:06:40.000+00:00"': ENDS,
        '"Mon, 14 Jun 2027 19:06:40 GMT"': ENDS, "-1": -1, "-1.0": -1, "0": -1, "null": -1, '""': -1, '"Session"': -1,
        "-62135596800": -1, "253402300799": 253402300799,
    }  # fmt: skip
    found = {}
    for text in given:
        one = only(sessions, '[{"name": "xs", "value": "v", "domain": "site.example", "expires": ' + text + "}]")
        found[text] = one["expires"]
    assert found == given


def test_an_expiry_of_no_sure_meaning_is_refused_with_the_cookie_and_the_cure(sessions):
    given = ["-2", "-1813000000", "999999999999", "1e300", "9" * 400, "NaN", "Infinity", "true", "[]", '"soon"']
    told = {}
    for text in given:
        with pytest.raises(BadInput) as error:
            sessions.imported(3, '[{"name": "xs", "value": "secret", "domain": "d.x", "expires": ' + text + "}]")
        told[text] = error.value.message
    wanted = ("cookie 1 (xs)", "expiry", "write seconds since 1970, or -1")
    assert [text for text, said in told.items() if not all(one in said for one in wanted) or "secret" in said] == []
    assert not sessions.saved()


def test_what_a_browser_would_refuse_of_a_cookie_is_mended(sessions):
    base = {"name": "xs", "value": "v", "domain": "site.example"}
    given = [
        ({"sameSite": "None"}, {"sameSite": "Lax", "secure": False}),
        ({"sameSite": "None", "secure": True}, {"sameSite": "None", "secure": True}),
        ({"sameSite": "no_restriction", "secure": True}, {"sameSite": "None"}),
        ({"sameSite": "no_restriction"}, {"sameSite": "Lax"}),
        ({"sameSite": "strict"}, {"sameSite": "Strict"}),
        ({"sameSite": "unspecified"}, {"sameSite": "Lax"}),
        ({"sameSite": None}, {"sameSite": "Lax"}),
        ({"sameSite": 2}, {"sameSite": "Strict"}),
        ({"partitionKey": "https://site.example"}, {"partitionKey": "https://site.example", "secure": True}),
        (
            {"partitionKey": {"topLevelSite": "https://site.example", "hasCrossSiteAncestor": False}},
            {"partitionKey": "https://site.example"},
        ),
        ({"name": "__Secure-xs"}, {"secure": True}),
        ({"name": "__Host-xs", "domain": ".site.example"}, {"secure": True, "domain": "site.example"}),
        ({"domain": "https://www.Site.example:443/x"}, {"domain": "www.site.example"}),
        ({"domain": "127.0.0.1:8080"}, {"domain": "127.0.0.1"}),
        ({"value": 100012345}, {"value": "100012345"}),
        ({"path": ""}, {"path": "/"}),
        ({"session": True, "expirationDate": 5}, {"expires": -1}),
    ]
    found = [only(sessions, json.dumps([{**base, **more}])) for more, _ in given]
    assert [{key: one.get(key) for key in wanted} for one, (_, wanted) in zip(found, given, strict=True)] == [
        wanted for _, wanted in given
    ]
    assert "partitionKey" not in only(sessions, json.dumps([{**base, "partitionKey": None}]))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps({"cookies": [{"name": "xs", "value": "v", "domain": ".facebook.com",
            "secure": True, "httpOnly": True, "expires": ENDS}], "origins": []}), id="a storage state"),
        pytest.param(json.dumps([{"name": "xs", "value": "v", "domain": ".facebook.com", "hostOnly": False,
            "secure": True, "httpOnly": True, "expirationDate": ENDS + 0.0, "storeId": "0", "id": 1}]), id="a list"),
        pytest.param(json.dumps({"url": "https://www.facebook.com", "cookies": [{"name": "xs", "value": "v",
            "domain": ".facebook.com", "secure": True, "httpOnly": True, "expirationDate": ENDS}]}), id="with a url"),
        pytest.param(json.dumps({"storageState": {"cookies": [{"name": "xs", "value": "v", "domain": ".facebook.com",
            "secure": True, "httpOnly": True, "expiry": ENDS}]}}), id="in an object"),
        pytest.param(json.dumps([RAW]), id="words of an extension"),
        pytest.param("\ufeff" + json.dumps([RAW]), id="a byte-order mark"),
        pytest.param("#HttpOnly_.facebook.com\tTRUE\t/\tTRUE\t1813000000\txs\tv", id="cookies.txt"),
        pytest.param("#HttpOnly_.facebook.com TRUE / TRUE 1813000000 xs v\n", id="cookies.txt with blanks"),
        pytest.param(json.dumps([RAW]).encode("utf-16"), id="two bytes a sign"),
    ],
)  # fmt: skip
def test_other_tools_write_the_same_login_differently(sessions, text):
    found = only(sessions, text)

    assert (found["name"], found["value"], found["domain"], found["path"]) == ("xs", "v", ".facebook.com", "/")
    assert (found["expires"], found["secure"], found["httpOnly"]) == (ENDS, True, True)


def test_a_cookies_txt_has_empty_values_and_cookies_that_end_with_the_browser(sessions):
    sessions.imported(3, NETSCAPE)

    found = [(one["name"], one["value"], one["expires"]) for one in sessions.load(3)["cookies"]]
    assert found == [("xs", "first value", ENDS), ("c_user", "", -1)]


def test_what_cannot_be_meant_is_refused_with_the_cookie_and_the_cure(sessions):
    base = {"name": "xs", "value": "secret", "domain": "site.example"}
    given = [
        ({"partitionKey": "opaque"}, "(xs) has a partitionKey that is no site"),
        ({"domain": "not a host"}, "(xs) has a domain that is none"),
        ({"domain": None}, "cookie 1 has no domain (xs)"),
        ({"value": "secret; path=/"}, "(xs) holds a sign"),
        ({"value": None}, "cookie 1 has no value (xs)"),
        ({"value": "secret" * 1000}, "(xs) has more than 4096 bytes"),
    ]
    for more, why in given:
        with pytest.raises(BadInput) as error:
            sessions.imported(3, json.dumps([{**base, **more}]))
        assert why in error.value.message
        assert "secret" not in error.value.message
    for text in ('{"c_user": "secret", "xs": "secret"}', "c_user=secret; xs=secret", "[]", "SQLite format 3\0"):
        with pytest.raises(BadInput, match="give a storage state as Playwright saves it, cookies exported"):
            sessions.imported(3, text)
