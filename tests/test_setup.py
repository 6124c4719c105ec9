"""bootstrap.py, the locks and the files around them: what a clean clone on another machine relies on."""

import ast
import os
import re
import subprocess
import sys
import tempfile
import threading
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import bootstrap

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


# --- the locks


def pins(lock):
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text(), re.MULTILINE))


def asked_for():
    """Of everybody; who wants notebook jobs installs them beside the lock."""
    project = PYPROJECT["project"]
    extras = [lines for name, lines in project["optional-dependencies"].items() if name != "jobs"]
    return [*project["dependencies"], *(line for extra in extras for line in extra)]


@pytest.mark.parametrize("line", asked_for())
def test_every_direct_dependency_is_pinned_to_a_version_it_allows(line):
    wanted = Requirement(line)

    pinned = pins(bootstrap.LOCK).get(canonicalize_name(wanted.name))

    assert pinned, f"{wanted.name} is not in requirements.lock: python3 bootstrap.py lock"
    assert wanted.specifier.contains(pinned, prereleases=True)


@pytest.mark.parametrize("lock", [bootstrap.LOCK, bootstrap.PEERS_LOCK], ids=lambda lock: lock.name)
def test_a_lock_is_hashed_and_names_no_address(lock):
    text = lock.read_text()

    assert "://" not in text
    assert not [name for name, rest in re.findall(r"^([\w.-]+)==(.*\n.*)", text, re.MULTILINE) if "sha256" not in rest]


def test_benchmarks_compare_with_the_same_duckdb():
    assert pins(bootstrap.PEERS_LOCK)["duckdb"] == pins(bootstrap.LOCK)["duckdb"]


# --- what is in git

# Words, not hosts: a list of hosts here would be the first thing this finds.
REGISTRY = re.compile(r"://[\w.-]*(?:pypi|pythonhosted|npmjs|conda|crates|debian\.org|ubuntu\.com)[\w.-]*")


def texts():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            yield name, (ROOT / name).read_text(errors="replace")


def test_no_file_names_a_registry_host():
    assert [(name, hit.group()) for name, text in texts() for hit in REGISTRY.finditer(text)] == []


def test_no_file_names_a_path_of_this_machine():
    """A test may speak of the temporary folder or of /home, so those are no sign of a machine."""
    ordinary = {Path("/"), Path("/home"), Path("/srv"), Path("/opt"), Path(tempfile.gettempdir())}
    ours = {ROOT, Path.home(), *({ROOT.parent} - ordinary)}
    path = re.compile("|".join(rf"(?<![\w.}}]){re.escape(str(folder))}/" for folder in ours))

    assert [(name, hit.group()) for name, text in texts() for hit in path.finditer(text)] == []


# --- one set of words


def test_make_has_the_words_of_bootstrap():
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE).group(1).split()

    assert set(declared) - {"help"} == set(bootstrap.WORDS)


@pytest.mark.parametrize("word", bootstrap.WORDS)
def test_help_explains_every_word(word):
    assert f"python3 bootstrap.py {word} " in bootstrap.__doc__


def test_ci_runs_the_test_command_of_the_readme():
    command = "python3 bootstrap.py test"
    readme, ci = ROOT / "README.md", ROOT / ".ci" / "run"

    assert readme.exists(), "README.md is missing"
    assert command in readme.read_text(), f"README.md does not say `{command}`"
    assert f"exec {command}\n" in ci.read_text()
    assert os.access(ci, os.X_OK)


def bootstrap_says(*words):
    return subprocess.run([sys.executable, ROOT / "bootstrap.py", *words], capture_output=True, text=True)


def test_without_a_word_it_prints_help():
    said = bootstrap_says()

    assert (said.returncode, said.stdout.strip()) == (0, bootstrap.__doc__.strip())


def test_an_unknown_word_is_refused_with_the_known_ones():
    said = bootstrap_says("install")

    assert said.returncode == 2
    assert "setup, demo, lab" in said.stderr


# --- what it refuses, and the cure it names


def test_python_3_10_is_refused():
    with pytest.raises(bootstrap.Refused, match=r"Python 3\.11 or newer is needed; .* is Python 3\.10\.") as refusal:
        bootstrap.check_python((3, 10, 13), "posix")

    assert re.search(r"python3\.1\d bootstrap\.py setup|Install a newer one", str(refusal.value))


