"""Bad input: the error names the thing, the place and the cure; exit 2; nothing half-written, nothing paid."""

from __future__ import annotations

import os

import pytest

TEA = "Tea,instagram,posts,https://www.instagram.com/tea.club/,Tea Club,Drinks,"
HEADER = "name,platform,service,url,creator,project,options"


def _csv(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


MYSPACE = TEA.replace("instagram,posts", "myspace,posts")
STORIES = TEA.replace(",posts,", ",stories,")
COLOUR = TEA.replace("tea.club", "b.club") + '"{""colour"": 1}"'
NO_JSON = TEA.replace("tea.club", "b.club") + '"{post_type"'
LATIN_1 = _csv(TEA) + b"Caf\xe9,instagram,posts,https://x,,,\n"
FOREIGN = TEA.replace("instagram.com", "example.com")


@pytest.mark.parametrize(
    ("csv", "words"),
    [
        pytest.param(_csv(TEA, MYSPACE), ["line 3", "myspace", "Known:"], id="unknown platform"),
        pytest.param(_csv(TEA, STORIES), ["line 3", "stories", "Known:", "instagram posts"], id="unknown service"),
        pytest.param(_csv(TEA, COLOUR), ["line 3", "colour", "Accepted:"], id="an option the dataset does not take"),
        pytest.param(_csv(TEA, NO_JSON), ["line 3", "options", "JSON", "for example"], id="options that are no JSON"),
        pytest.param(_csv(TEA, TEA), ["line 3", "same", "line 2", "remove"], id="a duplicate"),
        pytest.param(b"name,platform,url\nTea,instagram,x\n", ["line 1", "service", "Needed:"], id="a missing column"),
        pytest.param(LATIN_1, ["line 3", "UTF-8", "Save"], id="a broken encoding"),
        pytest.param(_csv(TEA, "Tea,instagram"), ["line 3", "cells"], id="a short line"),
        pytest.param(_csv(FOREIGN), ["line 2", "instagram", "Give"], id="a foreign URL"),
        pytest.param(_csv(), ["no sources", "at least one line"], id="no line"),
    ],
)
def test_a_source_file_is_taken_whole_or_not_at_all(tea, csv, words):
    (tea.folder / "sources.csv").write_bytes(csv)
    before = tea.here("sources", "list", "--json").json

    done = tea.here("sources", "import", "sources.csv")

    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("error: ")
    assert all(word in done.err for word in ["sources.csv", *words]), done.err
    assert tea.here("sources", "list", "--json").json == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ["--start", "2026-11-02", "--end", "2026-11-01"], ["2026-11-02", "after", "swap"], id="dates swapped"
        ),
        pytest.param(["--start", "11/02/2026"], ["start", "11/02/2026", "YYYY-MM-DD"], id="a date in another form"),
        pytest.param(["--end", "2026-02-30"], ["end", "2026-02-30", "exists"], id="a day that does not exist"),
        pytest.param(["--num-posts", "0"], ["num-posts", "1 or more"], id="no posts"),
        pytest.param(["--num-posts", "many"], ["num-posts", "integer"], id="a word for a number"),
        pytest.param(["--sources", "nowhere.csv"], ["nowhere.csv", "give the path"], id="no such file"),
        pytest.param(["--project", "Nothing"], ["no enabled source"], id="a project without sources"),
        pytest.param(["--colour", "red"], ["--colour", "--help"], id="an option that does not exist"),
    ],
)
def test_a_plan_is_refused_before_anything_happens(tea, words, said):
    done = tea.here("collect", "run", *words)

    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("error: ")
    assert all(word in done.err for word in said), done.err
    assert tea.here("status", "--json").json["runs"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["status", "nothing"], ["'nothing'", "workbench status"], id="unknown run"),
        pytest.param(["collect", "start", "abc"], ["abc", "workbench collect plan"], id="unknown plan"),
        pytest.param(["collect", "cancel", "abc"], ["abc"], id="unknown run to cancel"),
        pytest.param(["sources", "edit", "99", "--name", "x"], ["99", "workbench sources list"], id="unknown source"),
        pytest.param(["sources", "edit", "1"], ["--name"], id="nothing to change"),
        pytest.param(
            ["sources", "edit", "1", "--options", "nonsense"],
            ["source 1", "not JSON"],
            id="edited options that are no JSON",
        ),
        pytest.param(
            ["sources", "edit", "1", "--options", '{"bogus": 1}'],
            ["no option 'bogus'", "num_of_posts"],
            id="an edited option that the dataset has not",
        ),
        pytest.param(["sources", "add", "instagram", "posts", "tea club"], ["tea club", "https"], id="no URL"),
        pytest.param(["audit", "run", "nowhere"], ["nowhere", ".ipynb"], id="unknown notebook"),
        pytest.param(["audit", "run", "runs", "-p", "start"], ["start", "NAME=VALUE"], id="a parameter without value"),
        pytest.param(["work", "--threads", "0"], ["threads"], id="no threads"),
        pytest.param(["fly"], ["fly", "--help"], id="unknown command"),
    ],
)
def test_what_does_not_exist_is_named_with_the_way_to_find_it(tea, words, said):
    done = tea.here(*words)

    assert done.code == 2, done.err
    assert done.err.splitlines()[-1].startswith("error: ")
    assert all(word in done.err for word in said), done.err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({"WORKBENCH_MODE": "real"}, ["WORKBENCH_MODE", "environment", "practice"], id="an unknown mode"),
        pytest.param({"WORKBENCH_TZ": "Mars"}, ["WORKBENCH_TZ", "Europe/Riga"], id="an unknown zone"),
        pytest.param({"WORKBENCH_THREADS": "none"}, ["WORKBENCH_THREADS", "environment"], id="a number that is none"),
        pytest.param(
            {"WORKBENCH_BRIGHTDATA_URL": "http://example.com"}, ["WORKBENCH_BRIGHTDATA_URL", "https"], id="plain http"
        ),
        pytest.param({"WORKBENCH_CAP_DAY_USD": "inf"}, ["WORKBENCH_CAP_DAY_USD", "finite"], id="a cap that is none"),
        pytest.param({"WORKBENCH_RETENTION_DAYS": "99999999999"}, ["WORKBENCH_RETENTION_DAYS"], id="for ever"),
        pytest.param({"WORKBENCH_LOOK_GAPS": "5,-1"}, ["WORKBENCH_LOOK_GAPS", "none below 0"], id="gaps below 0"),
        pytest.param({"WORKBENCH_LEDGER_URL": "mysql://x/y"}, ["WORKBENCH_LEDGER_URL", "mysql"], id="another database"),
    ],
)
def test_a_wrong_setting_is_named_with_its_origin(empty, settings, said):
    done = empty.here("status", **settings)

    assert done.code == 2
    assert all(word in done.err for word in said), done.err


