"""benchmarks/audit.py measures what it says."""

from __future__ import annotations

from benchmarks.audit import run


def test_it_measures() -> None:
    (figure,) = run("small")

    assert all(one.values["wall s"] > 0 for one in figure.contenders)
    assert [one.value > 0 for one in figure.ratios] == [True, True]
