"""collect/sources.py: a sources.csv is taken whole, or refused with file, line, column and cure."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from workbench.collect.sources import check, read_csv
from workbench.errors import BadInput

# ruff: noqa: E501, UP012 - tables of cases, one a line
HEAD = "name,platform,service,url,creator,project,options\n"
LINE = "Tea,instagram,posts,https://www.instagram.com/tea.club/,ann,spring,\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sources.csv"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param((HEAD + LINE).encode(), id="as documented"),
        pytest.param(codecs.BOM_UTF8 + (HEAD + LINE).encode(), id="with the mark that Excel writes"),
        pytest.param((HEAD + LINE).replace("\n", "\r\n").encode(), id="with Windows line ends"),
        pytest.param((HEAD + LINE).replace(",", ";").encode(), id="with semicolons"),
        pytest.param((HEAD + LINE).rstrip("\n").encode(), id="without a last line end"),
        pytest.param((HEAD + LINE + "\n\n").encode(), id="with blank lines below"),
        pytest.param((HEAD.upper() + LINE).encode(), id="with a shouted header"),
        pytest.param(codecs.BOM_UTF8 * 2 + (HEAD + LINE).encode(), id="with the mark of Excel twice"),
        pytest.param((HEAD.replace("url", "\u200burl\u00a0") + LINE).encode(), id="with signs in the header that nobody sees"),
        pytest.param((HEAD + LINE.rstrip("\n") + "null\n").encode(), id="with an empty cell as programs write it"),
        pytest.param(("url,service,platform,project,creator,options,name\n"
                      "https://www.instagram.com/tea.club/,posts,instagram,spring,ann,,Tea\n").encode(),
                     id="with the columns in another order"),
        pytest.param((HEAD + LINE.replace("instagram,posts", " Instagram , POSTS ")).encode(), id="with spaces and capitals"),
    ],
)  # fmt: skip
def test_a_good_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    (one,) = read_csv(path)

    assert (one.name, one.platform, one.service, one.creator, one.project) == (
        "Tea", "instagram", "posts", "ann", "spring",
    )  # fmt: skip


def test_the_three_needed_columns_are_enough(path: Path) -> None:
    path.write_text("platform,service,url\nfacebook,posts,https://www.facebook.com/tea.page\n")
    (one,) = read_csv(path, project="spring")

    assert (one.name, one.project, one.options) == (one.url, "spring", {})


def test_options_are_json(path: Path) -> None:
    path.write_text(HEAD + LINE.rstrip("\n") + '"{""post_type"": ""Reel"", ""num_of_posts"": 5}"\n')

    assert read_csv(path)[0].options == {"post_type": "Reel", "num_of_posts": 5}


BAD = [
    pytest.param(b"", "the column 'platform' is missing", id="an empty file"),
    pytest.param(b"name,platform,url\n", "line 1: the column 'service' is missing", id="a missing column"),
    pytest.param(b"platform,service,url,colour\n", "line 1: the column 'colour' is not known", id="an unknown column"),
    pytest.param(b"platform,service,url,url\na,b,c,d\n", "line 1", id="a column twice"),
    pytest.param(HEAD.encode(), "has no sources", id="only a header"),
    pytest.param((HEAD + LINE + LINE).encode(), "line 3: the same platform, service and url as line 2", id="a duplicate"),
    pytest.param((HEAD + LINE + LINE.replace("instagram,", "Instagram,")).encode(), "as line 2", id="a hidden duplicate"),
    pytest.param((HEAD + "Caf\xe9" + LINE).encode("latin-1"), "line 2: this is not UTF-8", id="another encoding"),
    pytest.param(codecs.BOM_UTF16_LE + (HEAD + LINE).encode("utf-16-le"), "not UTF-8", id="UTF-16"),
    pytest.param((HEAD + LINE.replace(",ann", ",ann,more")).encode(), "line 2", id="a cell too many"),
    pytest.param((HEAD + "Tea,instagram,posts\n").encode(), "line 2", id="cells missing"),
    pytest.param(("," + HEAD + "0," + LINE).encode(), "line 2: '0' stands below no column; take it out", id="an index"),
    pytest.param((HEAD + '"Tea' + LINE).encode(), "line", id="a quote that never ends"),
    pytest.param((HEAD + LINE.replace("instagram,", "myspace,")).encode(), "line 2: there is no dataset", id="platform"),
    pytest.param((HEAD + LINE.replace(",posts", ",stories")).encode(), "Known:", id="service"),
    pytest.param((HEAD + LINE.replace(",posts", ",")).encode(), "line 2: the cell 'service' is empty", id="empty cell"),
    pytest.param((HEAD + LINE.replace("www.instagram.com", "example.org")).encode(), "line 2", id="another site"),
    pytest.param((HEAD + LINE.replace("https://www.instagram.com/tea.club/", "tea club")).encode(), "line 2", id="no url"),
    pytest.param((HEAD + LINE.rstrip("\n") + "{oops\n").encode(), "'options' is not JSON", id="options are no JSON"),
    pytest.param((HEAD + LINE.rstrip("\n") + "[1]\n").encode(), "not a JSON object", id="options are a list"),
    pytest.param((HEAD + LINE.rstrip("\n") + '"{""colour"": 1}"\n').encode(), "no option 'colour'", id="unknown option"),
    pytest.param((HEAD + LINE.rstrip("\n") + '"{""num_of_posts"": ""many""}"\n').encode(), "num_of_posts", id="no number"),
    pytest.param((HEAD + LINE.rstrip("\n") + '"{""num_of_posts"": 0}"\n').encode(), "num_of_posts", id="a zero"),
    pytest.param((HEAD + LINE.rstrip("\n") + "[" * 100_000 + "\n").encode(), "not JSON", id="options nested for ever"),
    pytest.param((HEAD + "\x00" + LINE).encode(), "line 2", id="a NUL"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), BAD)
def test_a_bad_file_is_refused_with_its_place(path: Path, content: bytes, words: str) -> None:
    path.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        read_csv(path)

    assert words in refused.value.message
    assert str(path) in refused.value.message


def test_a_file_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(BadInput, match="there is no file"):
        read_csv(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_csv(tmp_path)


def test_sources_from_code_are_checked_alike() -> None:
    with pytest.raises(BadInput, match="the form, line 7: the cell 'url' is empty"):
        check([(7, {"platform": "instagram", "service": "posts"})], place="the form")
