"""What a process logs: in the folder of each home that is open in it, without anybody's secrets."""

from __future__ import annotations

import json
import logging
import stat
from pathlib import Path
from typing import Any

import pytest

from workbench.logs import LogFolder

log = logging.getLogger("workbench.test")


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.glob("*.log")) for line in path.read_text().splitlines()]


def test_one_event_is_one_line_that_only_the_owner_reads(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path / "logs", str)
    folder.begin()
    folder.begin()
    try:
        1 / 0  # noqa: B018 - for its trace
    except ZeroDivisionError:
        log.exception("two\nlines \x1b[31m of %s", "somebody's")
    folder.close()
    log.warning("nobody keeps this")
    (only,) = lines(tmp_path / "logs")
    (path,) = (tmp_path / "logs").iterdir()

    assert only["message"] == "two\nlines \x1b[31m of somebody's"
    assert "ZeroDivisionError" in only["trace"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().splitlines()) == 1


def test_two_homes_of_one_process_each_have_their_own_and_no_secret_of_the_other(tmp_path: Path) -> None:
    tea = LogFolder(tmp_path / "tea", lambda text: text.replace("green", "***"))
    oil = LogFolder(tmp_path / "oil", lambda text: text.replace("olive", "***"))
    tea.begin()
    log.warning("alone")
    oil.begin()
    log.warning("green and olive")
    tea.close()
    log.warning("olive")
    oil.close()

    assert [one["message"] for one in lines(tmp_path / "tea")] == ["alone", "*** and ***"]
    assert [one["message"] for one in lines(tmp_path / "oil")] == ["*** and ***", "***"]


def test_a_home_that_is_open_twice_is_told_once(tmp_path: Path) -> None:
    first, second = LogFolder(tmp_path, str), LogFolder(tmp_path, str)
    first.begin()
    second.begin()
    log.warning("one")
    first.close()
    log.warning("two")
    second.close()

    assert [one["message"] for one in lines(tmp_path)] == ["one", "two"]


def test_a_folder_that_cannot_be_written_ends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").write_text("a file in its place")
    folder = LogFolder(tmp_path / "logs", str)
    folder.begin()
    log.warning("a secret")
    folder.close()
    told = capsys.readouterr().err

    assert "could not be logged" in told
    assert "test_logs.py" in told
    assert "a secret" not in told
