"""benchmarks/upload_check.py measures what it says."""

from __future__ import annotations

from benchmarks.upload_check import run


def test_it_measures() -> None:
    (figure,) = run("small")

    assert [one.values["wall s"] > 0 for one in figure.contenders] == [True, True]
    assert figure.ratios[0].value > 0
