"""`workbench audit` after a run: what it did outside and what that cost, found again, compared, proved, taken along."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_report_says_what_was_done_and_is_found_compared_proved_and_taken_along(home, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    home.sources("tea.club")
    words = ("audit", "run", "runs", "-p", "sources=sources.csv", "-p", "num_posts=2", "--json")
    first = home.here(*words).json
    anchored = home.here("audit", "anchor", "--file", str(elsewhere / "anchor.json"), "--json").json
    again = home.here(*words).json

    assert [one["outcome"] for one in (first, again)] == ["succeeded"] * 2
    shown = home.here("audit", "show", first["execution_id"], "--json").json
    (run,) = [one for one in shown["effects"] if one["kind"] == "run"]
    (snapshot,) = [one for one in shown["effects"] if one["kind"] == "snapshot"]
    (told,) = home.here("status", run["id"], "--json").json["runs"]
    assert (run["state"], snapshot["id"]) == ("completed", told["jobs"][0]["snapshots"][0]["snapshot_id"])
    assert shown["cost_micro_usd"] == snapshot["cost_micro_usd"] > 0
    assert (home.folder / "data" / snapshot["evidence"]).is_file()
    assert shown["manifest"]["effects"] == shown["effects"]
    assert shown["manifest"]["tables"]["posts"]["rows"] == snapshot_rows(home)
    came = check_what_came(home, shown, told["jobs"][0]["snapshots"][0])

    # The second found the run of the first: nothing ordered, nothing spent, and the same data.
    later = home.here("audit", "show", "last", "--json").json
    assert (later["effects"], later["cost_micro_usd"], later["rows"]) == ([], 0, None)
    assert "rows" not in later["manifest"]
    diff = home.here("audit", "diff", first["execution_id"], again["execution_id"], "--json").json
    assert (diff["same"], diff["cost_usd"]) == (True, [snapshot["cost_micro_usd"] / 1e6, 0])
    assert diff["brought"] == [came, None]
    assert "No differences" in home.here("audit", "diff", first["execution_id"], again["execution_id"]).out

    found = home.here("audit", "find", "TEA.CLUB", "-p", "num_posts=2", "--outcome", "succeeded", "--json").json
    assert [one["execution_id"] for one in found] == [again["execution_id"], first["execution_id"]]
    assert all(one["matches"] and (home.folder / one["report"]).is_file() for one in found)
    for none in (("tea.club", "--since", "2999-01-01"), ("-p", "num_posts=3"), ("no such text",), ("--notebook", "up")):
        assert home.here("audit", "find", *none, "--json").json == []

    anchor = ("--anchor", str(elsewhere / "anchor.json"))
    said = home.here("audit", "verify", *anchor, "--json")
    assert (said.code, said.json["verdict"], said.json["reports"]) == (0, "intact", 2)
    assert said.json["anchored_until"] == anchored["at"]
    assert home.here("audit", "verify", "--json").code == 4

    home.here("audit", "export", first["execution_id"], str(elsewhere / "bundle"))
    alone = [sys.executable, "-I", "-S", "verify_archive.py", ".", *anchor, "--json"]
    done = subprocess.run(alone, cwd=elsewhere / "bundle", capture_output=True, text=True, env={})
    assert (done.returncode, json.loads(done.stdout)["reports"]) == (0, 1), done
    (elsewhere / "bundle" / "evidence" / snapshot["evidence"]).write_bytes(b"other rows")
    assert subprocess.run(alone, cwd=elsewhere / "bundle", capture_output=True, env={}).returncode == 1

    gone = home.here("audit", "remove", again["execution_id"], "--reason", "as the law asks", "--json")
    assert gone.code == 0, gone
    assert home.here("audit", "verify", *anchor, "--json").json["verdict"] == "intact"
    assert home.here("audit", "show", again["execution_id"], "--json").json["removed"]["tombstone"]

    # A byte of the first report; the anchor is kept as the witness that it is.
    report = home.folder / found[1]["report"]
    report.chmod(0o644)
    report.write_text(report.read_text().replace("tea.club", "tea.clubs", 1))
    said = home.here("audit", "verify", *anchor)
    assert (said.code, report.name in said.out) == (1, True)
    refused = home.here("audit", "anchor", "--file", str(elsewhere / "anchor.json"))
    assert (refused.code, json.loads((elsewhere / "anchor.json").read_text())["at"]) == (2, anchored["at"])


def check_what_came(home, shown, snapshot) -> dict[str, int]:
    """Rows and rejects, in manifest, report and words."""
    rejects = sum(snapshot[name] or 0 for name in ("warnings", "errors", "malformed"))
    came = {"rows": snapshot_rows(home), "rejects": rejects}
    assert {name: shown[name] for name in came} == {name: shown["manifest"][name] for name in came} == came
    assert (
        f"<dt>Rows</dt><dd>{came['rows']}</dd><dt>Rejects</dt><dd>{rejects}</dd>" in Path(shown["report"]).read_text()
    )
    assert f"{came['rows']} rows, {rejects} reject" in home.here("audit", "show", shown["execution_id"]).out
    return came


def snapshot_rows(home) -> int:
    return home.here("sql", "SELECT count(*) AS n FROM posts", "--format", "json").json[0]["n"]


def test_what_cannot_be_asked_is_refused_with_the_cure(home):
    asked = {
        ("audit", "anchor"): "--file PATH",
        ("audit", "anchor", "--file", "data/anchor.json"): "keep the anchor elsewhere",
        ("audit", "verify", "--anchor", "nowhere.json"): "cannot be read",
        ("audit", "show", "nothing"): "workbench audit list",
        ("audit", "find", "--since", "yesterday"): "7d",
    }
    for words, cure in asked.items():
        done = home.here(*words)
        assert (done.code, cure in done.err) == (2, True), (words, done)


def test_an_anchor_goes_to_the_owners_command_too(home):
    command = f"{sys.executable} -c \"import sys, pathlib; pathlib.Path('told.json').write_text(sys.stdin.read())\""

    said = home.here("audit", "anchor", "--json", WORKBENCH_ANCHOR_COMMAND=command)

    assert json.loads((home.folder / "told.json").read_text())["sequence"] == said.json["sequence"] == 0
    failed = home.here("audit", "anchor", WORKBENCH_ANCHOR_COMMAND="false")
    assert (failed.code, "has not taken the anchor" in failed.err) == (2, True)