def test_windows_is_sent_to_wsl():
    with pytest.raises(bootstrap.Refused, match="WSL"):
        bootstrap.check_python((3, 12, 0), "nt")


def test_an_old_python_can_read_far_enough_to_be_told():
    """Otherwise its answer would be a SyntaxError instead of the sentence above."""
    ast.parse((ROOT / "bootstrap.py").read_text(), feature_version=(3, 6))


def test_a_python_without_venv_is_told_the_package():
    with pytest.raises(bootstrap.Refused, match=r"apt install python3\.\d+-venv"):
        bootstrap.check_venv_module(lambda name: None)


def test_a_full_disk_is_refused_before_anything_is_made():
    with pytest.raises(bootstrap.Refused, match="287 MB free"):
        bootstrap.check_disk(287)


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("error: failed to write: (os error 28)", "disk is full"),
        ("Temporary failure in name resolution", "registry cannot be reached"),
        ("error: Failed to fetch\n  dns error: failed to lookup", "registry cannot be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that requirements.lock names"),
        ("error: Hash mismatch for `x==1`", "not the one that requirements.lock names"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED]", "PIP_CERT"),
        ("[Errno 13] Permission denied: 'x'", "cannot be written"),
        ("something new", "Delete .venv"),
    ],
)
def test_a_failed_installer_is_explained(said, cure):
    explained = bootstrap.explained(said)

    assert cure in explained.splitlines()[0]
    assert said.splitlines()[-1] in explained


def test_warnings_about_ignored_locations_are_not_shown():
    noisy = "import sys; print(\"WARNING: Location 'file:///x' is ignored: not there\"); sys.exit('the reason')"

    with pytest.raises(bootstrap.Failed, match=r"\Athe reason\Z"):
        bootstrap.run([sys.executable, "-c", noisy])


# --- the stamp and the lock


@pytest.fixture
def environment(tmp_path):
    """A finished environment and what it was made from."""
    venv, source = tmp_path / ".venv", tmp_path / "requirements.lock"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").touch()
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    source.write_text("a==1\n")
    bootstrap.write_stamp(venv, bootstrap.stamp_of(venv, [source]))
    return venv, source


def test_a_finished_environment_is_not_made_again(environment):
    venv, source = environment

    assert bootstrap.is_ready(venv, [source])


def test_another_lock_makes_it_again(environment):
    venv, source = environment
    source.write_text("a==2\n")

    assert not bootstrap.is_ready(venv, [source])


def test_a_copied_folder_makes_it_again(environment, tmp_path):
    """Scripts inside carry the old place in their first line."""
    venv, source = environment
    copied = venv.rename(tmp_path / ".venv-copied")

    assert not bootstrap.is_ready(copied, [source])


def test_another_python_makes_it_again(environment):
    venv, source = environment
    (venv / "pyvenv.cfg").write_text("version_info = 3.12.1\n")

    assert not bootstrap.is_ready(venv, [source])


def test_a_python_that_went_away_makes_it_again(environment):
    venv, source = environment
    (venv / "bin" / "python").unlink()

    assert not bootstrap.is_ready(venv, [source])


def test_two_setups_wait_for_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    order = []

    def second():
        with bootstrap.alone():
            order.append("second")

    waiting = threading.Thread(target=second)
    with bootstrap.alone():
        waiting.start()
        waiting.join(0.2)
        order.append("first")
    waiting.join()

    assert order == ["first", "second"]


# --- bytecode


def test_what_is_not_compiled_ahead_is_imported_by_nothing_of_ours():
    """Command line, worker, notebook, lab and tests; in one process, because only the names of files are asked for."""
    ours = [
        "workbench.workbench", "workbench.lake.catalog", "workbench.lake.show", "workbench.browser.account_page",
        "workbench.brightdata.client", "workbench.deliveries.receiver", "workbench.audit.report", "alembic.command",
        "ipykernel.kernelapp", "ipywidgets", "anywidget", "pandas", "matplotlib.pyplot",
        "matplotlib_inline.backend_inline", "jupyterlab.labapp", "papermill", "nbconvert", "playwright.sync_api",
        "PIL.Image", "av", "pytest", "xdist", "hypothesis",
    ]  # fmt: skip
    show = f"import sys, {', '.join(ours)}\nfor one in list(sys.modules.values()): print(getattr(one, '__file__', ''))"
    said = subprocess.run([sys.executable, "-W", "ignore", "-c", show], capture_output=True, text=True, cwd=ROOT)

    files = said.stdout.split("\n")
    assert said.returncode == 0, said.stderr
    assert len(files) > 1000
    assert [file for file in files if bootstrap.NOT_IMPORTED.search(file)] == []


