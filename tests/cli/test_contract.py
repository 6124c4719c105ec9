"""What scripts rely on (DESIGN §9a): the keys of every JSON answer, and that stdout holds it alone."""

from __future__ import annotations

import json

STATUS = {"mode", "runs", "posting_jobs", "batches", "attention"}
RUN = {"run_id", "name", "status", "attention", "created_at", "jobs"}
JOB = {"job_id", "platform", "service", "status", "folder", "snapshots"}
SNAPSHOT = {"snapshot_id", "state", "status", "rows", "warnings", "errors", "reason"}


def test_collect_run_answers_the_run_it_started(finished):
    _, started = finished

    answer = started.json

    assert started.code == 0, started.err
    assert answer.keys() >= {"run_id", "plan_hash", "estimate_usd", "jobs", "snapshots"}
    assert (answer["jobs"], answer["snapshots"]) == (1, 1)
    assert answer["estimate_usd"] == 0.012
    assert (answer["status"], answer["rows"]) == ("completed", 3)


def test_waiting_tells_every_change_on_stderr_in_plain_lines(finished):
    _, started = finished

    assert "published" in started.err
    assert "\x1b" not in started.err + started.out


def test_status_keeps_the_shape(finished):
    home, started = finished

    answer = home.here("status", "--json").json

    (run,) = answer["runs"]
    (job,) = run["jobs"]
    (snapshot,) = job["snapshots"]
    assert answer.keys() >= STATUS
    assert run.keys() >= RUN
    assert job.keys() >= JOB
    assert snapshot.keys() >= SNAPSHOT
    assert (answer["mode"], run["run_id"], run["status"]) == ("practice", started.json["run_id"], "completed")
    assert (snapshot["state"], snapshot["status"], snapshot["rows"], snapshot["warnings"]) == (
        "published", "processed", 3, 1,
    )  # fmt: skip


def test_status_of_one_run_is_found_by_the_beginning_of_its_name_or_id(finished):
    home, started = finished

    assert (
        home.here("status", "Fir", "--json").json["runs"]
        == home.here("status", started.json["run_id"][:5], "--json").json["runs"]
    )


def test_what_people_see_says_practice_and_times_with_a_zone(finished):
    home, _ = finished

    shown = home.here("status", WORKBENCH_TZ="Europe/Riga")

    assert "PRACTICE" in shown.err
    assert " EET" in shown.out or " EEST" in shown.out


def test_lists_answer_lists(finished):
    home, _ = finished

    sources, todo, folders, executions = (
        home.here(*words, "--json").json for words in (("sources", "list"), ("todo",), ("folders",), ("audit", "list"))
    )

    assert [one["name"] for one in sources] == ["Tea", "Nobody"]
    assert sources[0].keys() >= {"source_id", "platform", "service", "url", "creator", "project", "options", "enabled"}
    assert isinstance(sources[0]["source_id"], int)
    assert (todo, executions) == ([], [])
    assert folders[0]["platforms"]["Instagram"]["posts"][0]["rows"] == 3


def test_work_with_nothing_to_do_is_idle_at_once(finished):
    home, _ = finished

    done = home.here("work", "--until-idle", "--timeout", "20", "--json")

    assert (done.code, done.json["idle"], done.json["moved"]) == (0, True, {})


def test_plan_shows_what_it_would_do_and_starts_nothing(home):
    home.sources("a.club", "b.club")

    plan = home.here("collect", "plan", "--sources", "sources.csv", "--num-posts", "5", "--json").json

    assert plan.keys() >= {"plan_hash", "estimate_usd", "records", "jobs", "snapshots", "items"}
    assert plan["items"] == [
        {
            "job": "instagram posts", "dataset_id": "gd_lk5ns7kz21pck8jpis", "inputs": 2, "snapshots": 1, "records": 10,
            "open_ended": False, "price_usd": 0.002, "estimate_usd": 0.02,
        }
    ]  # fmt: skip
    assert home.here("status", "--json").json["runs"] == []


def test_a_plan_is_started_by_its_hash_once(home):
    home.sources("a.club")
    plan = home.here("collect", "plan", "--sources", "sources.csv", "--json").json

    first, second = (home.here("collect", "start", plan["plan_hash"][:12], "--json") for _ in range(2))

    assert second.json == {**first.json, "sources_added": 0}
    assert first.json["plan_hash"] == plan["plan_hash"]
    assert "no worker is running: workbench work" in first.err


def test_sources_are_added_edited_disabled_and_enabled(home):
    added = home.here(
        "sources", "add", "instagram", "posts", "https://www.instagram.com/tea.club/", "--name", "Tea", "--json"
    ).json
    (source_id,) = map(str, added["source_ids"])

    edited = home.here("sources", "edit", source_id, "--creator", "Tea Club", "--project", " ", "--json").json
    disabled = home.here("sources", "disable", source_id, "--json").json
    refused = home.here("collect", "plan")
    enabled = home.here("sources", "enable", source_id, "--json").json

    assert (edited[0]["name"], edited[0]["project"]) == ("Tea", None)
    assert (edited[0]["creator"], disabled[0]["enabled"], enabled[0]["enabled"]) == ("Tea Club", False, True)
    assert refused.code == 2
    assert "no enabled source" in refused.err


def test_import_counts_what_was_new_and_what_changed(home):
    home.sources("a.club", "b.club")

    first, again = (home.here("sources", "import", "sources.csv", "--json").json for _ in range(2))

    assert (first["added"], first["changed"]) == (2, 0)
    assert (again["added"], again["changed"]) == (0, 0)
    assert first["source_ids"] == again["source_ids"]


def test_doctor_shows_settings_with_their_origin_and_no_secret(home):
    home.write("workbench.toml", 'tz = "Europe/Riga"\n')

    done = home.here("doctor", "--json", BRIGHTDATA_API_KEY="a-very-secret-key-0001")

    settings = {one["name"]: (one["value"], one["source"]) for one in done.json["settings"]}
    assert done.code == 0, done.out
    assert settings["WORKBENCH_TZ"] == ("Europe/Riga", "workbench.toml")
    assert settings["BRIGHTDATA_API_KEY"] == ("***", "environment")
    assert "a-very-secret" not in done.out + done.err
    assert {one["name"] for one in done.json["checks"]} >= {
        "python",
        "ledger",
        "lake",
        "disk",
        "bright data",
        "browser",
    }
    assert all(one["cure"] or one["found"] for one in done.json["checks"])


def test_an_error_is_an_object_on_stdout_too_where_json_is_asked_for(home):
    done = home.here("status", "no such run", "--json")

    assert json.loads(done.out) == {"error": {"type": "BadInput", "message": done.err.strip().removeprefix("error: ")}}


def test_runs_and_jobs_say_how_they_stand_in_tables_too(finished):
    home, _ = finished

    query = "SELECT r.status AS run, j.status AS job FROM runs r JOIN jobs j USING (run_id)"

    assert home.here("sql", query, "--json").json == [{"run": "completed", "job": "completed"}]


def test_a_dataset_is_made_anew_by_the_name_that_scan_shows(finished):
    """The last test here: the snapshot is on its way again for a moment."""
    home, _ = finished

    by_name = home.here("recover", "reprocess", "--dataset", "instagram/posts", "--json")
    by_id = home.here("recover", "reprocess", "--dataset", "gd_lk5ns7kz21pck8jpis", "--json")

    assert by_name.json == by_id.json
    assert len(by_name.json["reprocessed"]) == 1
    assert home.here("status", "--json").json["runs"][0]["jobs"][0]["snapshots"][0]["state"] == "published"
