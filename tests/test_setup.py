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
    project = PYPROJECT["project"]
    return [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]


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


def test_the_locked_uv_is_found_in_the_lock():
    assert "uv" in pins(bootstrap.LOCK)
