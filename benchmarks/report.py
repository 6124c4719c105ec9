"""A notebook executed, reported and sealed, beside papermill and nbconvert on the same notebook."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from benchmarks.measured import Cost, in_turns
from benchmarks.results import Contender, Figure, Ratio

TABLE = (
    "import pandas as pd\npd.set_option('display.max_rows', None)\n"
    "frame = pd.DataFrame({'creator': [f'creator {n % 7}' for n in range(2000)], 'likes': range(2000)})\n"
    "frame.head(ROWS)"
)
CHART = "import matplotlib.pyplot as plt\nplt.plot(frame.groupby('creator').likes.sum())\nplt.show()"
WORDS = "for n in range(LINES):\n    print(f'{n}: {frame.likes[n % 2000]} likes of {frame.creator[n % 2000]}')"
PEERS = """
import sys, papermill
papermill.execute_notebook(sys.argv[1], sys.argv[2], progress_bar=False, parameters={'day': '2026-11-01'})
from nbconvert import HTMLExporter
open(sys.argv[3], 'w').write(HTMLExporter(embed_images=True).from_filename(sys.argv[2])[0])
"""
OURS = """
import sys, workbench
with workbench.open_workbench() as wb:
    done = wb.audit.run(sys.argv[1], {'day': '2026-11-01'})
assert str(done.outcome) == 'succeeded', done.error_value
"""
MARKUP = """
import json, sys
from workbench.audit import report
pages = json.load(open(sys.argv[1]))
for page in pages:
    report._clean(page)
"""
THEIRS = """
import json, sys
import bleach
from bleach.css_sanitizer import CSSSanitizer
from workbench.audit import report
allowed = {'*': report.ATTRIBUTES.split(), 'a': ['href'], 'img': ['src']}
css = CSSSanitizer(allowed_css_properties=report.PROPERTIES.split(), allowed_svg_properties=[])
for page in json.load(open(sys.argv[1])):
    bleach.clean(page, tags=set(report.TAGS.split()), attributes=allowed, css_sanitizer=css, strip=True)
"""


def run(size: str) -> Iterator[Figure]:
    rounds = 1 if size == "small" else 3
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        notebook = _notebook(home / "daily.ipynb", rows=20 if size == "small" else 500)
        env = {**os.environ, "WORKBENCH_HOME": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        python = sys.executable
        subprocess.run([python, "-m", "workbench.cli", "status"], env=env, check=True, capture_output=True)
        papers = [str(notebook), str(home / "out.ipynb"), str(home / "out.html")]
        found = in_turns(
            {
                "Workbench: execute, redact, report, seal": [python, "-c", OURS, str(notebook)],
                "papermill, then nbconvert to HTML": [python, "-c", PEERS, *papers],
            },
            rounds,
            env,
        )
        yield _figure(found)
        yield _sanitizers(home, rounds, size)


def _notebook(path: Path, rows: int) -> Path:
    """A day's report as people write them: a table, a chart, and lines."""
    day = new_code_cell("day: str = '2026-01-01'", metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell("# Daily"), day]
    for n in range(6):
        cells += [
            new_markdown_cell(f"## Part {n}\n\nSome *words*."),
            new_code_cell(TABLE.replace("ROWS", str(rows))),
            new_code_cell(CHART),
            new_code_cell(WORDS.replace("LINES", str(rows))),
        ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path


def _figure(found: dict[str, Cost]) -> Figure:
    ours, theirs = found.values()
    return Figure(
        name="report",
        title="A notebook executed and reported",
        contenders=tuple(Contender(name, cost.values()) for name, cost in found.items()),
        ratios=(
            Ratio("wall time ÷ that of papermill and nbconvert", ours.wall / theirs.wall, 1.3),
            Ratio("CPU time ÷ that of papermill and nbconvert", ours.cpu / theirs.cpu),
        ),
        drawn="wall s",
        words=(
            "Whole processes, kernels included. The notebook has six tables of 500 rows, six charts and 3,000 lines. "
            "Workbench also checks parameters, writes the ledger, takes secrets out of every text and picture, "
            "sanitises what cells show, and seals; papermill and nbconvert share one process."
        ),
    )


def _sanitizers(home: Path, rounds: int, size: str) -> Figure:
    rows = 20 if size == "small" else 500
    row = "<tr><th>{n}</th><td style='text-align: right'>{n}</td><td>a name &amp; more</td></tr>"
    page = "<table>" + "".join(row.format(n=n) for n in range(rows)) + "</table>"
    (home / "pages.json").write_text(json.dumps([page] * 20))
    command = [sys.executable, "-c"]
    found = in_turns(
        {
            "nh3, as reports use it": [*command, MARKUP, str(home / "pages.json")],
            "bleach with the same lists": [*command, THEIRS, str(home / "pages.json")],
        },
        rounds,
    )
    ours, theirs = found.values()
    return Figure(
        name="sanitizer",
        title="HTML of cells sanitised",
        contenders=tuple(Contender(name, cost.values()) for name, cost in found.items()),
        ratios=(Ratio("CPU time ÷ that of bleach", ours.cpu / theirs.cpu),),
        drawn="CPU s",
        words=f"Twenty tables of {rows} rows, imports included on both sides.",
    )
