"""`workbench init`: a home to fill in, its examples right, and nothing of its owner's overwritten."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from workbench.files import SHIPPED_NOTEBOOKS

MADE = {"workbench.toml", ".env", "data/inputs/sources.csv"}
NOTEBOOKS = {f"notebooks/{path.name}" for path in SHIPPED_NOTEBOOKS.glob("*.ipynb")}


def test_a_folder_becomes_a_home_once(empty):
    made = empty.here("init", "--json")
    (empty.folder / "data/inputs/sources.csv").write_text("mine")
    (empty.folder / "notebooks/uploads.ipynb").unlink()
    again = empty.here("init", "--json")

    assert (made.code, set(made.json["made"])) == (0, MADE | NOTEBOOKS), made.err
    assert (again.json["made"], again.json["offered"]) == (["notebooks/uploads.ipynb"], [])
    assert (empty.folder / "data/inputs/sources.csv").read_text() == "mine"
    assert (empty.folder / ".env").stat().st_mode & 0o777 == 0o600
    doctor = empty.here("doctor", "--json").json
    assert {one["name"]: one["found"] for one in doctor["checks"]}["schedules"] == "none"
    assert "nothing was ever done here" not in {one["name"]: one["found"] for one in doctor["checks"]}["home"]


def test_another_folder_can_be_named(empty):
    made = empty.here("init", "there", "--json")

    assert made.json["home"] == str((empty.folder / "there").resolve())
    assert (empty.folder / "there/notebooks/runs.ipynb").exists()
    assert not (empty.folder / "notebooks").exists()


def test_a_newer_notebook_is_offered_and_taken(empty):
    empty.here("init")
    notebooks = empty.folder / "notebooks"
    (notebooks / "runs.ipynb").write_text("mine")
    (notebooks / ".shipped.json").write_text(json.dumps({"runs.ipynb": "an older one"}))

    offered = empty.here("init")
    taken = empty.here("init", "--take", "runs", "--json").json

    assert "a newer runs.ipynb ships; yours stays. To take it: workbench init --take runs" in offered.out
    (kept,) = taken["kept"]
    assert ("runs.ipynb" in taken["offered"], Path(kept).read_text()) == (False, "mine")
    assert (notebooks / "runs.ipynb").read_bytes() == (SHIPPED_NOTEBOOKS / "runs.ipynb").read_bytes()


def test_the_examples_are_right_as_they_stand_once_their_marks_are_taken_away(empty):
    empty.here("init")
    path = empty.folder / "workbench.toml"
    text = path.read_text()
    _, _, examples = text.partition("# [[schedules]]")
    lines = re.findall(r"^# ((?:\[\[schedules\]\]|\w+ = ).*)$", f"# [[schedules]]{examples}", re.MULTILINE)
    path.write_text("\n".join(lines))

    listed = empty.here("schedule", "list", "--json").json

    assert tomllib.loads(text) == {}
    assert [one["name"] for one in listed] == [
        "daily run", "process", "nightly recovery", "review", "weekly verify", "weekly anchor",
    ]  # fmt: skip
    assert [one["wrong"] for one in listed if one["wrong"]] == []
