"""benchmarks/results.py and page.py: what was measured comes back as it was, and the page shows what is kept."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import page
from benchmarks.results import FOLDER, Contender, Figure, Ratio, keep, kept, number

FIGURE = Figure(
    name="some-figure",
    title="Some <figure>",
    contenders=(
        Contender("Workbench", {"wall s": 1.234, "peak MB": 250.0}),
        Contender("a | bare one", {"wall s": 12.34}, note="the first 10 rows"),
    ),
    ratios=(Ratio("ours ÷ bare", 0.1, 1.5), Ratio("bare ÷ ours", 2, 3, is_at_most=False), Ratio("told", 7)),
    drawn="wall s",
    words="What it is.",
    machine={"measured": "today", "cores": 2, "load": 0.5, "python": "3.11", "system": "Linux"},
)


def test_what_is_kept_comes_back(tmp_path):
    keep(FIGURE, tmp_path)

    assert kept(tmp_path) == [FIGURE]


def test_an_aim_that_is_not_met_is_said():
    assert [ratio.words() for ratio in FIGURE.ratios] == [
        "ours ÷ bare: 0.10 (aim: at most 1.5)",
        "bare ÷ ours: 2.00 (aim: at least 3), NOT MET",
        "told: 7.00",
    ]


@pytest.mark.parametrize(("value", "text"), [(1234.5, "1,234"), (12.34, "12.3"), (0.129, "0.13"), (None, "–")])
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


def test_the_page_keeps_what_people_wrote(tmp_path):
    keep(FIGURE, tmp_path / "results")
    (tmp_path / "benchmarks.md").write_text(f"# Before\n\n{page._BEGIN}\nold\n{page._END}\n\nafter\n")

    for _ in range(2):
        page.draw(tmp_path / "results", tmp_path)

    text = (tmp_path / "benchmarks.md").read_text()
    assert text.startswith("# Before\n")
    assert text.endswith("\n\nafter\n")
    assert text.count("## Some <figure>") == 1
    assert "\nold\n" not in text
    assert "| a \\| bare one | 12.3 | – | the first 10 rows |" in text


def test_the_chart_is_a_picture_with_a_bar_for_each():
    drawn = ET.fromstring(page.chart(FIGURE))

    assert len(drawn.findall("{http://www.w3.org/2000/svg}rect")) == 1 + len(FIGURE.contenders)


def test_the_page_is_the_one_drawn_from_the_kept_results(tmp_path):
    """Nobody edits numbers by hand, and no result is left undrawn."""
    text = (page.DOCS / "benchmarks.md").read_text()
    (tmp_path / "benchmarks.md").write_text(text)
    page.draw(FOLDER, tmp_path)

    assert (tmp_path / "benchmarks.md").read_text() == text
    for image in (tmp_path / "images").iterdir():
        assert (page.DOCS / "images" / image.name).read_text() == image.read_text(), image.name
    assert Path(FOLDER / "ingest.json").exists()
