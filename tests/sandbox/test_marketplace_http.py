"""sandbox/marketplace without a browser: cookies, gates, what is stored and what is counted."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.sellers import FORM, PNG, SELLING, TABLE, Seller, Site, open_site

ONCE = {"times": 1}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as site:
        yield site


@pytest.fixture
def anna(site: Site) -> Seller:
    return site.seller("anna")


def test_what_was_published_is_counted_with_its_photos(site: Site, anna: Seller) -> None:
    listing_id = anna.published(price="$1,250", hide_from_friends=True, groups=["Springfield Buy and Sell", "Other"])
    counts = site.count()
    (listing,) = counts["listings"]

    assert (counts["listings_created"], counts["publish_clicks"]) == ({"anna": 1}, {"anna": 1})
    assert {**TABLE, "price": 1250}.items() <= listing.items()
    assert (listing["listing_id"], listing["account"], listing["state"]) == (listing_id, "anna", "live")
    assert listing["photos"] == {"count": 1, "sha256": [hashlib.sha256(PNG).hexdigest()]}
    assert (listing["hide_from_friends"], listing["groups"]) == (True, ["Springfield Buy and Sell"])


def test_accounts_have_their_own_listings_and_a_buyer_sees_no_sku(site: Site, anna: Seller) -> None:
    ben = site.seller("ben")
    listing_id = anna.published()

    assert ([each["id"] for each in anna.feed()], ben.feed()) == ([listing_id], [])
    assert TABLE["sku"] in anna.get(f"/marketplace/item/{listing_id}/").text
    seen = ben.get(f"/marketplace/item/{listing_id}/").text
    assert "Oak table" in seen
    assert TABLE["sku"] not in seen
    assert ben.get(f"/marketplace/edit/?listing_id={listing_id}").status_code == 404


def test_what_the_site_was_made_to_do_survives_kill_9_at_the_same_address(tmp_path: Path) -> None:
    with _process(tmp_path, "--switch", "marketplace.under_review=1") as (process, url):
        site = Site(url)
        anna = site.seller()
        listing_id = anna.published()
        draft_id = anna.draft()
        process.kill()
    with _process(tmp_path) as (_, again), contextlib.closing(site):
        assert again == url
        assert [each["id"] for each in anna.feed()] == [draft_id, listing_id]
        assert [each["state"] for each in site.count()["listings"]] == ["review"]
        assert site.http.get("/sandbox/switches").json()["under_review"] == 1


def test_the_same_seed_gives_the_same_ids_and_a_reset_a_new_world(site: Site, anna: Seller) -> None:
    first = anna.published()
    site.http.post("/sandbox/reset").raise_for_status()

    assert site.count()["listings"] == []
    assert anna.get(SELLING).headers["location"].startswith("/login/")
    assert site.seller().published() == first


# ---- signing in


@pytest.mark.parametrize("path", [FORM, SELLING, "/marketplace/", "/marketplace/create/"])
def test_a_stranger_is_sent_to_the_login_and_comes_back(site: Site, path: str) -> None:
    http = site.client()
    sent = http.get(path).headers["location"]
    login = http.get(sent)
    assert 'name="pass"' in login.text
    assert http.get("/").text.count('name="pass"') == 1

    answer = http.post(_action(login.text), data={"email": "anna@tea.example", "pass": "of her own"})
    step = answer.headers["location"]
    assert step.startswith("/two_step_verification/two_factor/")
    assert "c_user" not in http.cookies
    wrong = http.post(step, data={"approvals_code": "000000"})
    assert "The code you entered is incorrect" in wrong.text

    assert http.post(step, data={"approvals_code": "123 456"}).headers["location"] == path
    assert {"c_user", "xs"} <= set(http.cookies)
    assert http.get(path).status_code == 200
    assert site.count()["sign_ins"] == {"anna": 1}


def test_the_page_of_the_code_does_not_go_on_by_itself_once_the_code_is_entered(site: Site) -> None:
    http = site.client()
    login = http.get("/login/?next=/marketplace/")
    step = http.post(_action(login.text), data={"email": "anna", "pass": "of her own"}).headers["location"]
    token = _token(http.get(step).text)
    http.post(step, data={"approvals_code": "123456"})

    assert http.get(f"/login/waiting?token={token}").json() == {"solved": False}
    assert http.get(f"/login/done?token={token}").headers["location"] == "/login/"
    assert http.get(SELLING).status_code == 200
    assert site.count()["sign_ins"] == {"anna": 1}


def test_a_wrong_password_signs_nobody_in(site: Site) -> None:
    answer = site.http.post("/login/device-based/regular/login/", data={"email": "anna", "pass": "wrong"})

    assert "The password you entered is incorrect." in answer.text
    assert site.count()["sign_ins"] == {}


def test_the_person_of_an_account_signs_in_at_the_page_that_waits(site: Site) -> None:
    assert site.solve().status_code == 409
    http = site.client()
    token = _token(http.get("/login/?next=//elsewhere.example/").text)
    assert http.get(f"/login/waiting?token={token}").json() == {"solved": False}

    assert site.solve().json()["solved"] == "sign_in"
    assert http.get(f"/login/waiting?token={token}").json() == {"solved": True}
    assert http.get(f"/login/done?token={token}").headers["location"] == "/"
    assert http.get(SELLING).status_code == 200
    assert http.get(f"/login/done?token={token}").headers["location"] == "/login/"


def test_a_session_can_be_given_that_ended_long_ago(site: Site) -> None:
    cookies = site.state(expires_in=-3600)["cookies"]

    assert {each["name"] for each in cookies} == {"c_user", "xs"}
    assert all(each["expires"] < time.time() for each in cookies)


@pytest.mark.parametrize("how", ["session_expires_after", "end_sessions", "logged_out_at_site", "foreign user"])
def test_a_good_cookie_is_no_login(site: Site, anna: Seller, how: str) -> None:
    assert anna.get(SELLING).status_code == 200
    if how == "end_sessions":
        site.http.post("/sandbox/end_sessions", json={"account": "anna"}).raise_for_status()
    elif how == "foreign user":
        anna.http.cookies.set("c_user", "100012345678901")
    else:
        site.switch(**{how: 1})
        anna.get(SELLING)

    assert anna.get(SELLING).headers["location"] == "/login/?next=%2Fmarketplace%2Fyou%2Fselling"


# ---- pages that stop a seller


@pytest.mark.parametrize(
    ("switch", "status", "text"),
    [
        pytest.param({"blocked": ONCE}, 200, "You&#x27;re Temporarily Blocked", id="blocked"),
        pytest.param({"blocked": 1, "apostrophe": "curly"}, 200, "You’re Temporarily Blocked", id="blocked, curly"),
        pytest.param({"disabled_account": 1}, 200, "Your account has been disabled", id="disabled"),
        pytest.param({"not_available": 1}, 200, "Marketplace isn&#x27;t available to you", id="no Marketplace"),
        pytest.param({"http_429": {"times": 1, "retry_after": 120}}, 429, "something went wrong", id="429"),
        pytest.param({"server_error_500": ONCE}, 500, "something went wrong", id="500"),
        pytest.param({"shell": 1}, 200, 'role="progressbar"', id="shell"),
        pytest.param({"language": "de"}, 200, 'lang="de"', id="German"),
    ],
)
def test_the_form_is_not_what_comes(site: Site, anna: Seller, switch: dict[str, Any], status: int, text: str) -> None:
    site.switch(**switch)
    answer = anna.get(FORM)

    assert (answer.status_code, text in answer.text) == (status, True), answer.text
    assert answer.headers.get("retry-after") == ("120" if status == 429 else None)


@pytest.mark.parametrize(("gate", "elsewhere"), [("checkpoint", 302), ("captcha", 200)])
def test_a_gate_stands_until_the_person_lifts_it(site: Site, anna: Seller, gate: str, elsewhere: int) -> None:
    photo = anna.photo()
    site.switch(**{gate: {"times": 1, "account": "anna"}})
    form = anna.get(FORM)
    selling = anna.get(SELLING)
    refused = anna.publish(photo_ids=[photo]).json()

    assert selling.status_code == elsewhere
    if gate == "checkpoint":
        assert form.headers["location"].startswith("/checkpoint/")
        assert "Confirm your identity" in anna.get(form.headers["location"]).text
    else:
        assert '"challenge": true' in form.text
        assert "Security Check" in selling.text
    assert refused["errors"][0]["code"] == {"checkpoint": "checkpoint_required", "captcha": "challenge_required"}[gate]
    assert site.count()["gates"] == {"anna": gate}
    assert site.seller("ben").get(FORM).status_code == 200

    assert site.solve().json()["solved"] == gate
    assert anna.get(SELLING).status_code == 200
    assert "Your listings" in anna.get(SELLING).text


# ---- what happens to Publish


@pytest.mark.parametrize(
    ("switch", "code", "is_stored"),
    [
        pytest.param({"field_error": {"times": 1, "field": "title"}}, "field_error", False, id="field error"),
        pytest.param({"query_error": ONCE}, "query_error", False, id="query error"),
        pytest.param({"query_error": {"times": 1, "stored": True}}, "query_error", True, id="query error, stored"),
        pytest.param({"blocked": {"times": 1, "on": "publish"}}, "blocked", False, id="blocked at Publish"),
        pytest.param({"checkpoint": {"times": 1, "on": "publish"}}, "checkpoint_required", False, id="checkpoint"),
        pytest.param({"login_in_mid_form": ONCE}, "login_required", False, id="login in mid-form"),
        pytest.param({"answer_without_id": ONCE}, None, True, id="no id"),
        pytest.param({"under_review": ONCE}, None, True, id="under review"),
        pytest.param({"drop_before": ONCE}, "reset", False, id="dropped before"),
        pytest.param({"commit_then_drop": ONCE}, "reset", True, id="dropped after"),
    ],
)
def test_publish_ends_as_asked(
    site: Site, anna: Seller, switch: dict[str, Any], code: str | None, is_stored: bool
) -> None:
    site.switch(**switch)
    try:
        answer = anna.publish()
    except httpx.ReadError:
        told = "reset"
    else:
        errors = answer.json().get("errors")
        told = errors[0]["code"] if errors else None
    counts = site.count()

    assert told == code
    assert counts["listings_created"] == ({"anna": 1} if is_stored else {})
    assert counts["publish_clicks"] == {"anna": 1}
    assert counts["struck"] == {next(iter(switch)): 1}


def test_the_answer_may_lack_the_id(site: Site, anna: Seller) -> None:
    site.switch(answer_without_id=ONCE)

    assert anna.publish().json()["data"]["marketplace_listing_create"]["listing"] == {
        "__typename": "GroupCommerceProductItem"
    }


def test_in_review_a_listing_has_another_address(site: Site, anna: Seller) -> None:
    site.switch(under_review=ONCE)
    listing_id = anna.published()
    (card,) = anna.feed()

    assert (card["path"], card["status"]) == (f"/commerce/listing/{listing_id}/", "In review")
    assert anna.get(f"/marketplace/item/{listing_id}/").headers["location"] == card["path"]
    assert "This listing is being reviewed." in anna.get(card["path"]).text
    assert "isn&#x27;t available anymore" in site.seller("ben").get(card["path"]).text


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        pytest.param({"title": " "}, "title", id="no title"),
        pytest.param({"title": "x" * 101}, "title", id="title too long"),
        pytest.param({"price": "free"}, "price", id="no digits"),
        pytest.param({"category": "Rockets"}, "category", id="no such category"),
        pytest.param({"condition": "Used"}, "condition", id="no such condition"),
        pytest.param({"photo_ids": ["1"]}, "photos", id="somebody else's photo"),
        pytest.param({"location": "Atlantis"}, "location", id="no such place"),
    ],
)
def test_a_listing_that_lacks_something_is_refused(
    site: Site, anna: Seller, changed: dict[str, Any], field: str
) -> None:
    assert anna.publish(**changed).json()["errors"][0]["field"] == field
    assert site.count()["listings"] == []


def test_a_file_that_is_no_image_is_no_photo(anna: Seller) -> None:
    answer = anna.http.post("/ajax/marketplace/photo/", content=b"%PDF-1.7").json()

    assert answer["errors"][0]["code"] == "photo_refused"


def test_a_draft_is_not_public_and_becomes_the_listing(site: Site, anna: Seller) -> None:
    draft_id = anna.draft(title="")
    assert (site.count()["listings"], len(site.count()["drafts"])) == ([], 1)
    assert anna.feed()[0]["is_draft"]

    assert anna.published(listing_id=draft_id) == draft_id
    assert (site.count()["drafts"], site.count()["listings_created"]) == ([], {"anna": 1})
    # The same call again is another listing: the site does not know that it was meant to be the same.
    assert anna.published(listing_id=draft_id) != draft_id


def test_a_listing_can_be_edited_by_its_seller_alone(site: Site, anna: Seller) -> None:
    listing_id = anna.published()
    fields = {**TABLE, "title": "Oak table, round", "photo_ids": [anna.photo()], "listing_id": listing_id}
    ben = site.seller("ben")

    assert ben.call("MarketplaceEditListingMutation", **fields).json()["errors"][0]["code"] == "not_found"
    assert "errors" not in anna.call("MarketplaceEditListingMutation", **fields).json()
    assert [each["title"] for each in site.count()["listings"]] == ["Oak table, round"]


# ---- Your listings


def test_a_new_listing_may_show_itself_later(site: Site, anna: Seller) -> None:
    site.switch(listing_appears_after=3600)
    listing_id = anna.published()
    assert anna.feed() == []

    site.switch(listing_appears_after=0)
    assert [each["id"] for each in anna.feed()] == [listing_id]


def test_the_list_comes_page_by_page_and_may_break_off(site: Site, anna: Seller) -> None:
    site.switch(cards_per_page=2)
    ids = [anna.published(title=f"Lamp {number}") for number in range(3)]

    assert [each["id"] for each in anna.feed()] == [ids[2], ids[1]]
    assert [each["id"] for each in anna.feed(2)] == [ids[0]]
    site.switch(incomplete_listings=ONCE)
    assert anna.call("MarketplaceYouSellingFeedQuery", cursor=2).status_code == 500


# ---- switches


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param({"surprise": 1}, "unknown switch 'surprise'", id="unknown name"),
        pytest.param({"surprise@anna": 1}, "unknown switch", id="unknown name of an account"),
        pytest.param({"markup": "Z"}, "markup is one of B, A, C, D, E, F", id="no such markup"),
        pytest.param({"pages": 4}, "pages is one of 3, 1, 2", id="no such form"),
        pytest.param({"blocked": {"on": "tea"}}, "on is one of create, home", id="no such route"),
        pytest.param({"under_review": {"on": "item"}}, "on is one of publish", id="a route it cannot strike"),
        pytest.param({"field_error": {"field": "tea"}}, "field is one of price", id="no such field"),
        pytest.param({"control_renamed": {"control": "Tea"}}, "control is one of Publish", id="no such control"),
        pytest.param({"blocked": {"often": 1}}, "blocked takes", id="no such form"),
        pytest.param({"listing_appears_after": -1}, "a number from 0", id="negative time"),
        pytest.param([], "send a JSON object", id="no object"),
    ],
)
def test_a_wrong_switch_is_refused_and_none_is_set(site: Site, values: Any, text: str) -> None:
    before = site.http.get("/sandbox/switches").json()
    mixed = {"under_review": 1, **values} if isinstance(values, dict) else values
    answer = site.http.post("/sandbox/switches", json=mixed)

    assert (answer.status_code, text in answer.json()["error"]) == (400, True), answer.text
    assert site.http.get("/sandbox/switches").json() == before


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"markup": {"value": "A", "account": "anna"}}, id="account"),
        pytest.param({"markup@anna": "A"}, id="at"),
        pytest.param({"markup": ["B", {"value": "A", "account": "anna"}]}, id="list"),
    ],
)
def test_accounts_may_see_different_forms(site: Site, anna: Seller, given: dict[str, Any]) -> None:
    site.switch(**given)
    ben = site.seller("ben")
    assert ['"markup": "A"' in each.get(FORM).text for each in (anna, ben)] == [True, False]

    site.switch(markup="C")
    assert ['"markup": "C"' in each.get(FORM).text for each in (anna, ben)] == [True, True]


def test_a_failure_of_one_account_does_not_strike_another(site: Site, anna: Seller) -> None:
    site.switch(blocked=[{"account": "anna"}, {"times": 1, "account": "cleo"}])
    ben, cleo = site.seller("ben"), site.seller("cleo")

    assert ["Blocked" in each.get(FORM).text for each in (anna, ben, cleo, cleo, anna)] == [
        True,
        False,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"account": 7}', b'{"account": "a@b"}'])
def test_a_control_call_that_says_nothing_is_refused(site: Site, body: bytes) -> None:
    for path in ("session", "solve", "end_sessions", "seed"):
        assert site.http.post(f"/sandbox/{path}", content=body).status_code == 400


def test_hostile_text_is_text_on_every_page(anna: Seller) -> None:
    title = "<script>alert(1)</script></title>"
    listing_id = anna.published(title=title, description="<img src=x onerror=alert(2)>", sku="<b>")

    for path in (f"/marketplace/item/{listing_id}/", SELLING, f"/marketplace/edit/?listing_id={listing_id}"):
        text = anna.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


@contextlib.contextmanager
def _process(home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "workbench.sandbox", "serve", "--home", str(home), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        try:
            yield process, next(line.split()[1] for line in lines if line.startswith("marketplace "))
        finally:
            process.kill()


def _action(page: str) -> str:
    return page.partition('action="')[2].partition('"')[0]


def _token(page: str) -> str:
    return page.partition('"token": "')[2].partition('"')[0]
