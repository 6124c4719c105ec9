"""`workbench demo`: the main job with everything in it, twice without losing anything."""

from __future__ import annotations

import compileall
import csv
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Home
from workbench.collect.sources import read_csv
from workbench.home.demo import SAMPLE


def test_the_sample_has_all_five_datasets_and_something_that_is_rejected():
    sources = read_csv(SAMPLE)

    assert {(one.platform, one.service) for one in sources} == {
        ("instagram", "posts"), ("instagram", "profiles"), ("instagram", "comments"), ("facebook", "posts"),
        ("linkedin", "posts"),
    }  # fmt: skip
    assert sum("nothing" in one.url for one in sources) == 1
    assert sum("private" in one.url for one in sources) == 1


@pytest.fixture
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout, unpacked and compiled as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    with zipfile.ZipFile(file) as packed:
        packed.extractall(folder / "site")
    compileall.compile_dir(folder / "site", quiet=1)
    return folder / "site"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.long
def test_a_demo_shows_everything(wheel, tmp_path):
    """Outside the repository, by what the wheel holds: notebooks, packs, migrations, samples, styles."""
    home = tmp_path / "home"
    home.mkdir()
    empty = Home(home, PYTHONPATH=str(wheel))
    which = [sys.executable, "-c", "import workbench; print(workbench.__file__)"]
    found = subprocess.run(which, env=empty.environment(), cwd=home, check=True, capture_output=True, text=True)
    assert Path(found.stdout.strip()).is_relative_to(wheel)
    try:
        check_a_demo(empty)
    finally:
        empty.stop()


def check_a_demo(empty):
    shown = empty("demo")

    assert shown.code == 0, shown.err
    assert all(
        word in shown.out for word in ("Plan", "ESTIMATE", "completed", "Demo_", "posts", "profiles", "comments")
    )
    assert "no posts found" in shown.out  # the reason of a reject
    assert "notebook: " in shown.out
    (report,) = empty.folder.rglob("archive/**/*.html")
    assert "100 %, 5 of 5 snapshots" in report.read_text()  # of a run that the notebook found, and did not start
    assert 'role="progressbar"' in report.read_text()
    (run,) = empty.here("status", "--json").json["runs"]
    assert (run["status"], run["rows"]) == ("completed", 94)
    assert run["run_id"] in report.read_text()
    check_the_sites(empty)
    after = empty.here("audit", "run", "uploads", "--json").json  # the sheet of the demo's files is there
    assert after["outcome"] == "succeeded", after["error"]


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_a_second_demo_adds_to_the_first(empty):
    assert empty.here("demo").code == 0
    second = empty.here("demo", "--json")

    told = second.json
    assert second.code == 0, second.err
    assert told["tables"] == {"posts": 72, "profiles": 2, "comments": 20}
    assert sorted(one["kind"] for one in told["rejects"]) == ["error", "warning"]
    assert told["execution"]["outcome"] == "succeeded"
    assert told["run_id"] in Path(told["execution"]["report"]).read_text()
    assert [one["state"] for one in told["posting"]["items"]] == ["posted"] * 3
    assert [one["status"] for one in told["upload"]["items"]] == ["success"] * 3
    assert len({one["tj_creative_id"] for one in told["upload"]["items"]}) == 3
    check_the_sites(empty)  # not once more

    runs = empty.here("status", "--json").json["runs"]
    assert [run["status"] for run in runs] == ["completed", "completed"]
    assert [run["rows"] for run in runs] == [94, 94]
    listed = empty.here("sql", "SELECT run_id, count(*) AS n FROM posts GROUP BY ALL", "--format", "csv").out
    assert sorted(int(row["n"]) for row in csv.DictReader(io.StringIO(listed))) == [72, 72]


def check_the_sites(home):
    """Three of each are there, with ids of their own."""
    sites = """
        SELECT (SELECT count(DISTINCT remote_id) FROM listings WHERE status = 'posted') AS posted,
               (SELECT count(DISTINCT tj_creative_id) FROM uploads WHERE status = 'success') AS uploaded
    """
    assert home.here("sql", sites, "--format", "csv").out.split() == ["posted,uploaded", "3,3"]