def test_an_unknown_setting_in_workbench_toml_is_named(home):
    home.write("workbench.toml", "colour = 1\n")

    done = home.here("status")

    assert done.code == 2
    assert "colour" in done.err
    assert "workbench.toml" in done.err


def test_a_byte_order_mark_does_not_spoil_workbench_toml(home):
    home.write("workbench.toml", "\ufefftz = 'Europe/Riga'\n")

    assert home.here("status").code == 0


def test_an_unknown_setting_in_env_is_named(home):
    home.write(".env", "WORKBENCH_CAP_DAYS_USD=5\n")
    (home.folder / ".env").chmod(0o600)

    done = home.here("status")

    assert done.code == 2
    assert "WORKBENCH_CAP_DAYS_USD" in done.err
    assert "Is WORKBENCH_CAP_DAY_USD meant?" in done.err


def test_a_home_of_practice_is_refused_in_live_mode_and_not_touched(home):
    home.here("sources", "add", "instagram", "posts", "https://www.instagram.com/tea.club/")

    done = home.here("status", WORKBENCH_MODE="live", BRIGHTDATA_API_KEY="a-key-of-sixteen-signs")

    assert done.code == 2
    assert "belongs to practice mode" in done.err
    assert "WORKBENCH_HOME" in done.err


def test_live_mode_without_a_key_starts_nothing_and_says_where_the_key_goes(empty):
    empty.sources("tea.club")
    empty.settings["WORKBENCH_MODE"] = "live"

    done = empty.here("collect", "run", "--sources", "sources.csv", "--yes", "--wait")

    assert done.code == 2
    assert "BRIGHTDATA_API_KEY" in done.err
    assert ".env" in done.err
    assert not any(run["jobs"][0]["snapshots"][0]["snapshot_id"] for run in empty.here("status", "--json").json["runs"])


def test_a_refused_key_stops_the_work_pays_nothing_and_is_not_shown(empty):
    empty.sources("tea.club")
    empty.settings |= {
        "WORKBENCH_MODE": "live", "WORKBENCH_BRIGHTDATA_URL": empty.sandbox_url(), "BRIGHTDATA_API_KEY": "tooshort",
    }  # fmt: skip

    done = empty.here("collect", "run", "--sources", "sources.csv", "--yes", "--wait")
    doctor = empty.here("doctor", "--json")

    assert done.code == 2
    assert "refused the key" in done.err
    assert "BRIGHTDATA_API_KEY" in done.err
    assert "tooshort" not in done.out + done.err + doctor.out
    assert doctor.code == 2
    assert empty.here("status", "--json").json["runs"][0]["jobs"][0]["snapshots"][0]["state"] == "planned"
    assert empty.sandbox("count")["triggers_accepted"] == 0


def test_nobody_pays_without_a_yes(empty):
    empty.sources("tea.club")
    empty.settings |= {
        "WORKBENCH_MODE": "live", "WORKBENCH_BRIGHTDATA_URL": empty.sandbox_url(),
        "BRIGHTDATA_API_KEY": "a-key-of-sixteen-signs",
    }  # fmt: skip

    done = empty.here("collect", "run", "--sources", "sources.csv")

    assert done.code == 2
    assert "--yes" in done.err
    assert "workbench collect start" in done.err
    assert empty.here("status", "--json").json["runs"] == []


def test_demo_does_not_touch_a_live_empty(empty):
    done = empty.here("demo", WORKBENCH_MODE="live")

    assert done.code == 2
    assert "WORKBENCH_HOME" in done.err
    assert not (empty.folder / "data" / "ledger.db").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_home_is_named_with_the_cure(empty):
    empty.folder.chmod(0o500)

    done = empty.here("recover", "reconcile")

    assert done.code == 2
    assert str(empty.folder) in done.err
    assert "WORKBENCH_HOME" in done.err


def test_a_home_that_is_a_file_is_named_with_the_cure(empty):
    empty.write("data", "not a folder")

    done = empty.here("status")

    assert done.code == 2
    assert str(empty.folder / "data") in done.err
    assert "WORKBENCH_HOME" in done.err


def test_a_ledger_that_is_none_is_kept_and_named(empty):
    path = empty.write("data/ledger.db", "this is no database, though it has its name" * 100)

    done = empty.here("status")

    assert done.code == 2
    assert path in done.err
    assert "this is no database" in (empty.folder / "data" / "ledger.db").read_text()


def test_a_traceback_is_shown_only_to_who_asks_for_it(home):
    quiet, loud = home("status", "x"), home("status", "x", WORKBENCH_DEBUG="1")

    assert quiet.code == 2
    assert "Traceback" not in quiet.err
    assert "Traceback" in loud.err
