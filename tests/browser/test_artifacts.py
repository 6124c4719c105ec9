"""browser/artifacts.py: how long evidence is kept, and what is never swept."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from workbench.browser.artifacts import Evidence

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def evidence(tmp_path):
    return Evidence(tmp_path / "evidence")


@pytest.fixture
def keep(evidence, tmp_path):
    def kept(*, days_ago, size=10, is_trouble=True, what="timeout"):
        at = NOW - timedelta(days=days_ago)
        found = evidence.keep(
            what, 7, page={}, picture=b"x" * size, story="because" if is_trouble else "", now=at
        )  # fmt: skip
        folder = tmp_path / found.folder
        for path in (*folder.iterdir(), folder):
            os.utime(path, (at.timestamp(), at.timestamp()))
        return found

    return kept


def test_a_folder_says_when_who_and_what(keep):
    found = keep(days_ago=0, what="rate limit/../x")

    assert found.folder.startswith("evidence/2026-11-21/120000-7-rate limit_.._x-")
    assert found.shown == f"{found.folder}/screen.png"


def test_trouble_goes_after_its_days_and_successes_after_three_times_as_many(evidence, keep):
    old, new = keep(days_ago=31), keep(days_ago=29)
    success, old_success = keep(days_ago=89, is_trouble=False), keep(days_ago=91, is_trouble=False)
    gone = evidence.sweep(days=30, megabytes=100, keep=(), now=NOW)

    assert set(gone) == {old.folder, old_success.folder}
    assert evidence.sweep(days=30, megabytes=100, keep=(), now=NOW) == []
    assert (evidence._data / new.folder).exists()
    assert (evidence._data / success.folder).exists()
    assert not (evidence._data / old.folder).parent.exists()


def test_beyond_the_room_the_oldest_goes(evidence, keep):
    first, second, third = (keep(days_ago=days, size=600_000) for days in (3, 2, 1))

    assert evidence.sweep(days=30, megabytes=1, keep=(), now=NOW) == [first.folder, second.folder]
    assert (evidence._data / third.folder).exists()


@pytest.mark.parametrize("named", ["folder", "picture"])
def test_what_is_in_review_stays(evidence, keep, named):
    old = keep(days_ago=400, size=2_000_000)

    assert evidence.sweep(days=30, megabytes=1, keep={getattr(old, named)}, now=NOW) == []


def test_a_dry_sweep_removes_nothing(evidence, keep):
    old = keep(days_ago=31)

    assert evidence.sweep(days=30, megabytes=100, keep=(), now=NOW, dry=True) == [old.folder]
    assert (evidence._data / old.folder).exists()


def test_what_is_not_ours_is_left_alone(evidence, keep, tmp_path):
    keep(days_ago=0)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("")
    day = evidence._folder / "2020-01-01"
    day.mkdir()
    (day / "000000-1-x-abcdef").symlink_to(elsewhere)

    assert evidence.sweep(days=30, megabytes=1, keep=(), now=NOW) == []
    assert (elsewhere / "precious").exists()


def test_nothing_to_sweep(evidence):
    assert evidence.sweep(days=30, megabytes=1, keep=(), now=NOW) == []
