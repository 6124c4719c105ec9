"""browser/page_requests.py: what a page asks beside its work holds nothing back, and what brings its list does.

Everything that a page may ask by itself stands beside the same two lists; a list that comes late, in pieces or not at
all stands beside nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.little_site import Answer
from workbench.post.pages import PublishClick
from workbench.post.selling_page import SELLING, SellingPage
from workbench.upload.pages import MediaLibrary

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]  # many pages in one visit

HELD = 60.0  # seconds that a page is waited for: what takes so long was held back
BODY = "<span>as long as it may be</span>" * 2000
# In a page: who is logged in, counters, news, streams.
BESIDE = {
    "the status alone": "fetch('/api/whose').then((got) => window.me = got.status)",
    "an answer that is kept unread": "fetch('/api/large').then((got) => window.me = got)",
    "an answer that is left": "fetch('/api/large').then((got) => got.body.cancel())",
    "the status by an older way": """(ask => { ask.open('GET', '/api/large'); ask.onreadystatechange = () => {
        if (ask.readyState === 2) ask.abort(); }; ask.send(); })(new XMLHttpRequest())""",
    "nobody is logged in there": "fetch('/api/401').then((got) => window.me = got.ok)",
    "only where it would lead": "fetch('/api/moved', {redirect: 'manual'}).then((got) => window.me = got.type)",
    "a head": "fetch('/api/whose', {method: 'HEAD'})",
    "given up by the page": """(end => { fetch('/api/late', {signal: end.signal}).catch(() => 0);
        setTimeout(() => end.abort(), 100); })(new AbortController())""",
    "a long poll": "fetch('/api/wait').catch(() => 0)",
    "a long poll that is asked again": "(async () => { while (true) await fetch('/api/late'); })()",
    "a call that outlives the page": "fetch('/api/wait', {method: 'POST', body: 'x', keepalive: true}).catch(() => 0)",
    "a counter each moment": "setInterval(() => fetch('/api/whose'), 70)",
    "a counter each moment that fails": "setInterval(() => fetch('/api/401'), 70)",
    "a beacon": "navigator.sendBeacon('/api/wait', 'x')",
    "a stream of events": "new EventSource('/api/stream')",
    "a stream that a script reads": """(async () => { const all = (await fetch('/api/stream')).body.getReader();
        while (!(await all.read()).done); })()""",
    "an answer without an end": "fetch('/api/endless').then((got) => got.text())",
    "a socket": "new WebSocket(location.origin.replace('http', 'ws') + '/api/socket')",
    "a counter of the list's own": "fetch('/media-library/counter').catch(() => 0); fetch('/marketplace/counter')",
}
LIBRARY = """<html lang="en"><body><nav><a href="/campaigns">Campaigns</a></nav><h1>Media MediaLibrary</h1>
<a id="instream_tab" href="#x">In-Stream Video</a><button id="newImage">Upload New Creatives</button><div id="list">
</div><div class="pagination"></div><script>
const tab = document.querySelector('#instream_tab'), pager = document.querySelector('.pagination');
function show(ids, more) {
  list.innerHTML = ids.map((id) => `<div class="creativeContainer" data-id="${id}"></div>`).join('');
  pager.innerHTML = more ? `<a href="#p" class="next" onclick="turn()">Next</a>` : '';
}
SCRIPT
</script>"""
HERE = "show([1, 2, 3], true); const turn = () => show([4, 5], false);"
OURS = """<html lang="en"><body><div aria-label="Your profile">A</div><h1>Your listings</h1><main id="list"></main>
<script>
const show = (ids) => list.innerHTML += ids.map((id) => `<p><a href="/marketplace/item/${id}/">Lamp</a></p>`).join('');
SCRIPT
</script>"""


@pytest.fixture
def asked(web) -> Iterator[None]:
    """Addresses that answer as those of counters, polls and streams do."""
    is_over = threading.Event()

    def pieces(text: str) -> Iterator[str]:
        while not is_over.wait(0.3):
            yield text

    def late(_: object) -> Answer:
        return Answer(str(is_over.wait(0.6)))

    web.pages |= {
        "/api/whose": Answer("{}"),
        "/api/large": Answer(BODY),
        "/api/401": Answer("no", 401),
        "/api/moved": Answer("", 302, {"Location": "/api/whose"}),
        "/api/late": late,
        "/api/wait": lambda _: Answer(str(is_over.wait(60))),
        "/api/stream": lambda _: Answer(
            "data: 1\n\n", headers={"Content-Type": "text/event-stream"}, more=pieces("data: 1\n\n")
        ),
        "/api/endless": lambda _: Answer("[", more=pieces("1,")),
        "/media-library/counter": Answer("", 500),
        "/marketplace/counter": lambda _: Answer(str(is_over.wait(60))),
    }
    yield
    is_over.set()


def test_what_a_media_library_asks_beside_its_list_holds_nothing_back(
    browsing, site, logged_in, web, answer, asked, monkeypatch
):
    monkeypatch.setattr("workbench.upload.pages._SLUGGISH", 0.8)
    monkeypatch.setattr(MediaLibrary, "_prove", lambda _: None)  # as for each page: it waits for a late login form
    found = {}
    with browsing.visit(logged_in, site) as visit:
        library = MediaLibrary(visit, timedelta(seconds=HELD))
        for name, script in BESIDE.items():
            web.pages["/media-library"] = answer(LIBRARY.replace("SCRIPT", f"{HERE}\n{script}"))
            began = time.monotonic()
            read = library.cards("in_stream")
            took = time.monotonic() - began
            found[name] = [one.id for one in read.cards], read.gap or ("" if took < HELD else f"took {took:.1f} s")
    wrong = {name: got for name, got in found.items() if got != (["1", "2", "3", "4", "5"], "")}
    assert wrong == {}


LATE = {
    "an answer that is late": ("/media-library/list", "show([7, 8], false)"),
    "at an address that nobody knows": ("/api/all", "show([7, 8], false)"),
    "an answer whose end is late": ("/media-library/slow", "show([7, 8], false)"),
    "nothing in it": ("/media-library/list", "show([], false)"),
}


def test_a_list_that_is_on_its_way_is_waited_for(browsing, site, logged_in, web, answer, asked, monkeypatch):
    def slow(_: object) -> Answer:
        return answer("[", more=(time.sleep(0.8) or "," for _ in range(2)))

    def late(_: object) -> Answer:
        time.sleep(1.6)
        return answer("{}")

    monkeypatch.setattr("workbench.upload.pages._SLUGGISH", 0.8)
    monkeypatch.setattr(MediaLibrary, "_prove", lambda _: None)
    web.pages |= {"/media-library/list": late, "/api/all": late, "/media-library/slow": slow}
    found = {}
    with browsing.visit(logged_in, site) as visit:
        library = MediaLibrary(visit, timedelta(seconds=HELD))
        for name, (path, shows) in LATE.items():
            for before in ("show([1, 2], false); fetch('/api/wait').catch(() => 0);", ""):
                script = f"{before} tab.onclick = async () => {{ await (await fetch('{path}')).text(); {shows}; }}"
                web.pages["/media-library"] = answer(LIBRARY.replace("SCRIPT", script))
                read = library.cards("in_stream")
                found[f"{name}, {before[:4]}"] = [one.id for one in read.cards], read.gap
        library._patience = 5.0  # all of it is waited for a list that may yet come
        web.pages["/media-library"] = answer(LIBRARY.replace("SCRIPT", f"fetch('/api/wait').catch(() => 0); {script}"))
        assert library.cards("in_stream").is_complete, "an empty list that was answered beside a poll"
    wrong = {name: got for name, got in found.items() if got != ([] if "nothing" in name else ["7", "8"], "")}
    assert wrong == {}


FAILS = {
    "said no": ("/media-library/500", "tab.onclick = () => fetch('/media-library/500')"),
    "said no, at an address that nobody knows": ("/api/401", "tab.onclick = () => fetch('/api/401')"),
    "said no while it was loading": ("/media-library/500", "fetch('/media-library/500')"),
    "said no three times": ("/api/401", "tab.onclick = async () => { for (let n = 4; n--;) await fetch('/api/401') }"),
    "broke off": ("failed", "tab.onclick = async () => (await fetch('/media-library/cut')).text().catch(() => 0)"),
    "never came": ("did not answer", "tab.onclick = () => fetch('/api/wait').catch(() => 0)"),
}


def test_a_list_that_failed_is_unread(browsing, site, logged_in, web, answer, asked, monkeypatch):
    monkeypatch.setattr("workbench.upload.pages._SLUGGISH", 0.8)
    monkeypatch.setattr(MediaLibrary, "_prove", lambda _: None)

    def cut() -> Iterator[str]:
        yield "[1, 2"
        raise ConnectionResetError

    web.pages |= {"/media-library/500": answer("", 500), "/media-library/cut": lambda _: answer("", more=cut())}
    found = {}
    with browsing.visit(logged_in, site) as visit:
        library = MediaLibrary(visit, timedelta(seconds=HELD))
        for name, (said, script) in FAILS.items():
            library._patience = 3.0 if name == "never came" else HELD
            for before in ("show([1, 2], false);", ""):
                web.pages["/media-library"] = answer(LIBRARY.replace("SCRIPT", f"{before}{script}"))
                read = library.cards("in_stream")
                found[f"{name}, {before}"] = said in read.gap and not read.is_complete
    assert [name for name, is_told in found.items() if not is_told] == []


# Your listings ------------------------------------------------------------------------------------


def test_what_your_listings_ask_beside_their_list_holds_nothing_back(
    browsing, marketplace, seller, web, answer, asked, monkeypatch
):
    monkeypatch.setattr("workbench.post.selling_page._SLUGGISH", 1.8)
    monkeypatch.setattr("workbench.post.selling_page._SLOWEST", timedelta(seconds=HELD))
    several = [name for name in BESIDE if "each moment" in name or "again" in name]
    pages = [*([name] for name in several), [name for name in BESIDE if name not in several]]
    found = {}
    with browsing.visit(seller, marketplace) as visit:
        for names in pages:
            scripts = ";\n".join(BESIDE[name] for name in names)
            web.pages[SELLING] = answer(OURS.replace("SCRIPT", f"show([101, 102]);\n{scripts}"))
            began = time.monotonic()
            ids = [one.remote_id for one in SellingPage(visit).cards()]
            found[", ".join(names)] = ids, time.monotonic() - began < HELD
    assert {name: got for name, got in found.items() if got != (["101", "102"], True)} == {}


@pytest.mark.parametrize("before", ["show([101]);", ""])
def test_your_listings_that_are_on_their_way_are_waited_for(browsing, marketplace, seller, web, answer, asked, before):
    def late(_: object) -> Answer:
        time.sleep(4.5)
        return answer("{}")

    web.pages["/api/graphql/"] = late
    more = "fetch('/api/wait'); fetch('/api/graphql/', {method: 'POST', body: 'x'}).then(() => show([102]))"
    web.pages[SELLING] = answer(OURS.replace("SCRIPT", before + more))
    with browsing.visit(seller, marketplace) as visit:
        assert [one.remote_id for one in SellingPage(visit).cards()][-1] == "102"


# the click ----------------------------------------------------------------------------------------

PUBLISH = """<html lang="en"><body><div aria-label="Your profile">A</div><h1>Item for sale</h1><button>Publish</button>
<script>
SCRIPT
document.querySelector('button').onclick = async () => {
  AT_ONCE
  await new Promise((done) => setTimeout(done, 600));
  await fetch('/create', {method: 'POST', body: JSON.stringify({title: 'Lamp'})});
};
</script>"""
AT_THE_CLICK = {
    "a poll from before that breaks off": (
        "window.end = new AbortController();"
        "fetch('/api/wait', {method: 'POST', body: 'x', signal: end.signal}).catch(() => 0)",
        "end.abort();",
    ),
    "a counter that is down": ("", "fetch('/api/counter', {method: 'POST', body: 'x'}).catch(() => 0);"),
    "a stream": ("", "fetch('/api/stream', {method: 'POST', body: 'x'}).then((got) => got.text());"),
    "a beacon": ("", "navigator.sendBeacon('/api/wait', 'x');"),
    "a long poll": ("", "fetch('/api/wait', {method: 'POST', body: 'x'}).catch(() => 0);"),
}


def test_what_a_page_sends_beside_the_listing_does_not_stop_it(browsing, marketplace, seller, web, answer, asked):
    body = json.dumps({"data": {"listing": {"id": "7770001"}}})
    web.pages["/create"] = answer(body, 200, {"Content-Type": "application/json"})
    web.pages["/api/counter"] = answer("", 200, {"Content-Length": "many"})  # no browser takes that for an answer
    found = {}
    with browsing.visit(seller, marketplace) as visit:
        for name, (before, at_once) in AT_THE_CLICK.items():
            web.pages["/marketplace/create/item"] = answer(
                PUBLISH.replace("SCRIPT", before).replace("AT_ONCE", at_once)
            )
            visit.goto("/marketplace/create/item")
            button = visit.page.get_by_role("button", name="Publish")
            got = PublishClick(visit, patience=timedelta(seconds=6), title="Lamp").click_once(button, frozenset())
            found[name] = got and got.remote_id
    assert found == dict.fromkeys(AT_THE_CLICK, "7770001")
    assert web.seen.count(("POST", "/create")) == len(AT_THE_CLICK)
