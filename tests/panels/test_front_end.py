"""panels/front_end.py: a person is there where a front end says so, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.panels.conftest import at_the_page, nobody_there
from workbench.panels.front_end import is_by_hand


def test_a_session_that_a_server_told_of(monkeypatch):
    nobody_there(monkeypatch)
    assert not is_by_hand()
    at_the_page(monkeypatch)
    assert is_by_hand()


@pytest.mark.parametrize("started_by", ["", "0", "none", "4194305", "999999999999999999999"])
def test_in_doubt_nobody_is_there(monkeypatch, started_by):
    at_the_page(monkeypatch)
    monkeypatch.setenv("JPY_PARENT_PID", started_by)

    assert not is_by_hand()


def test_a_session_that_was_only_inherited_is_none(monkeypatch):
    """Papermill from a shell or a cell of JupyterLab: what starts the kernel has the variable from its own parent."""
    at_the_page(monkeypatch)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=dict(os.environ))
    monkeypatch.setenv("JPY_PARENT_PID", str(child.pid))
    try:
        assert not is_by_hand()
    finally:
        child.communicate(b"\n")


def test_vs_code_names_the_notebook_in_the_namespace(monkeypatch):
    nobody_there(monkeypatch)
    shell = InteractiveShell.instance()
    try:
        shell.run_cell('__vsc_ipynb_file__ = "/somewhere/runs.ipynb"')
        assert is_by_hand()
    finally:
        InteractiveShell.clear_instance()
