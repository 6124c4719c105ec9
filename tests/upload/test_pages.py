"""upload/pages.py: a library that pages in another way, a panel that shows files late."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from workbench.errors import UiChanged
from workbench.upload.pages import MediaLibrary
from workbench.upload.site_answers import SendOutcome

pytestmark = pytest.mark.browser

PATIENCE = timedelta(seconds=15)
PAGE = """<html lang="en"><style>.creativeContainer { height: 100px }</style><body>
<nav><a href="/campaigns">Campaigns</a></nav><h1>Media Library</h1>
<a id="instream_tab" href="#x">In-Stream Video</a><button id="newImage">Upload New Creatives</button>
<div id="list"></div><div class="pagination" id="pager"></div><form class="dropzone"></form>
<input type="file" class="dz-hidden-input" multiple hidden>
<script>
const ids = IDS, each = 12, last = Math.ceil(ids.length / each);
function show(page) {
  const shown = ids.slice((page - 1) * each, page * each);
  list.innerHTML = (SCROLLS ? list.innerHTML : '') + shown.map((id) => `<div class="creativeContainer" data-id="${id}">
    <label class="creativeName" title="film ${id}"></label><span class="bannerId">${id}</span></div>`).join('');
  pager.innerHTML = PAGER;
}
show(1);
const taker = document.querySelector('input');
taker.onchange = async () => {
  const files = [...taker.files];
  await new Promise((done) => setTimeout(done, 1500));
  for (const file of files) {
    const seen = document.createElement('div');
    seen.className = 'dz-preview dz-processing';
    seen.innerHTML = `<span data-dz-name>${file.name}</span>`;
    document.querySelector('form').append(seen);
    const body = new FormData();
    body.append('file', file);
    const answer = await fetch('/media-library/upload', {method: 'POST', body});
    seen.className = `dz-preview ${answer.ok ? 'dz-success' : 'dz-error'}`;
  }
};
</script>"""
NUMBERS = "Array.from({length: last}, (_, n) => `<a href='#p' onclick='show(${n + 1})'>${n + 1}</a>`).join(' ')"
MUTE = "Array.from({length: last}, (_, n) => n + 1 > page + 1 ? `<a href='#p'>${n + 1}</a>` : '').join(' ')"
ARROW = "`<a href='#p' class='${page < last ? '' : 'disabled'}' onclick='show(${Math.min(page + 1, last)})'>Next »</a>`"

# No pages at all: once its end is in view, the list asks for more and shows them below the others.
SCROLL = """(shown.length === each && (onscroll = async () => {
  onscroll = null;
  await new Promise((done) => setTimeout(done, 600));
  if ((await fetch(`/media-library/more?page=${page}`)).ok) show(page + 1);
}), '')"""


def page(pager: str = "''", number: int = 30) -> str:
    ids = json.dumps([1032530500 + n for n in range(number)])
    scrolls = json.dumps(pager == SCROLL)
    return PAGE.replace("IDS", ids).replace("PAGER", pager).replace("SCROLLS", scrolls)


@pytest.mark.parametrize(
    ("pager", "number", "gap"),
    [
        pytest.param(NUMBERS, 30, "", id="numbers alone"),
        pytest.param(ARROW, 30, "", id="an arrow after the word"),
        pytest.param(SCROLL, 30, "", id="more below as one scrolls"),
        pytest.param(MUTE, 12, "in_stream has a page 3, and page 1 shows no way to the next", id="no way on"),
    ],
)
def test_a_library_is_read_whole_or_says_that_it_is_not(browsing, site, logged_in, web, answer, pager, number, gap):
    web.pages |= {"/media-library": answer(page(pager)), "/media-library/more": answer("[]")}
    with browsing.visit(logged_in, site) as visit:
        found = MediaLibrary(visit, PATIENCE).cards("in_stream")

    assert (len(found.cards), found.gap) == (number, gap)


def test_a_tab_that_asks_late_is_waited_for(browsing, site, logged_in, web, answer):
    """The list of the tab before it is still shown, and nothing is on its way yet."""
    late = "<script>document.querySelector('#instream_tab').onclick = () => setTimeout(show, 900, 2)</script>"
    web.pages["/media-library"] = answer(page(number=24) + late)
    with browsing.visit(logged_in, site) as visit:
        found = MediaLibrary(visit, PATIENCE).cards("in_stream")

    assert [card.id for card in found.cards] == [str(1032530512 + n) for n in range(12)]


def test_a_tab_that_is_not_chosen_is_not_read(browsing, site, logged_in, web, answer):
    stays = page().replace('<a id="instream_tab"', '<a id="instream_tab" aria-selected="false"')
    web.pages["/media-library"] = answer(stays)
    with browsing.visit(logged_in, site) as visit, pytest.raises(UiChanged, match="did not go to in_stream"):
        MediaLibrary(visit, PATIENCE).cards("in_stream")


def test_a_list_whose_end_fails_to_load_is_not_taken_for_whole(browsing, site, logged_in, web, answer):
    web.pages |= {"/media-library": answer(page(SCROLL)), "/media-library/more": answer("", 500)}
    with browsing.visit(logged_in, site) as visit:
        found = MediaLibrary(visit, PATIENCE).cards("in_stream")

    assert (len(found.cards), found.gap) == (12, "page 2 of in_stream: the site answered 500 to /media-library/more")


def test_what_else_a_page_asks_for_does_not_spoil_its_list(browsing, site, logged_in, web, answer, noise):
    web.pages["/media-library"] = answer(page(NUMBERS) + noise)
    with browsing.visit(logged_in, site) as visit:
        found = MediaLibrary(visit, timedelta(seconds=5)).cards("in_stream")

    assert (len(found.cards), found.gap) == (30, "")


def test_a_panel_that_shows_its_files_late_is_waited_for(browsing, site, logged_in, web, answer, tmp_path):
    web.pages["/media-library"] = answer(page())
    web.pages["/media-library/upload"] = answer('{"id": 1032530999}')
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    with browsing.visit(logged_in, site) as visit:
        panel = MediaLibrary(visit, PATIENCE).panel("in_stream")
        (found,) = panel.send([film], PATIENCE)

    assert (found.outcome, found.remote_id) == (SendOutcome.SENT, "1032530999")
    assert web.seen.count(("POST", "/media-library/upload")) == 1
