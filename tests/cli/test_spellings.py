"""One address is one source, however it is written: as commands take it in, tell it and ask for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.cli.conftest import HEADER, Home
from workbench import addresses

# ruff: noqa: E501 - tables of cases, one a line
TEA = "https://www.instagram.com/tea.club/"
SAME = {
    ("instagram", TEA): [
        "https://www.instagram.com/tea.club", "https://instagram.com/tea.club/", "http://www.instagram.com/tea.club/",
        "https://m.instagram.com/tea.club/", "https://www.instagram.com/TEA.Club/", "HTTPS://WWW.INSTAGRAM.COM/tea.club/",
        "https://www.instagram.com/tea.club/?hl=en", "https://www.instagram.com/tea.club/?igsh=abc123&utm_source=qr",
        "https://www.instagram.com/tea.club/#", "https://www.instagram.com:443/tea.club/", "instagram.com/tea.club",
        "https://www.instagram.com/tea%2Eclub/", "https://www.instagram.com/tea.club/reels/", "www.instagram.com//tea.club//",
        "\u200bhttps://www.instagram.com/tea.club/\u200e", "https://www.instagram.com/tea.club%E2%80%8B/", "@tea.club", "Tea.Club",
        "https://de-de.instagram.com/tea.club/", "<https://www.instagram.com/tea.club/>", "https://www.instagram.com./tea.club",
        "https://www.instagram.com/tea.club/followers/", "https://www.instagram.com/tea.club/highlights", "https://www.instagram.com/tea.club/;",
        "https://www.instagram.com/tea.club.", "(https://www.instagram.com/tea.club/)",
        "https://www.instagram.com/tea.club%2F", "https://www.instagram.com/tea%252Eclub/", "https://www.instagram.com/accounts/login/?next=/tea.club/",
        "https://l.instagram.com/?u=https%3A%2F%2Fwww.instagram.com%2Ftea.club%2F&e=x",
    ],
    ("instagram", "https://www.instagram.com/p/AbC-1/"): [
        "https://www.instagram.com/p/AbC-1/?img_index=2", "https://www.instagram.com/tea.club/p/AbC-1/",
        "https://www.instagram.com/reel/AbC-1/", "https://www.instagram.com/tea.club/reel/AbC-1",
    ],
    ("facebook", "https://www.facebook.com/TeaClub"): [
        "https://m.facebook.com/TeaClub", "https://web.facebook.com/TeaClub/", "https://facebook.com/teaclub", "fb.com/TeaClub",
        "https://de-de.facebook.com/TeaClub", "https://www.facebook.com/pg/TeaClub/posts/", "https://mbasic.facebook.com/TeaClub?fref=nf",
        "https://www.facebook.com/TeaClub/about", "@TeaClub", "https://www.facebook.com/TeaClub?mibextid=LQQJ4d&__tn__=x",
        "https://business.facebook.com/TeaClub", "https://b-m.facebook.com/TeaClub", "https://www.facebook.com/Tea.Club", "https://facebook.com/home.php#!/TeaClub",
        "https://www.facebook.com/TeaClub/about_details", "https://www.facebook.com/TeaClub/map", "https://www.facebook.com/TeaClub/videos_by",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.facebook.com%2FTeaClub&h=x", "https://m.facebook.com/login.php?next=https%3A%2F%2Fm.facebook.com%2FTeaClub",
    ],
    ("facebook", "https://www.facebook.com/profile.php?id=100057571594903"): [
        "https://www.facebook.com/profile.php?id=100057571594903&sk=about", "https://www.facebook.com/100057571594903",
        "https://www.facebook.com/people/Tea-Club/100057571594903/", "https://m.facebook.com/profile.php?ref=x&id=100057571594903",
        "https://www.facebook.com/pages/category/Cafe/Tea-Club-100057571594903/", "https://www.facebook.com/Tea-Club-100057571594903/",
        "https://www.facebook.com/p/Tea-Club-100057571594903/", "https://www.facebook.com/people/Tea-Club/pfbid0x/?id=100057571594903",
    ],
    ("tiktok", "https://www.tiktok.com/@tea"): [
        "@tea", "tea", "https://m.tiktok.com/@Tea?lang=en", "tiktok.com/@tea/", "https://www.tiktok.com/@tea?is_from_webapp=1&_t=8", "https://www.tiktok.com/@@tea",
    ],
    ("x", "https://x.com/NASA"): [
        "https://twitter.com/nasa", "https://mobile.twitter.com/NASA?s=20", "@nasa", "nasa", "https://x.com/NASA/with_replies",
        "https://twitter.com/#!/nasa", "https://www.x.com/nasa/",
        "https://x.com/nasa/photo", "https://x.com/i/flow/login?redirect_after_login=%2FNASA",
    ],
    ("linkedin", "https://www.linkedin.com/in/jos%C3%A9-x"): [
        "https://it.linkedin.com/in/José-x/", "https://www.linkedin.com/in/jose\u0301-x?trk=people", "linkedin.com/in/jos%c3%a9-x/details/experience/",
    ],
    ("linkedin", "https://www.linkedin.com/company/acme"): [
        "https://www.linkedin.com/company/Acme/posts/?feedView=all", "https://uk.linkedin.com/company/acme/",
        "https://www.linkedin.com/comm/company/acme", "https://www.linkedin.com/Company/acme", "https://www.linkedin.com/company-beta/acme/",
        "https://www.linkedin.com/authwall?trk=x&sessionRedirect=https%3A%2F%2Fde.linkedin.com%2Fcompany%2Facme",
    ],
    ("youtube", "https://www.youtube.com/@Tea"): ["https://m.youtube.com/@tea/videos", "@tea", "youtube.com/@tea/featured?si=1", "https://youtu.be/@tea", "https://music.youtube.com/@tea", "https://www.youtube.com/@tea/posts"],
    ("youtube", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"): [
        "https://youtu.be/dQw4w9WgXcQ?si=x", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3s&list=PL1", "https://www.youtube.com/shorts/dQw4w9WgXcQ",
        "https://music.youtube.com/watch?v=dQw4w9WgXcQ", "https://youtu.be/watch?v=dQw4w9WgXcQ", "https://www.youtube.com/watch/dQw4w9WgXcQ", "https://www.youtube.com/e/dQw4w9WgXcQ",
    ],
}  # fmt: skip
OTHERS = [
    ("instagram", TEA, "https://www.instagram.com/tea.club2/"),
    ("instagram", "https://www.instagram.com/p/AbC/", "https://www.instagram.com/p/abc/"),
    ("facebook", "https://www.facebook.com/profile.php?id=100057571594903", "https://www.facebook.com/profile.php?id=100057571594904"),
    ("facebook", "https://www.facebook.com/groups/tea", "https://www.facebook.com/tea"),
    ("instagram", "https://www.instagram.com/accounts/login/?next=/tea.club/", "https://www.instagram.com/accounts/login/?next=/coffee.club/"),
    ("facebook", "https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.facebook.com%2FTeaClub", "https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.facebook.com%2FCoffeeClub"),
    ("linkedin", "https://www.linkedin.com/company/acme-inc.", "https://www.linkedin.com/company/acme-inc"),
    ("youtube", "https://www.youtube.com/watch?v=AbC", "https://www.youtube.com/watch?v=aBc"),
    ("youtube", "https://www.youtube.com/channel/UCa", "https://www.youtube.com/channel/UCA"),
    ("youtube", "https://www.youtube.com/@tea", "https://www.youtube.com/@tea/shorts"),
    ("linkedin", "https://www.linkedin.com/company/acme", "https://www.linkedin.com/in/acme"),
    ("linkedin", "https://www.linkedin.com/jobs/search?keywords=a&location=x", "https://www.linkedin.com/jobs/search?keywords=a&location=y"),
    ("tiktok", "https://www.tiktok.com/search?q=a", "https://www.tiktok.com/search?q=b"),
    ("tiktok", "https://vm.tiktok.com/ZMa/", "https://vm.tiktok.com/ZMA/"),
    ("reddit", "https://www.reddit.com/r/Tea", "https://www.reddit.com/r/tea"),
]  # fmt: skip


def test_spellings_of_one_address_have_one_key() -> None:
    def of(platform: str, text: str) -> addresses.Address:
        return addresses.read(platform, addresses.of_handle(platform, text))

    apart = [(first, text) for (platform, first), texts in SAME.items() for text in texts
             if of(platform, text).key != of(platform, first).key]  # fmt: skip
    changed = [first for (platform, first) in SAME if of(platform, first).spelled != first]
    merged = [(one, other) for platform, one, other in OTHERS if of(platform, one).key == of(platform, other).key]
    unsteady = [text for (platform, _), texts in SAME.items() for text in texts
                if addresses.read(platform, of(platform, text).spelled) != of(platform, text)]  # fmt: skip

    assert (apart, changed, merged, unsteady) == ([], [], [], [])


@pytest.mark.parametrize("text", ["acme", "@acme"])
def test_a_name_that_could_be_several_pages_is_asked_about(tea: Home, text: str) -> None:
    done = tea.here("sources", "add", "linkedin", "posts", text)

    assert done.code == 2
    assert "could be several pages; give the full address, https://www.linkedin.com/" in done.err


def file_of(platform: str, service: str, *urls: str) -> str:
    return HEADER + "".join(f"n{number},{platform},{service},{url},Tea,demo,\n" for number, url in enumerate(urls))


def test_a_file_with_many_spellings_is_one_source_asked_once(home: Home) -> None:
    first, others = TEA, SAME["instagram", TEA]
    home.write("sources.csv", file_of("instagram", "posts", *others, first))

    done = home.here("sources", "import", "sources.csv", "--json").json
    told = home.here("sources", "import", "sources.csv")
    plan = home.here("collect", "plan", "--sources", "sources.csv", "--num-posts", "4", "--json").json

    assert (done["added"], done["source_ids"], len(done["merged"])) == (1, [1], len(others))
    assert "line 3: https://instagram.com/tea.club/ is https://www.instagram.com/tea.club/ of line 2" in told.out
    assert [(one["source_id"], one["url"]) for one in home.here("sources", "list", "--json").json] == [(1, TEA)]
    assert (plan["records"], [one["inputs"] for one in plan["items"]]) == (4, [1])


def test_later_spellings_are_the_source_that_is_known(home: Home) -> None:
    urls = [first for (platform, first) in SAME if platform == "facebook"]
    home.write("first.csv", file_of("facebook", "posts", *urls))
    home.here("sources", "import", "first.csv")
    home.write("again.csv", file_of("facebook", "posts", *(SAME["facebook", url][-2] for url in urls)))

    done = home.here("sources", "import", "again.csv", "--json").json
    added = home.here("sources", "add", "facebook", "posts", "m.facebook.com/teaclub")

    assert (done["source_ids"], done["added"], len(done["merged"])) == ([1, 2], 0, 2)
    assert "source 1 was there already" in added.out
    assert "is source 1, https://www.facebook.com/TeaClub, written differently." in added.out


def test_two_lines_that_ask_one_account_for_different_things_are_refused(home: Home) -> None:
    lines = [
        f'n,instagram,posts,{TEA},,,"{{""post_type"": ""Reel""}}"\n',
        "n,instagram,posts,instagram.com/tea.club,,,\n",
    ]
    home.write("sources.csv", HEADER + "".join(lines))

    done = home.here("sources", "import", "sources.csv")

    assert done.code == 2
    assert "line 3: instagram.com/tea.club is the address of line 2, written differently" in done.err


def test_words_to_search_for_stay_as_they_are(home: Home) -> None:
    options = '"{""discover_by"": ""keyword""}"'
    home.write("s.csv", HEADER + f'a,youtube,videos,"""tea pot""",,,{options}\nb,youtube,videos,tea pot,,,{options}\n')

    done = home.here("sources", "import", "s.csv", "--json").json

    assert done["added"] == 2
    assert [one["url"] for one in home.here("sources", "list", "--json").json] == ['"tea pot"', "tea pot"]


def test_an_older_ledger_that_has_a_source_twice_asks_it_once_and_can_merge(home: Home) -> None:
    home.here("sources", "add", "instagram", "posts", TEA, "--name", "Tea")
    ledger = home.folder / "data" / "ledger.db"
    with closing(sqlite3.connect(ledger)) as connection, connection:
        for url in ("https://instagram.com/tea.club", "https://www.instagram.com/tea.club"):
            connection.execute(
                "INSERT INTO source (name, platform, service, url, options, enabled, created_at) "
                "SELECT name, platform, service, ?, options, 1, created_at FROM source WHERE id = 1", (url,)
            )  # fmt: skip

    checks = {one["name"]: one for one in home.here("doctor", "--json").json["checks"]}
    before = home.here("collect", "plan", "--num-posts", "4", "--json").json
    merged = home.here("sources", "merge", "1", "2", "3")
    after = home.here("collect", "plan", "--num-posts", "4", "--json").json
    again = home.here("sources", "add", "instagram", "posts", "https://instagram.com/tea.club", "--json").json
    sources = home.here(
        "sql", "SELECT source_id, enabled, merged_into FROM sources ORDER BY 1", "--format", "json"
    ).json

    assert checks["sources"]["status"] == "warning"
    assert checks["sources"]["cure"].endswith("workbench sources merge 1 2 3")
    assert ([one["inputs"] for one in before["items"]], len(before["merged"])) == ([1], 2)
    assert (merged.code, [one["inputs"] for one in after["items"]], after["merged"]) == (0, [1], [])
    assert again["source_ids"] == [1]
    assert [tuple(one.values()) for one in sources] == [(1, True, None), (2, False, 1), (3, False, 1)]
    assert home.here("sources", "enable", "2").code == 2


def test_only_one_address_in_several_spellings_is_merged(home: Home) -> None:
    home.here("sources", "add", "instagram", "posts", TEA)
    home.here("sources", "add", "instagram", "posts", "https://www.instagram.com/coffee.club/")

    done = home.here("sources", "merge", "1", "2")

    assert done.code == 2
    assert "not one address in several spellings" in done.err
