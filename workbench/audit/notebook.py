"""The notebook as plain JSON: loading, saving, and the marks that say how it ended.

Nothing heavy is imported: `nbformat` takes over a second to load, and the command line reads notebooks too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from workbench.errors import BadInput

Notebook = dict[str, Any]
Cell = dict[str, Any]

FORMAT: Final = 4
SKIP_TAG: Final = "skip-execution"
_TITLE: Final = 80


class Outcome(StrEnum):
    """How an execution ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  # a cell raised
    EXITED = "exited"  # a cell called sys.exit or exit before the last cell
    KERNEL_DIED = "kernel_died"  # also what the out-of-memory killer leaves
    TIMED_OUT = "timed_out"  # the limit of the whole execution, or of a cell
    CANCELLED = "cancelled"
    CRASHED = "crashed"  # the runner itself was killed
    KILLED = "killed"  # whoever gave the order was killed; closed by the next process that looked


class CellState(StrEnum):
    """What became of a cell, in ``metadata.papermill.status``; the one that ended it has the outcome."""

    NOT_RUN = "not_run"
    RUNNING = "running"
    COMPLETED = "completed"  # the kernel answered
    SKIPPED = "skipped"  # nothing to run: text, empty, or tagged so


def load(data: bytes, name: str) -> Notebook:
    """Read a Python notebook, its texts joined; `name` is for the message."""
    try:
        nb = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name} is not a notebook: {error}.") from error
    if not isinstance(nb, dict) or nb.get("nbformat") != FORMAT or not isinstance(nb.get("cells"), list):
        raise BadInput(f"{name} is not a notebook of format {FORMAT}; open it in JupyterLab and save it.")
    metadata = nb.setdefault("metadata", {})
    if _language(metadata) != "python":
        raise BadInput(f"{name} is written in {_language(metadata)}; only Python notebooks are executed.")
    for number, cell in enumerate(nb["cells"], 1):
        if not _is_cell(cell):
            raise BadInput(f"{name} is damaged: cell {number} has no type, no source or no metadata.")
    for holder, key in _texts(nb):
        if isinstance(holder[key], list):
            holder[key] = "".join(holder[key])
    return nb


def _language(metadata: dict[str, Any]) -> str:
    spec = metadata.get("kernelspec") or {}
    return str((metadata.get("language_info") or {}).get("name") or spec.get("language") or "python").lower()


def _is_cell(cell: object) -> bool:
    return (
        isinstance(cell, dict)
        and isinstance(cell.get("cell_type"), str)
        and isinstance(cell.get("source"), str | list)
        and isinstance(cell.setdefault("metadata", {}), dict)
    )


def dump(nb: Notebook) -> bytes:
    """The bytes of an ``.ipynb``: long texts as lists of lines, as every other tool writes them."""
    copy = _copied(nb)
    for holder, key in _texts(copy):
        if isinstance(holder[key], str):
            holder[key] = holder[key].splitlines(keepends=True)
    text = json.dumps(copy, indent=1, ensure_ascii=False, sort_keys=True)
    # A lone surrogate (a kernel may print one) becomes its JSON escape instead of an error.
    return (text + "\n").encode("utf-8", "backslashreplace")


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _texts(nb: Notebook) -> Iterator[tuple[dict[str, Any], str]]:
    """Every place that the format allows to be a text or a list of lines."""
    for cell in nb["cells"]:
        yield cell, "source"
        for output in cell.get("outputs", ()):
            if "text" in output:
                yield output, "text"
            for mime in output.get("data", ()):
                if not _is_json(mime):
                    yield output["data"], mime


def _is_json(mime: str) -> bool:
    return mime == "application/json" or mime.endswith("+json")


def tags(cell: Cell) -> list[str]:
    found = cell["metadata"].get("tags", [])
    return found if isinstance(found, list) else []


def is_runnable(cell: Cell) -> bool:
    return cell["cell_type"] == "code" and bool(cell["source"].strip()) and SKIP_TAG not in tags(cell)


def runnable(nb: Notebook) -> list[Cell]:
    return [cell for cell in nb["cells"] if is_runnable(cell)]


def titles(cells: list[Cell]) -> list[str]:
    """What each cell that runs is about: the heading above it, otherwise its first line."""
    found, heading = [], ""
    for cell in cells:
        lines = [line.strip() for line in cell["source"].splitlines() if line.strip()]
        if cell["cell_type"] == "markdown":
            heading = next((line.lstrip("# ") for line in lines if line.startswith("#")), heading)
        elif is_runnable(cell):
            found.append((heading or lines[0])[:_TITLE])
    return found


def state(cell: Cell) -> str:
    return str(cell["metadata"].get("papermill", {}).get("status") or CellState.NOT_RUN)


def cells_run(nb: Notebook) -> int:
    """How many cells were handed to the kernel, whatever came back."""
    return sum(state(cell) not in {CellState.NOT_RUN, CellState.SKIPPED} for cell in runnable(nb))


def mark_unrun(nb: Notebook) -> None:
    """Start honest, without a trace of earlier executions: also an unfinished file says what did not run."""
    nb["metadata"].pop("widgets", None)
    nb["metadata"]["workbench"] = {}
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        mark = CellState.NOT_RUN if is_runnable(cell) else CellState.SKIPPED
        cell["metadata"].setdefault("papermill", {})["status"] = mark


def ending(nb: Notebook) -> dict[str, Any]:
    """What the runner noted about the ending; empty when it did not come that far."""
    noted = nb["metadata"].get("workbench", {})
    return noted if noted.get("outcome") in set(Outcome) else {}


def mark_ending(nb: Notebook, outcome: Outcome, error_name: str | None, error_value: str | None) -> None:
    """Write into the file how it ended: at the cell that was running, and for the whole."""
    failed = next((n for n, cell in enumerate(nb["cells"]) if state(cell) == CellState.RUNNING), None)
    if failed is not None:
        cell = nb["cells"][failed]
        cell["metadata"]["papermill"].update(status=outcome, exception=True)
        # What the cell raised is there already; a killed kernel or runner left nothing to read.
        if error_name not in [output.get("ename") for output in cell["outputs"]]:
            cell["outputs"].append(_error_output(error_name, error_value))
    nb["metadata"].setdefault("papermill", {})["exception"] = outcome is not Outcome.SUCCEEDED
    nb["metadata"].setdefault("workbench", {}).update(
        outcome=outcome, error_name=error_name, error_value=error_value, failed_cell=failed
    )


def _error_output(name: str | None, value: str | None) -> dict[str, Any]:
    line = f"{name}: {value}"
    return {"output_type": "error", "ename": name or "", "evalue": value or "", "traceback": [line]}
