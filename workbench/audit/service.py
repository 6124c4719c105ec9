"""Executed notebooks, kept as reports whatever their outcome."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from workbench.audit.execute import Execution, execute, refuse
from workbench.audit.store import begin_execution, end_execution
from workbench.db.clock import now
from workbench.errors import BadInput, WorkbenchError
from workbench.feature import Feature
from workbench.files import SHIPPED_NOTEBOOKS
from workbench.secret import MASK

_NOT_KEPT: Final = "[refused, not kept]"


class Audit(Feature):
    """What a person asks of notebooks."""

    def run(
        self,
        notebook: str | Path,
        params: Mapping[str, object] | None = None,
        *,
        limit: timedelta = timedelta(hours=6),
        on_progress: Callable[[Any], None] = lambda _: None,
        on_begin: Callable[[str], None] = lambda _: None,
        cancel: threading.Event | None = None,
    ) -> Execution:
        """Execute a notebook and keep what came of it in archive/reports/, whatever its outcome.

        `on_begin` is given the execution's id as soon as the ledger has it; setting `cancel` ends it as cancelled.
        """
        path = self._notebook(notebook)
        at = now().astimezone(self.settings.zone)
        execution_id = f"{at:%Y%m%d-%H%M%S}-{path.stem[:17]}-{secrets.token_hex(3)}"
        folder = self.settings.archive / "reports" / f"{at:%Y}" / f"{at:%m}" / f"{at:%d}" / execution_id
        given = dict(params or {})
        kept = partial(
            begin_execution, self.ledger, execution_id, notebook=str(notebook),
            folder=folder.relative_to(self.settings.home).as_posix(),
        )  # fmt: skip
        try:
            refuse(path, given, self._parts.redactor)
        except WorkbenchError as refusal:
            # What was refused is kept by name alone: one of the values may be a secret that nobody here knows.
            kept(params=dict.fromkeys(given, _NOT_KEPT))
            on_begin(execution_id)
            said = self._parts.redactor(_without(refusal.message, given.values()))
            end_execution(self.ledger, execution_id, outcome="refused", error=said, facts={})
            refusal.args = (self._parts.redactor(refusal.message), *refusal.args[1:])
            raise
        kept(params=given)
        on_begin(execution_id)
        outcome, facts = "refused", dict[str, Any]()
        error: str | None = "it did not begin"
        try:
            done = execute(
                path, given, folder=folder, home=self.settings.home, redactor=self._parts.redactor, limit=limit,
                env=self._notebook_env(), on_progress=on_progress, cancel=cancel,
            )  # fmt: skip
            outcome, error = str(done.outcome), done.error_value
            facts = {"cells_run": done.cells_run, "cells_total": done.cells_total}
        except WorkbenchError as refusal:
            error = self._parts.redactor(refusal.message)
            raise
        finally:
            end_execution(self.ledger, execution_id, outcome=outcome, error=error, facts=facts)
        return done

    def check(self, notebook: str | Path, params: Mapping[str, object]) -> tuple[str, ...]:
        """Raise BadInput for what `run` would refuse; otherwise the names that the notebook declares."""
        schema = refuse(self._notebook(notebook), params, self._parts.redactor)
        return tuple(one.name for one in schema.parameters)

    def _notebook(self, notebook: str | Path) -> Path:
        """A path, or the name of a notebook that ships with Workbench."""
        path = Path(notebook)
        shipped = SHIPPED_NOTEBOOKS / f"{path.stem}.ipynb"
        found = next((one for one in (path, self.home / path, shipped) if one.is_file()), None)
        if found is None:
            raise BadInput(f"there is no notebook {notebook}; give the path of an .ipynb file, or for example: runs")
        return found.resolve()

    def _notebook_env(self) -> dict[str, str]:
        return {**os.environ, "WORKBENCH_HOME": str(self.settings.home), "WORKBENCH_MODE": self.settings.mode}


def _without(text: str, values: Iterable[object]) -> str:
    """`text` without any of the values that it may quote, plain or as Python spells them."""
    spelt = {form for one in values for form in (str(one), repr(one)[1:-1], json.dumps(str(one))[1:-1]) if form}
    for form in sorted(spelt, key=len, reverse=True):
        text = text.replace(form, MASK) if len(form) > 2 else text  # noqa: PLR2004 - shorter, it is no secret
    return text