@pytest.fixture
def packages(environment, tmp_path, monkeypatch):
    """An environment with this Python, a package of three files, and a `workbench/` of one."""
    venv, _ = environment
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to(os.path.realpath(sys.executable))
    (venv / "pyvenv.cfg").write_text(f"home = {sys.base_prefix}/bin\nversion = 3.11.7\n")
    site = venv / "lib" / "python3.11" / "site-packages"
    for file in (site / "one" / "code.py", site / "one" / "tests" / "test_code.py", site / "pip" / "code.py"):
        file.parent.mkdir(parents=True)
        file.write_text("x = 1\n")
    (tmp_path / "workbench").mkdir()
    (tmp_path / "workbench" / "ours.py").write_text("x = 1\n")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return venv


def compiled_below(folder):
    return {Path(cached).name.split(".")[0] for cached in folder.rglob("*.pyc")}


def test_bytecode_is_written_ahead_beside_what_is_done_meanwhile(packages, tmp_path):
    with bootstrap.compiled(packages):
        assert not bootstrap.read_stamp(packages).get("is_compiled")

    assert compiled_below(packages) == {"code"}
    assert not (packages / "lib/python3.11/site-packages/pip/__pycache__").exists()
    assert compiled_below(tmp_path / "workbench") == {"ours"}
    assert bootstrap.read_stamp(packages)["is_compiled"]


def test_later_words_compile_what_was_edited_since(packages, tmp_path):
    with bootstrap.compiled(packages):
        pass
    (tmp_path / "workbench" / "new.py").write_text("x = 2\n")
    (packages / "lib/python3.11/site-packages/one/late.py").write_text("x = 2\n")
    with bootstrap.compiled(packages):
        pass

    assert compiled_below(tmp_path / "workbench") == {"ours", "new"}
    assert compiled_below(packages) == {"code"}


def test_what_cannot_be_compiled_is_told_and_tried_again(packages, capsys):
    (packages / "lib/python3.11/site-packages/one/broken.py").write_text("x =\n")
    with bootstrap.compiled(packages):
        pass

    assert "broken.py" in capsys.readouterr().out
    assert compiled_below(packages) == {"code"}
    assert not bootstrap.read_stamp(packages).get("is_compiled")


def test_a_set_up_that_is_stopped_compiles_the_next_time(packages):
    with pytest.raises(KeyboardInterrupt), bootstrap.compiled(packages):
        raise KeyboardInterrupt

    assert not bootstrap.read_stamp(packages).get("is_compiled")


def test_the_locked_uv_is_found_in_the_lock():
    assert "uv" in pins(bootstrap.LOCK)


# --- what CI's log says


@pytest.fixture
def stages(tmp_path, monkeypatch):
    """The programs of every stage as scripts, which note how they were called; mypy finds something."""
    (tmp_path / "bin").mkdir()
    for name, code in {"ruff": 0, "mypy": 1, "lint-imports": 0, "python": 0}.items():
        script = tmp_path / "bin" / name
        script.write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/called\necho "{name} said so"\nexit {code}\n')
        script.chmod(0o755)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    return tmp_path / "called"


def test_the_whole_test_tells_the_time_of_each_stage_and_the_slowest_tests(stages, capfd):
    code = bootstrap.test([], fix=False)

    out = capfd.readouterr().out
    timed = re.findall(r"^  ([a-z (]+[a-z)]) \.+ +(failed|[\d.]+ s)$", out, re.MULTILINE)
    assert [name for name, _ in timed] == [*(name for name, _ in bootstrap.stages(fix=False)), "pytest", "all stages"]
    assert [name for name, took in timed if took == "failed"] == ["types (mypy)"]
    assert "mypy said so" in out
    assert code == 1
    assert re.search(r"^python -m pytest .*--durations=30$", stages.read_text(), re.MULTILINE)


def test_with_arguments_pytest_alone_is_called_with_them(stages, capfd):
    assert bootstrap.test(["tests/collect", "-k", "poll"], fix=False) == 0

    assert stages.read_text() == "python -m pytest tests/collect -k poll\n"
    assert "all stages" not in capfd.readouterr().out
