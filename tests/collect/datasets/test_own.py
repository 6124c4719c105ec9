"""A user's own entry in workbench.toml, as docs/adding-a-dataset.md shows it, from the first look to the tables."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.collect.datasets.conftest import FAST, rows_of
from workbench.brightdata.datasets import DATASETS
from workbench.errors import BadInput, Misconfigured
from workbench.workbench import open_workbench

DOCS = Path(__file__).parents[3] / "docs" / "adding-a-dataset.md"


def example() -> str:
    """The entry that the page shows."""
    (found,) = re.findall(r"```toml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    return str(found)


def looked_at(home: Path) -> None:
    with open_workbench(home) as workbench:
        workbench.collect.add_source("reddit", "posts", "https://www.reddit.com/r/tea/")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "workbench.toml").write_text(example())
    return home


def test_the_example_of_the_page_works(home: Path, tmp_path: Path) -> None:
    (entry,) = tomllib.loads(example())["datasets"]
    row = {
        "post_id": "t3_1", "url": "https://www.reddit.com/r/tea/comments/1/", "user_posted": "maple", "title": "Tea",
        "date_posted": "2025-09-02T10:00:00.000Z", "num_upvotes": 5, "num_comments": 2,
        "input": {"url": "https://www.reddit.com/r/tea/"}, "timestamp": "2025-10-02T08:00:00.000Z",
    }  # fmt: skip
    (tmp_path / "rows.json").write_text(json.dumps([row]))
    with open_workbench(home, brightdata_url="http://127.0.0.1:9", **FAST) as workbench:
        added = workbench.collect.add_source("reddit", "posts", "https://www.reddit.com/r/tea/", creator="Tea")
        plan = workbench.plan(list(added.source_ids), num_posts=3)
        done = workbench.imports.import_file(tmp_path / "rows.json", "reddit/posts")
        (found,) = rows_of(workbench, "posts")
        (job,) = plan.jobs

        assert (job.dataset_id, job.kind) == (entry["dataset_id"], "posts")
        assert job.snapshots[0].inputs == ({"url": "https://www.reddit.com/r/tea/", "num_of_posts": 3},)
        assert done["rows"] == 1
        assert (found["post_id"], found["like_count"], found["text"], found["creator"]) == ("t3_1", 5, "Tea", "Tea")
        assert (found["platform"], found["dataset_id"]) == ("reddit", entry["dataset_id"])


def test_it_goes_before_ours(home: Path) -> None:
    text = example().replace('"reddit"', '"x"').replace("reddit.com", "x.com")
    (home / "workbench.toml").write_text(text)
    with open_workbench(home) as workbench:
        assert len(workbench.parts.datasets) == len(DATASETS)
        (mine,) = [one for one in workbench.parts.datasets if (one.platform, one.service) == ("x", "posts")]

    assert mine.dataset_id not in {one.dataset_id for one in DATASETS}


def test_without_it_the_platform_is_unknown(tmp_path: Path) -> None:
    with open_workbench(tmp_path) as workbench, pytest.raises(BadInput, match="no dataset for 'reddit'"):
        workbench.collect.add_source("reddit", "posts", "https://www.reddit.com/r/tea/")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        pytest.param('kind = "posts"', 'kind = "threads"', r"\[\[datasets\]\] 1: the kind 'threads'", id="kind"),
        pytest.param('post_id = ["post_id"]', 'post = ["post_id"]', "posts has no column post", id="column"),
        pytest.param('post_id = ["post_id"]\nurl = ["url"]\n', "", "neither post_id nor url", id="nothing to tell by"),
        pytest.param("[[datasets]]", "[[dataset]]", "'dataset', which is no setting", id="a slip"),
    ],
)
def test_an_entry_that_is_wrong_is_told_before_anything_is_asked(
    home: Path, before: str, after: str, words: str
) -> None:
    assert before in example()
    (home / "workbench.toml").write_text(example().replace(before, after))

    with pytest.raises(Misconfigured, match=words):
        looked_at(home)


def test_the_same_id_twice_is_told(home: Path) -> None:
    (home / "workbench.toml").write_text(example() * 2)

    with (
        open_workbench(home) as workbench,
        pytest.raises(Misconfigured, match=r"\[\[datasets\]\] 2: .* is there twice"),
    ):
        workbench.plan()


def test_doctor_shows_ids_alone(home: Path) -> None:
    with open_workbench(home) as workbench:
        (shown,) = [one.value for one in workbench.parts.origins if one.name == "WORKBENCH_DATASETS"]

    assert shown == tomllib.loads(example())["datasets"][0]["dataset_id"]


def test_the_page_lists_what_ships() -> None:
    listed = re.findall(r"^\| ([\w ]+?) \| `(gd_\w+)` \|", DOCS.read_text(), re.MULTILINE)

    assert listed == [(one.name, one.dataset_id) for one in DATASETS]
