"""panels/markup.py: whatever people and pages wrote stays text; tables can be read by everybody."""

from __future__ import annotations

from datetime import UTC, date, datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from workbench.panels import markup
from workbench.panels.markup import Html, esc, link, note, table

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'><iframe srcdoc='<script>alert(1)</script>'>",
    "</td></table><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<a href='javascript:alert(1)'>x</a>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    'https://ok.example/" onmouseover="alert(1)',
    "https://ok.example/' onmouseover='alert(1)",
    "<!--><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "${alert(1)} {{constructor.constructor('alert(1)')()}}",
    "[x](javascript:alert(1))",
    "\x00<\x00script>alert(1)</script>",
    "\ud800<b>",
    "\u202egnp.exe",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
]
OURS = {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "div", "span", "a", "strong", "p", "code"}


class Seen(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_wherever_it_is_put(text):
    made = table(text, [text, text], [(text, text)], foot=(text, text)) + note("plain", text) + link(text)

    seen = Seen(made)

    assert {tag for tag, _ in seen.tags} <= OURS
    assert not [name for _, attributes in seen.tags for name in attributes if name.startswith("on")]
    assert all(one["href"].startswith("https://") for tag, one in seen.tags if tag == "a")


@pytest.mark.parametrize("text", ["https://a.example/p/1?x=1&y=2", "HTTP://a.example"])
def test_an_address_of_the_web_is_a_link_that_tells_its_page_nothing(text):
    ((tag, attributes),) = Seen(link(text)).tags

    assert (tag, attributes["href"], attributes["rel"]) == ("a", text, "noopener noreferrer")


def test_what_was_made_here_is_not_escaped_again():
    assert esc(esc("<b>")) == "&lt;b&gt;"
    assert esc(Html("<b>x</b>")) == "<b>x</b>"


def test_reading_direction_cannot_be_turned():
    assert esc("\u202egnp.exe") == "gnp.exe"


def test_a_table_has_a_caption_and_scopes():
    seen = Seen(table("Posts", ["author", "likes"], [("Ada", 3)]))

    scopes = [(tag, attributes["scope"]) for tag, attributes in seen.tags if tag == "th"]
    assert scopes == [("th", "col"), ("th", "col"), ("th", "row")]
    assert "caption" in [tag for tag, _ in seen.tags]


def test_styles_are_inline_so_that_they_survive_export():
    assert "<style" not in table("Posts", ["a"], [(1,)])
    assert "class=" not in table("Posts", ["a"], [(1,)])


def test_a_long_text_is_cut_and_kept_in_the_title():
    seen = Seen(table("Posts", ["text"], [("x" * 300,)]))

    assert [attributes["title"] for tag, attributes in seen.tags if attributes.get("scope") == "row"] == ["x" * 300]
    assert f"{'x' * 159}…" in seen.text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param(None, "", id="nothing"),
        pytest.param(True, "yes", id="truth, which is also an integer"),
        pytest.param(1234567, "1,234,567", id="thousands"),
        pytest.param(2.5, "2.5", id="a fraction"),
        pytest.param(float("nan"), "", id="no number"),
        pytest.param(date(2026, 1, 2), "2026-01-02", id="a day"),
        pytest.param(
            datetime(2026, 1, 2, 22, 30, tzinfo=UTC), "2026-01-03 00:30 EET", id="a time, in the owner's zone"
        ),
        pytest.param(["a", None, 2], "a, , 2", id="a list"),
        pytest.param({"a": 1}, '{"a": 1}', id="an object"),
    ],
)
def test_values_as_people_write_them(value, words):
    assert markup.shown(value, ZoneInfo("Europe/Riga")) == words


def test_the_words_of_markup_for_a_terminal():
    assert markup.plain(table("Posts", ["author", "likes"], [("A & B", 3)])) == "Posts\nauthor  likes\nA & B  3"


@pytest.mark.parametrize(("micro", "words"), [(0, "$0.00"), (2_000, "$0.0020"), (1_234_560_000, "$1,234.56")])
def test_dollars(micro, words):
    assert markup.dollars(micro) == words
