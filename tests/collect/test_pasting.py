"""collect/pasting.py: addresses as people paste them."""

from __future__ import annotations

import pytest

from workbench.brightdata.datasets import DATASETS
from workbench.collect.pasting import read_pasted
from workbench.errors import BadInput


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("https://www.instagram.com/tea.club/", "instagram posts", "https://www.instagram.com/tea.club/"),
        ("  instagram.com/tea.club?igsh=1 ", "instagram posts", "https://www.instagram.com/tea.club/"),
        ("https://www.facebook.com/groups/123", "facebook group_posts", "https://www.facebook.com/groups/123"),
        ("https://www.tiktok.com/@tea", "tiktok posts", "https://www.tiktok.com/@tea"),
        ("https://www.linkedin.com/in/ada", "linkedin posts", "https://www.linkedin.com/in/ada"),
        ("https://x.com/tea", "x posts", "https://x.com/tea"),
        ("https://www.youtube.com/@tea", "youtube videos", "https://www.youtube.com/@tea"),
        ("instagram comments https://www.instagram.com/p/Dtea1/", "instagram comments",
         "https://www.instagram.com/p/Dtea1/"),
    ],
)  # fmt: skip
def test_a_platform_is_recognised(text, name, url):
    (found,) = read_pasted(text, among=DATASETS)

    assert found.source is not None, found.why
    assert (f"{found.source.platform} {found.source.service}", found.source.url) == (name, url)


@pytest.mark.parametrize(
    "text",
    ["tea", "https://example.com/a", "two words", "a b c d e", "https://", "<script>alert(1)</script>",
     "javascript:alert(1)", "http://[", "nosuch posts https://www.instagram.com/tea/"],
)  # fmt: skip
def test_what_is_no_address_says_why_and_stops_nobody(text):
    wrong, good = read_pasted(f"{text}\nhttps://x.com/tea", among=DATASETS)

    assert wrong.is_wrong
    assert wrong.why
    assert good.source is not None


def test_one_address_in_two_spellings_is_one():
    first, again = read_pasted("https://instagram.com/Tea.Club\n\n\nwww.instagram.com/Tea.Club/", among=DATASETS)

    assert (first.line, again.line) == (1, 4)
    assert (again.source, again.is_wrong, again.why) == (None, False, "the same as line 1; it is asked once")


def test_a_flood_is_refused():
    with pytest.raises(BadInput, match="at most 10,000"):
        read_pasted("https://x.com/tea\n" * 10_001, among=DATASETS)
