"""The process of `workbench lab`: JupyterLab as it is, without what takes most of its start and serves nothing.

``python -m workbench.home.labserver`` takes JupyterLab's own arguments.
"""

from __future__ import annotations

import sys
from typing import Final

# Optional to jsonschema, which checks Jupyter's settings: building the grammar of international addresses takes longer
# than all the rest of the start, and durations bring a library of dates.
UNUSED: Final = ("rfc3987_syntax", "isoduration")


def main() -> int | None:
    for name in UNUSED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    from jupyterlab.labapp import main as lab  # type: ignore[import-untyped]

    answer: int | None = lab()
    return answer


if __name__ == "__main__":
    sys.exit(main())
