"""sandbox/trafficjunky over plain HTTP: who is signed in, what is taken, and every switch."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.advertisers import Advertiser, mp4, png
from workbench.sandbox.serve import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(tmp_path / "home", seed=7) as sandbox:
        yield sandbox


Advertisers = Callable[..., Advertiser]


@pytest.fixture
def advertiser(sandbox: Sandbox) -> Iterator[Advertisers]:
    """`advertiser("ben")` is signed in, `advertiser("ben", is_stranger=True)` is not."""
    with contextlib.ExitStack() as ending:
        yield lambda *args, **more: ending.enter_context(Advertiser(sandbox.trafficjunky.url, *args, **more))


@pytest.fixture
def anna(advertiser: Advertisers) -> Advertiser:
    return advertiser("anna")


def test_a_person_signs_in_and_a_short_session_begins(advertiser: Advertisers) -> None:
    ben = advertiser("ben", is_stranger=True)
    refused = ben.sign_in(password="short")
    welcome = ben.sign_in()

    assert "We don&#x27;t recognize these credentials" in refused.text
    assert (welcome.status_code, welcome.headers["location"]) == (302, "/")
    assert "HttpOnly" in welcome.headers["set-cookie"]
    assert "Max-Age=1800" in ben.http.get("/media-library").headers["set-cookie"]
    assert ben.http.get("/api/session").json()["account"] == "ben"
    assert (ben.count()["sign_ins"], ben.count()["sign_ins_refused"]) == ({"ben": 1}, 1)


def test_nobody_signs_in_without_the_challenge(advertiser: Advertisers) -> None:
    ben = advertiser("ben", is_stranger=True)
    unsolved = ben.http.get("/sign-in").text.split('name="g-recaptcha-response" value="')[1].split('"')[0]
    for challenge in ("", unsolved):
        form = {"username": "ben", "password": "long enough", "g-recaptcha-response": challenge}
        assert "not a robot" in ben.http.post("/sign-in", data=form).text

    assert ben.count()["sign_ins"] == {}
    assert ben.control("solve", account="ben") == {"solved": 0}, "no page is open"


def test_the_word_in_the_picture_solves_the_challenge(advertiser: Advertisers) -> None:
    ben = advertiser("ben", is_stranger=True)
    challenge = ben.http.get("/sign-in").text.split('name="g-recaptcha-response" value="')[1].split('"')[0]
    picture = ben.http.get("/recaptcha/picture", params={"c": challenge}).text
    word = "".join(part[part.index(">") + 1] for part in picture.split("<text")[1:])

    def answered(text: str) -> Any:
        return ben.http.post("/recaptcha/answer", data={"challenge": challenge, "word": text}).json()["solved"]

    assert (answered("WRONG"), answered(word.lower())) == (False, True)
    assert ben.http.get("/recaptcha/status", params={"c": challenge}).json() == {"solved": True, "account": None}


def test_a_code_may_be_asked_for(sandbox: Sandbox, advertiser: Advertisers) -> None:
    sandbox.trafficjunky.switch(code={"times": 1})
    ben = advertiser("ben", is_stranger=True)
    asked = ben.sign_in()
    challenge = asked.headers["location"].partition("c=")[2]
    form = {"g-recaptcha-response": challenge, "code": "12 34"}

    assert "Enter the code we sent you" in ben.http.get(asked.headers["location"]).text
    assert ben.http.post("/sign-in/code", data=form).status_code == 200
    assert ben.http.post("/sign-in/code", data={**form, "code": "123456"}).headers["location"] == "/"
    assert ben.http.get("/api/session").status_code == 200


def test_the_shell_is_the_same_for_everybody(advertiser: Advertisers, anna: Advertiser) -> None:
    stranger = advertiser(is_stranger=True).http

    assert stranger.get("/media-library").status_code == 200
    assert stranger.get("/media-library").text == anna.http.get("/media-library").text
    assert stranger.get("/campaigns").status_code == 200
    assert stranger.get("/api/session").status_code == 401
    assert stranger.get("/media-library/creatives?type=static").status_code == 401
    assert "anna" not in anna.http.get("/media-library").text


def test_each_account_has_a_library_of_its_own(advertiser: Advertisers, anna: Advertiser) -> None:
    ben = advertiser("ben")
    anna.send("tea.png")
    ben.send("cake.png")

    assert (anna.names(), ben.names()) == (["tea"], ["cake"])
    assert anna.count()["creatives"] == {"anna": 1, "ben": 1}


def test_what_is_taken_has_an_id_a_card_and_is_counted(anna: Advertiser) -> None:
    content = png(salt=b"tea")
    answer = anna.send("Tea.Time_ID-ABCD1234.png", content).json()
    (card,) = anna.page().json()["creatives"]
    (file,) = anna.count()["files"]
    sha256 = hashlib.sha256(content).hexdigest()

    assert len(str(answer["id"])) == 10
    assert card == {
        "id": str(answer["id"]),
        "name": "Tea.Time_ID-ABCD1234",
        "review": "pending",
        "dimensions": "300x250",
        "file_type": "png",
    }
    assert (file["sha256"], file["size"], file["outcome"], file["id"]) == (sha256, len(content), "stored", card["id"])
    assert anna.count()["received"] == {f"Tea.Time_ID-ABCD1234.png {sha256}": 1}


def test_a_known_name_is_swallowed_without_a_word(anna: Advertiser) -> None:
    first = anna.send("tea.png").json()["id"]
    again = anna.send("tea.png", png(salt=b"other bytes"))

    assert (again.status_code, again.json()) == (200, {"success": True})
    assert [card["id"] for card in anna.page().json()["creatives"]] == [str(first)]
    assert anna.outcomes() == [("tea.png", "stored"), ("tea.png", "duplicate")]


def test_names_are_known_per_tab(anna: Advertiser) -> None:
    still = anna.send("tea.png", png(640, 360), "native", 0).json()["id"]
    film = anna.send("tea.mp4", mp4(4), "native", 1).json()["id"]

    assert still != film
    assert (anna.names("native", 0), anna.names("native", 1), anna.names()) == (["tea"], ["tea"], [])


@pytest.mark.parametrize(
    ("tab", "native", "content", "words"),
    [
        ("native", 1, mp4(4.3), "must not exceed 4 seconds"),
        ("native", 1, mp4(3, 320, 180), "Invalid dimensions: 320x180"),
        ("native", 1, png(640, 360), "Invalid file type"),
        ("native", 0, png(640, 360, salt=bytes(300_000)), "smaller than 300 KB"),
        ("native", 0, png(320, 180), "Invalid dimensions"),
        ("in_stream", 0, mp4(4.9), "between 5 and 31 seconds"),
        ("in_stream", 0, mp4(31.2), "between 5 and 31 seconds"),
        ("static", 0, png(301, 250), "Invalid dimensions"),
        ("static", 0, b"\x89PNG\r\n", "Invalid file type"),
        ("static", 0, b"", "Invalid file type"),
        ("video", 0, mp4(9, 300, 251), "Invalid dimensions"),
    ],
)
def test_the_bytes_decide_what_is_taken(anna: Advertiser, tab: str, native: int, content: bytes, words: str) -> None:
    answer = anna.send("tea.mp4", content, tab, native)

    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert anna.outcomes() == [("tea.mp4", "rejected")]
    assert anna.count()["creatives"] == {}


@pytest.mark.parametrize(
    ("tab", "native", "content"),
    [
        ("native", 1, mp4(4)),
        ("native", 0, png(640, 360)),
        ("in_stream", 0, mp4(5, 1920, 1080)),
        ("in_stream", 0, mp4(31, version=1)),
        ("video", 0, mp4(60, 300, 250)),
        ("static", 0, png(970, 90)),
    ],
)
def test_what_keeps_to_the_rules_is_taken(anna: Advertiser, tab: str, native: int, content: bytes) -> None:
    assert anna.send("tea", content, tab, native).json()["success"]
    assert anna.names(tab, native) == ["tea"]


def test_cards_of_video_tabs_may_lack_size_and_kind(anna: Advertiser) -> None:
    for number in range(12):
        anna.send(f"film {number}.mp4", mp4(9), "in_stream")
    sizes = [card["dimensions"] for card in anna.page(1, "in_stream").json()["creatives"]]

    assert None in sizes
    assert "640x360" in sizes


def test_hostile_names_stay_text(anna: Advertiser) -> None:
    names = [
        "<img src=x onerror=alert(1)>.png",
        'a"b%22\r\nX-Evil: 1.png',
        "../../etc/passwd",
        "\u202egnp.tea",
        "'; DROP--",
    ]
    for name in names:
        assert anna.send(name).status_code == 200, name

    assert len(anna.names()) == len(names)
    assert "<img src=x onerror=alert(1)>" in anna.names()
    assert anna.http.get("/media-library").text.count("onerror") == 0


def test_300_creatives_stand_on_25_pages_newest_first(anna: Advertiser) -> None:
    ids = anna.control("seed", account="anna", creatives=300, tab="in_stream")["ids"]
    pages = [anna.page(number, "in_stream").json() for number in range(1, 26)]
    shown = [card["id"] for page in pages for card in page["creatives"]]

    assert [len(page["creatives"]) for page in pages] == [12] * 25
    assert [page["has_next"] for page in pages] == [True] * 24 + [False]
    assert shown == ids[::-1]
    assert sorted(set(shown)) == sorted(shown) == sorted(shown, key=int)
    assert anna.page(26, "in_stream").json() == {"creatives": [], "has_next": False}


def test_a_past_may_hold_the_same_stem_twice(anna: Advertiser) -> None:
    anna.control("seed", account="anna", names=["tea", "cake"], tab="in_stream", same_stem=2)
    held = [(card["tab"], card["name"]) for card in anna.http.get("/sandbox/creatives?account=anna").json()]

    assert held == [("in_stream", "tea"), ("in_stream", "cake"), ("video", "tea"), ("in_stream", "cake")]


@pytest.mark.parametrize(("how", "shown"), [("error", None), ("empty", 0), ("short", 6)])
def test_one_page_may_fail(sandbox: Sandbox, anna: Advertiser, how: str, shown: int | None) -> None:
    anna.control("seed", account="anna", creatives=40)
    sandbox.trafficjunky.switch(page_fails={"page": 2, "how": how})
    failing = anna.page(2, "in_stream")

    assert anna.page(1, "in_stream").status_code == anna.page(3, "in_stream").status_code == 200
    assert failing.status_code == (500 if shown is None else 200)
    assert shown is None or len(failing.json()["creatives"]) == shown
    assert shown is None or failing.json()["has_next"]


@pytest.mark.parametrize(("how", "seen_twice", "never_seen"), [("added", 1, 0), ("removed", 0, 1)])
def test_a_library_may_move_while_it_is_listed(
    sandbox: Sandbox, anna: Advertiser, how: str, seen_twice: int, never_seen: int
) -> None:
    ids = anna.control("seed", account="anna", creatives=30)["ids"]
    sandbox.trafficjunky.switch(library_moves={"page": 2, "how": how, "times": 1}, shows_total="yes")
    pages = [anna.page(number, "in_stream").json() for number in (1, 2, 3)]
    seen = [card["id"] for page in pages for card in page["creatives"]]

    assert len(seen) - len(set(seen)) == seen_twice
    assert len(set(ids) - set(seen)) == never_seen
    assert [page["total"] for page in pages] == [30, *[30 + seen_twice - never_seen] * 2]


def test_one_of_three_is_rejected_in_the_servers_words(sandbox: Sandbox, anna: Advertiser) -> None:
    sandbox.trafficjunky.switch(reject={"file": "b*", "message": "Contains a <b>logo</b>."})
    answers = [anna.send(f"{name}.png") for name in "abc"]

    assert [answer.status_code for answer in answers] == [200, 422, 200]
    assert answers[1].json() == {"error": "Contains a <b>logo</b>."}
    assert anna.names() == ["c", "a"]


def test_a_file_may_be_taken_and_the_answer_lost(sandbox: Sandbox, anna: Advertiser) -> None:
    for number, how in enumerate(["begun", "silent"]):
        sandbox.trafficjunky.switch(commit_then_drop={"times": 1, "how": how})
        with pytest.raises(httpx.TransportError):
            anna.send(f"tea {number}.png")
    sandbox.trafficjunky.switch(commit_then_500={"times": 1})

    assert anna.send("cake.png").status_code == 500
    assert anna.names() == ["cake", "tea 1", "tea 0"]
    assert set(anna.count()["received"].values()) == {1}


def test_a_file_may_be_lost_on_the_way(sandbox: Sandbox, anna: Advertiser) -> None:
    for how in ("begun", "silent"):
        sandbox.trafficjunky.switch(drop_before={"times": 1, "how": how})
        with pytest.raises(httpx.TransportError):
            anna.send("tea.png")

    assert anna.names() == []
    assert anna.outcomes() == [("tea.png", "dropped")] * 2
    assert anna.send("tea.png").json()["success"]


def test_id_and_card_may_come_with_the_next_load_of_the_page(sandbox: Sandbox, anna: Advertiser) -> None:
    sandbox.trafficjunky.switch(id_after_reload={"times": 1}, answer_without_id={"file": "cake*"})
    tea, cake = anna.send("tea.png"), anna.send("cake.png")
    before = anna.names()
    anna.http.get("/media-library")

    assert tea.json() == cake.json() == {"success": True}
    assert (before, anna.names()) == (["cake"], ["cake", "tea"])


def test_duplicates_can_be_made_and_allowed(sandbox: Sandbox, anna: Advertiser) -> None:
    sandbox.trafficjunky.switch(silent_duplicate={"file": "new*"}, duplicate_accepted={"file": "tea*"})
    answers = [anna.send(name) for name in ("new.png", "tea.png", "tea.png")]

    assert ["id" in answer.json() for answer in answers] == [False, True, True]
    assert anna.names() == ["tea", "tea"]
    assert [outcome for _, outcome in anna.outcomes()] == ["duplicate", "stored", "stored"]


def test_reviews_are_decided_by_time_and_by_hand(sandbox: Sandbox, anna: Advertiser) -> None:
    for name in ("tea", "cake", "milk"):
        anna.send(f"{name}.png")
    anna.control("review", account="anna", names="milk", status="rejected")

    def reviews() -> dict[str, str]:
        return {card["name"]: card["review"] for card in anna.page().json()["creatives"]}

    assert reviews() == {"tea": "pending", "cake": "pending", "milk": "rejected"}
    sandbox.trafficjunky.switch(review_after_seconds=0.001, review_rejects={"file": "cake"})
    assert reviews() == {"tea": "approved", "cake": "rejected", "milk": "rejected"}


def test_names_may_be_shown_cut_off(sandbox: Sandbox, anna: Advertiser) -> None:
    sandbox.trafficjunky.switch(name_truncated=8)
    anna.send("a long name_ID-ABCD1234.png")

    assert anna.names() == ["a long n"]
    assert not anna.send("a long name_ID-ABCD1234.png").json().get("id"), "the site itself knows the whole name"


def test_a_session_ends_after_so_many_requests(sandbox: Sandbox, advertiser: Advertisers, anna: Advertiser) -> None:
    sandbox.trafficjunky.switch(session_expires_after={"requests": 2, "on": "upload", "account": "anna"})
    advertiser("ben").send("ben.png")
    statuses = [anna.send(f"{name}.png").status_code for name in "abcd"]

    assert statuses == [200, 200, 401, 401]
    assert anna.http.get("/api/session").status_code == 401
    assert anna.count()["sessions_ended"] == {"expired": 1}
    assert advertiser("anna").names() == ["b", "a"], "once"


def test_a_session_ends_when_idle_and_when_the_site_forgets_it(
    sandbox: Sandbox, advertiser: Advertisers, anna: Advertiser
) -> None:
    ben = advertiser("ben")
    assert anna.control("end_sessions", account="ben") == {"ended": 1}
    assert ben.page().status_code == 401
    sandbox.trafficjunky.switch(session_idle_seconds=0)

    assert anna.page().status_code == 401
    assert anna.count()["sessions_ended"] == {"forgotten": 1, "idle": 1}


def test_a_challenge_in_mid_session_stops_everything_until_a_person_comes(sandbox: Sandbox, anna: Advertiser) -> None:
    sandbox.trafficjunky.switch(captcha={"times": 1, "on": "upload"})
    stopped = anna.send("tea.png")
    challenge = stopped.json()["challenge"]

    assert (stopped.status_code, anna.page().status_code, anna.http.get("/media-library").status_code) == (
        403,
        403,
        200,
    )
    anna.http.get("/recaptcha/status", params={"c": challenge})
    assert anna.control("solve", account="ben") == {"solved": 0}
    assert anna.control("solve", account="anna") == {"solved": 1}
    assert (anna.names(), anna.send("tea.png").status_code) == ([], 200)


@pytest.mark.parametrize(("switch", "status"), [("error_500", 500), ("too_many_429", 429)])
def test_any_route_may_fail(sandbox: Sandbox, anna: Advertiser, switch: str, status: int) -> None:
    sandbox.trafficjunky.switch(**{switch: {"times": 1, "on": "upload", "account": "anna"}})

    assert anna.page().status_code == 200
    assert [anna.send("tea.png").status_code for _ in range(2)] == [status, 200]
    assert anna.count()["switches_struck"] == {switch: 1}


def test_an_answer_may_be_slow_and_the_file_is_there_meanwhile(sandbox: Sandbox, anna: Advertiser) -> None:
    sandbox.trafficjunky.switch(slow={"seconds": 30, "on": "upload", "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{sandbox.trafficjunky.url}/media-library/upload",
            data={"type": "static"}, files={"file": ("tea.png", png())}, cookies=anna.http.cookies, timeout=0.5,
        )  # fmt: skip

    assert anna.names() == ["tea"]


def test_a_refused_upload_still_hears_the_refusal(advertiser: Advertisers) -> None:
    """Ten megabytes in one breath: an answer before their end would be lost in a reset."""
    stranger = advertiser(is_stranger=True)

    assert stranger.send("big.png", png(salt=bytes(10_000_000))).status_code == 401
    assert stranger.http.post("/nowhere", files={"file": bytes(3_000_000)}).status_code == 404


@pytest.mark.parametrize("linger", [struct.pack("ii", 0, 0), struct.pack("ii", 1, 0)], ids=["close", "reset"])
def test_half_a_file_is_no_file(anna: Advertiser, eventually: Any, linger: bytes) -> None:
    whole = anna.http.build_request(
        "POST", "/media-library/upload", files={"file": ("tea.png", png(salt=bytes(300_000)))}
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in whole.headers.items())
    with socket.create_connection((whole.url.host, whole.url.port)) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        wire.sendall(f"POST /media-library/upload HTTP/1.1\r\n{head}\r\n".encode() + whole.read()[:200_000])
        time.sleep(0.05)  # the reset must not overtake the bytes

    assert eventually(lambda: anna.count()["uploads_cut"] == 1)
    assert (anna.names(), anna.count()["files"]) == ([], [])


@pytest.mark.parametrize(
    "switch",
    [
        {"surprise": 1},
        {"slow": {"minutes": 1}},
        {"slow": {"seconds": "long"}},
        {"reject": {"times": -1}},
        {"reject": {"message": 7}},
        {"reject": 2},
        {"page_fails": {"how": "badly"}},
        {"language": "tlh"},
        {"session_expires_after": 1.5},
        {"name_truncated": -1},
        [1],
    ],
)
def test_a_wrong_switch_is_told_and_changes_nothing(anna: Advertiser, switch: Any) -> None:
    before = anna.http.get("/sandbox/switches").json()
    answer = anna.http.post(
        "/sandbox/switches", json={"error_500": 1, **switch} if isinstance(switch, dict) else switch
    )

    assert (answer.status_code, set(answer.json())) == (400, {"error"})
    assert anna.http.get("/sandbox/switches").json() == before


@pytest.mark.parametrize("path", ["seed", "review", "session", "solve"])
def test_wrong_control_requests_are_told(anna: Advertiser, path: str) -> None:
    bodies = {
        "seed": {"tab": "attic"},
        "review": {"status": "lost"},
        "session": {"account": 7},
        "solve": {"account": ""},
    }

    assert anna.http.post(f"/sandbox/{path}", json=bodies[path]).status_code == 400
    assert anna.http.post(f"/sandbox/{path}", content=b"{").status_code == 400


def test_a_reset_begins_a_new_world_with_the_first_switches(tmp_path: Path) -> None:
    with contextlib.ExitStack() as ending:
        sandbox = ending.enter_context(Sandbox(tmp_path, switches={"trafficjunky.name_truncated": 5}))
        anna = ending.enter_context(Advertiser(sandbox.trafficjunky.url, "anna"))
        first = anna.send("tea time.png").json()["id"]
        sandbox.trafficjunky.switch(name_truncated=0)
        anna.control("reset")

        assert anna.page().status_code == 401
        again = ending.enter_context(Advertiser(sandbox.trafficjunky.url, "anna"))
        assert again.send("tea time.png").json()["id"] == first
        assert again.names() == ["tea t"]


def test_no_password_and_no_cookie_is_kept(sandbox: Sandbox, advertiser: Advertisers, tmp_path: Path) -> None:
    ben = advertiser("ben", is_stranger=True)
    ben.sign_in(password="correct-horse-battery")
    cookie = ben.http.cookies["trafficjunky_session"]
    sandbox.stop()
    connection = sqlite3.connect(tmp_path / "home" / "sandbox.db")
    dump = "\n".join(connection.iterdump())
    connection.close()

    assert "tj_session" in dump
    assert "correct-horse-battery" not in dump
    assert cookie not in dump
