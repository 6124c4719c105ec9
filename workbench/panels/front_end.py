"""Whether a person is at the notebook: by evidence of a front end, and without it nobody is.

A Jupyter server tells a kernel that it starts for somebody's session (JPY_SESSION_NAME). VS Code starts kernels itself
and writes the notebook's path into their namespace. papermill, nbconvert, nbclient, nbmake, jupyter-scheduler and our
runner do neither; but what is started from within such a kernel, or from a shell of it, inherits its environment.
"""

from __future__ import annotations

import functools
import os
from typing import Final

import psutil
from IPython.core.getipython import get_ipython

SESSION: Final = "JPY_SESSION_NAME"
STARTED_BY: Final = "JPY_PARENT_PID"  # jupyter_client's, of whichever program starts a kernel
_VS_CODE: Final = "__vsc_ipynb_file__"


def is_by_hand() -> bool:
    """Whether a front end is there; in doubt it is not, and the notebook does what its parameters say."""
    shell = get_ipython()
    if shell is not None and _VS_CODE in shell.user_ns:
        return True
    session = os.environ.get(SESSION)
    return bool(session) and _is_told_by(os.environ.get(STARTED_BY, ""), session)


@functools.lru_cache  # asked while that program lives: a server that ends while cells run makes nobody go away
def _is_told_by(started_by: str, session: str | None) -> bool:
    """Whether the program that started this kernel told it of the session, and did not just hand it on."""
    try:
        return bool(psutil.Process(int(started_by)).environ().get(SESSION) != session)
    except (ValueError, psutil.Error, OSError):
        return False
