"""The process of `workbench lab`: JupyterLab as it is, without what takes most of its start and serves nothing.

It tells the browser which notebooks are pages of ours, and what code of theirs ships: those run when they are opened
(jupyter/labextensions/). ``python -m workbench.home.labserver`` takes JupyterLab's own arguments.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Final

from workbench.files import SHIPPED_NOTEBOOKS

# Optional to jsonschema, which checks Jupyter's settings: building the grammar of international addresses takes longer
# than all the rest of the start, and durations bring a library of dates.
UNUSED: Final = ("rfc3987_syntax", "isoduration")
_BETWEEN: Final = "\n\f\n"  # of two cells, as the browser puts them together


def pages(shipped: Path = SHIPPED_NOTEBOOKS) -> dict[str, dict[str, str | int]]:
    """Of every notebook that ships, by its place in a home: its title, its place among them, the hash of its code."""
    found = sorted(shipped.glob("*.ipynb"), key=lambda path: (path.stem != "start", path.stem))
    return {f"notebooks/{path.name}": {**_page(path), "rank": rank} for rank, path in enumerate(found)}


def _page(path: Path) -> dict[str, str]:
    cells = json.loads(path.read_bytes())["cells"]
    texts = {
        kind: ["".join(one["source"]) for one in cells if one["cell_type"] == kind] for kind in ("code", "markdown")
    }
    heading = next((text.splitlines()[0] for text in texts["markdown"] if text.startswith("# ")), path.stem)
    title = heading.removeprefix("# ").partition(":")[0].strip()
    return {"title": title, "code": hashlib.sha256(_BETWEEN.join(texts["code"]).encode()).hexdigest()}


def main() -> int | None:
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    from jupyterlab.labapp import LabApp  # type: ignore[import-untyped]

    class Lab(LabApp):  # type: ignore[misc]
        """JupyterLab, whose page knows our pages."""

        @classmethod
        def get_extension_package(cls) -> str:
            return str(LabApp.get_extension_package())

        @classmethod
        def make_serverapp(cls, **given: Any) -> Any:
            return super().make_serverapp(tornado_settings={"page_config_data": {"workbenchPages": pages()}}, **given)

    answer: int | None = Lab.launch_instance()
    return answer


if __name__ == "__main__":
    sys.exit(main())
