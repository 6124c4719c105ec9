"""A downloaded snapshot → raw, Parquet and rejects: beside the least that any tool must do, and beside other tools.

Everybody starts from the same file on the same disk, in turns, each in a process of its own. A peer that would take
minutes gets the first rows of the file and is compared by the row.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import rows
from benchmarks.measured import PEERS, Cost, in_turns
from benchmarks.results import Contender, Figure, Ratio

_ROWS = {"small": 4_000, "usual": 400_000, "full": 400_000}
_TIMES_LARGE = 4  # the body of 1.4 GB, so often in one file
_BYTES_A_ROW = 3_600
_PARTS = {"pandas": 0.1, "pandas_unaided": 0.1, "dlt": 0.1, "dlt_unaided": 0.1}  # of the rows
_AIMS = {"polars_unaided": 3, "pandas_unaided": 20, "dlt_unaided": 40}
_NAMES = {
    "ours": "Workbench: sha256, zstd, count, rejects, tables",
    "bare_copy": "bare DuckDB COPY, one thread",
    "bare_copy_cores": "bare DuckDB COPY, all cores",
    "bare_copy_array": "bare DuckDB COPY of the array",
    "bare_custody": "bare sha256 + zstd",
    "polars": "polars, schema and columns by hand",
    "polars_unaided": "polars, scan_ndjson → sink_parquet",
    "pandas": "pandas in chunks, columns by hand",
    "pandas_unaided": "pandas in chunks, read_json → to_parquet",
    "dlt": "dlt, columns by hand",
    "dlt_unaided": "dlt, rows as they come",
}
_WORDS = """Bytes of a snapshot of Instagram-like posts, 3.5 KB a row, every fiftieth an error or a warning. Workbench
keeps them (sha256, zstd, lines counted), makes the posts table with its columns, and the rejects, and counts rows
and rejects against lines; a body of this size is read in pieces, two at once. The bare COPY makes a table with the same
values and nothing else; a test compares the two. The peers make Parquet of the same file, without custody, count or
rejects: with our columns by hand, and as their manuals begin, which is what the aims are about."""


def run(size: str) -> Iterator[Figure]:
    count = _ROWS[size]
    with tempfile.TemporaryDirectory() as folder:
        _check_room(Path(folder), count, size)
        body = Path(folder) / "body.ndjson"
        rows.write(body, count)
        yield _lines(body, count, size)
        array = Path(folder) / "body.json"
        rows.as_array(body, array)
        yield _array(array, count)
        array.unlink()
        if size == "full":
            large = Path(folder) / "large.ndjson"
            rows.repeated(body, large, _TIMES_LARGE)
            yield _large(large, count * _TIMES_LARGE)


def _lines(body: Path, count: int, size: str) -> Figure:
    few = max(count // 10, 1)
    found = in_turns(_bare(body, "ours", "bare_copy", "bare_copy_cores", "bare_custody"), 1 if size == "small" else 2)
    taken = {name: few if name in _PARTS else count for name in _NAMES}
    if PEERS.exists():
        found |= in_turns(
            {
                name: [str(PEERS), "-m", "benchmarks.peers", name, str(body), str(taken[name])]
                for name in ("polars", "polars_unaided", *_PARTS)
            },
            1,
        )
    ours = found["ours"]
    return Figure(
        name="ingest",
        title=f"Ingest: {count:,} rows, {body.stat().st_size / 1e6:,.0f} MB of NDJSON",
        contenders=tuple(_contender(name, cost, taken[name], count) for name, cost in found.items()),
        ratios=(
            *_beside_bare(found, "bare_copy"),
            *(
                _beside_peer(name, getattr(cost, of) / taken[name] / (getattr(ours, of) / count), of)
                for name, cost in found.items()
                if name.startswith(("polars", "pandas", "dlt"))
                for of in ("wall", "cpu")
            ),
            Ratio("peak memory of Workbench, MB", ours.peak_mb, 600),
        ),
        drawn="CPU µs a row",
        words=" ".join(_WORDS.split()),
    )


def _array(array: Path, count: int) -> Figure:
    found = in_turns(_bare(array, "ours", "bare_copy_array", "bare_custody"), 1)
    return Figure(
        name="ingest-array",
        title=f"Ingest: the same {count:,} rows as one JSON array",
        contenders=tuple(_contender(name, cost, count, count) for name, cost in found.items()),
        ratios=(
            *_beside_bare(found, "bare_copy_array", has_aim=False),
            Ratio("peak memory of Workbench, MB", found["ours"].peak_mb, 400),
        ),
        drawn="CPU µs a row",
        words="As `workbench import` takes it: the array is kept as it came, and its rows are written out as lines.",
    )


def _large(large: Path, count: int) -> Figure:
    found = in_turns(_bare(large, "ours", "bare_copy", "bare_custody"), 1)
    return Figure(
        name="ingest-large",
        title=f"Ingest: {count:,} rows, {large.stat().st_size / 1e9:,.1f} GB of NDJSON",
        contenders=tuple(_contender(name, cost, count, count) for name, cost in found.items()),
        ratios=(
            *_beside_bare(found, "bare_copy"),
            Ratio("peak memory of Workbench, MB", found["ours"].peak_mb, 600),
        ),
        drawn="CPU µs a row",
        words="Measured once, not in turns: what counts is that memory does not grow with the file.",
    )


def _bare(body: Path, *names: str) -> dict[str, list[str]]:
    return {name: [sys.executable, "-m", "benchmarks.contenders", name, str(body)] for name in names}


def _contender(name: str, cost: Cost, taken: int, count: int) -> Contender:
    return Contender(_NAMES[name], cost.values(taken), note="" if taken == count else f"the first {taken:,} rows")


def _beside_bare(found: dict[str, Cost], copy: str, *, has_aim: bool = True) -> Iterator[Ratio]:
    ours, custody = found["ours"], found["bare_custody"]
    aim = 1.5 if has_aim else None
    yield Ratio("CPU time ÷ both bare passes", ours.cpu / (found[copy].cpu + custody.cpu), aim)
    yield Ratio("wall time ÷ both bare passes, one after the other", ours.wall / (found[copy].wall + custody.wall), aim)
    if cores := found.get(f"{copy}_cores"):
        yield Ratio("the same with all cores for the bare COPY", ours.wall / (cores.wall + custody.wall))


def _beside_peer(name: str, times: float, of: str) -> Ratio:
    what = {"wall": "wall time", "cpu": "CPU time"}[of]
    aim = _AIMS.get(name) if of == "wall" else None
    return Ratio(f"{_NAMES[name]}: {what} a row ÷ ours", times, aim, is_at_most=False)


def _check_room(folder: Path, count: int, size: str) -> None:
    bodies = 3 + (2 * _TIMES_LARGE if size == "full" else 0)
    needed, free = count * _BYTES_A_ROW * bodies, shutil.disk_usage(folder).free
    if free < needed:
        raise SystemExit(
            f"ingest needs {needed / 1e9:.0f} GB in {folder.parent}, which has {free / 1e9:.0f} GB free. Make room, or "
            "name another folder with TMPDIR."
        )
