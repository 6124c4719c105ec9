#!/usr/bin/env python3
"""Sets Workbench up in this folder, then does what was asked.

  python3 bootstrap.py setup   [--pip] [--no-browser]   what the other words need, and nothing more
  python3 bootstrap.py demo    [options]                workbench demo: the flows against the stand-ins
  python3 bootstrap.py lab     [options]                workbench lab: JupyterLab with the panels
  python3 bootstrap.py test    [pytest arguments]       what CI runs: format, lint, types, contracts, tests
  python3 bootstrap.py check   [pytest arguments]       the same, after formatting and fixing what can be
  python3 bootstrap.py soak    [pytest arguments]       the long tests
  python3 bootstrap.py bench   [options]                the benchmarks, with the peers in .venv-peers
  python3 bootstrap.py lock                             write the two lock files again, without addresses

With arguments, `test` and `check` run pytest alone: python3 bootstrap.py test tests/collect -k poll

Needs Python 3.11 or newer and a network once. The first run takes a minute at most, later ones about a
second. Everything goes into .venv (delete it to start over). A Chromium is found or, where that is
possible, installed; WORKBENCH_BROWSER names another one. PIP_* and UV_* settings are obeyed as they are;
--pip does without uv. Exit codes: 0 done, 1 something failed, 2 refused (the message names the cure).
"""
# Runs before anything is installed and on Pythons that are too old, to say so: standard library only, and no
# syntax newer than Python 3.6 (hence the quoted types).

import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PEERS = ROOT / ".venv-peers"
LOCK = ROOT / "requirements.lock"
PEERS_LOCK = ROOT / "benchmarks" / "peers.lock"

WORDS = ("setup", "demo", "lab", "test", "check", "soak", "bench", "lock")
OLDEST = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")

NEEDED_MB = 1500  # measured: the environment 1.1 GB, the rest for what is unpacked beside it


class Refused(Exception):
    """Set-up cannot go on; the text names the thing and the cure."""


# --- what must be so before anything is made


def check_word(word: str) -> None:
    if word not in WORDS:
        raise Refused("There is no word {!r}; the words are: {}.".format(word, ", ".join(WORDS)))


def check_python(version: "tuple[int, ...]", system: str = os.name) -> None:
    """Refuse a Python that is too old, and name one that is here and is not."""
    if system == "nt":
        raise Refused("Windows itself is not supported. Run this inside WSL (in a terminal: wsl --install).")
    if tuple(version[:2]) >= OLDEST:
        return
    # Asked to run, not only looked for: version managers leave commands that answer "not chosen here".
    here = next((name for name in NEWER if shutil.which(name) and answers([name, "-c", "import ensurepip"])), None)
    cure = (
        "Run it with the newer one that is here: {} bootstrap.py setup".format(here)
        if here
        else "Install a newer one (Debian, Ubuntu: apt install python3.11 python3.11-venv; macOS: "
        "brew install python; anywhere: uv python install 3.13) and run bootstrap.py with it."
    )
    raise Refused(
        "Python 3.11 or newer is needed; {} is Python {}.{}.\n{}".format(sys.executable, version[0], version[1], cure)
    )


def check_venv_module(find: "Callable[[str], object]" = importlib.util.find_spec) -> None:
    """Refuse a Python whose distribution has split off what makes environments."""
    if find("venv") is None or find("ensurepip") is None:
        raise Refused(
            "This Python ({}) cannot make environments: its venv module is not installed.\n"
            "Debian, Ubuntu: apt install python{}.{}-venv".format(sys.executable, *sys.version_info[:2])
        )


def check_disk(free_mb: int) -> None:
    if free_mb < NEEDED_MB:
        raise Refused(
            "{} has {} MB free; the environment needs {} MB. Free some, or clone to a larger disk.".format(
                ROOT, free_mb, NEEDED_MB
            )
        )


# --- running things quietly


class Failed(Exception):
    """A command failed; the text is what it said."""


def answers(command: "list[object]") -> bool:
    """Tell whether a command is there and ends well."""
    try:
        run(command)
    except (Failed, OSError):
        return False
    return True


NOISE = re.compile(r"Location '.*' is ignored|\[notice\]|running pip as the 'root' user")


def run(command: "list[object]", **env: str) -> str:
    """Run without showing anything; the output is kept for the message if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=str(ROOT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        env=dict(os.environ, **env),
        check=False,
    )
    if done.returncode:
        raise Failed("\n".join(line for line in done.stdout.splitlines() if not NOISE.search(line)))
    return done.stdout


def line(what: str) -> str:
    return "  {:.<64} ".format(what + " ")


def seconds_since(begun: float) -> str:
    return "{:5.1f} s".format(time.monotonic() - begun)


@contextmanager
def step(what: str) -> "Iterator[None]":
    """One line of progress: what is being done, then how long it took."""
    begun = time.monotonic()
    print(line(what), end="", flush=True)
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(seconds_since(begun), flush=True)


REASONS = (
    (
        r"No space left on device|os error 28\b|Disk quota exceeded",
        "The disk is full. Free about {} MB (caches of pip and uv count too), then run this again.".format(NEEDED_MB),
    ),
    (
        r"DO NOT MATCH THE HASHES|[Hh]ash mismatch",
        "A package is not the one that requirements.lock names. If pip is set to a mirror, check the mirror; "
        "otherwise do not install it, and tell whoever keeps the lock.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate|UnknownIssuer",
        "The registry's certificate was not accepted, as happens behind a company's proxy. Name its "
        "certificate in PIP_CERT and SSL_CERT_FILE, then run this again.",
    ),
    (
        r"name resolution|Failed to establish a new connection|dns error|error sending request|"
        r"Failed to fetch|[Cc]onnection refused|Network is unreachable|ConnectTimeout|Read timed out|"
        r"Could not find a version",
        "The package registry cannot be reached. Check the network (and HTTPS_PROXY, or the mirror in "
        "PIP_INDEX_URL and UV_DEFAULT_INDEX, where there is one), then run this again.",
    ),
    (r"Permission denied|os error 13\b", "A folder cannot be written. Check who owns {}.".format(ROOT)),
)


def explained(said: str) -> str:
    """Put the cure above the last words of a command that failed."""
    cure = next((words for pattern, words in REASONS if re.search(pattern, said)), "Delete .venv and run this again.")
    return "{}\nIts last words were:\n{}".format(cure, "\n".join("    " + line for line in said.splitlines()[-12:]))


# --- the environment


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def pip_of(venv: Path) -> "list[object]":
    return [python_of(venv), "-m", "pip"]


def version_of(venv: Path) -> "tuple[int, ...]":
    """Return the Python that an environment was made with, () for none."""
    try:
        found = re.search(r"^version(?:_info)? = ([\d.]+)", (venv / "pyvenv.cfg").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return tuple(int(part) for part in found.group(1).strip(".").split(".")) if found else ()


def stamp_of(venv: Path, sources: "list[Path]") -> "dict[str, object]":
    """Everything that makes an environment the right one; a copied or moved folder is another place."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    return {"place": str(venv), "python": list(version_of(venv)), "sources": digest.hexdigest()}


def read_stamp(venv: Path) -> "dict[str, object]":
    try:
        stamp = json.loads((venv / "workbench-setup.json").read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(venv: Path, stamp: "dict[str, object]") -> None:
    beside = venv / "workbench-setup.json.{}.tmp".format(os.getpid())
    beside.write_text(json.dumps(stamp, indent=1))
    beside.replace(venv / "workbench-setup.json")


def is_ready(venv: Path, sources: "list[Path]") -> bool:
    stamp = read_stamp(venv)
    return python_of(venv).exists() and all(stamp.get(key) == value for key, value in stamp_of(venv, sources).items())


@contextmanager
def alone() -> "Iterator[None]":
    """Let one set-up at a time work here; the lock is on the folder itself, so no file is left behind."""
    import fcntl

    fd = os.open(str(ROOT), os.O_RDONLY)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  waiting for another set-up in this folder", flush=True)
            fcntl.flock(fd, fcntl.LOCK_EX)
        except OSError:
            pass  # a network file system without locks: as good as it can be there
        yield
    finally:
        os.close(fd)


def make_venv(venv: Path) -> None:
    """Make, or make afresh what is too old, from another place, or without a working pip."""
    is_ours = read_stamp(venv).get("place", str(venv)) == str(venv)
    if is_ours and version_of(venv) >= OLDEST and answers([*pip_of(venv), "--version"]):
        return
    check_venv_module()
    check_disk(shutil.disk_usage(str(ROOT)).free // 10**6)
    with step("{} with Python {}".format(venv.name, platform.python_version())):
        # pip inside on purpose: %pip in a notebook and JupyterLab's extension manager need it.
        run([sys.executable, "-m", "venv", "--clear", venv])


def find_uv() -> "str | None":
    """Return a uv: the locked one, else the machine's, else the locked one after installing it."""
    inside = VENV / "bin" / "uv"
    if inside.exists() or shutil.which("uv"):
        return str(inside) if inside.exists() else shutil.which("uv")
    pinned = re.search(r"^uv==.*(?:\n .*)*", LOCK.read_text(), re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "uv.txt"
        wanted.write_text(pinned.group() if pinned else "")
        return str(inside) if answers([*pip_of(VENV), "install", "-q", "--require-hashes", "-r", wanted]) else None


def install(venv: Path, *arguments: object, uv: "str | None") -> None:
    """Install with uv, ten times faster, else with pip, which may know of a mirror that uv does not."""
    if uv:
        try:
            run([uv, "pip", "install", "-q", "--python", python_of(venv), *arguments])
        except (Failed, OSError):
            print("(uv could not; pip) ", end="", flush=True)
        else:
            return
    run([*pip_of(venv), "install", "-q", *arguments])


def fill(venv: Path, lock: Path, *, use_uv: bool = True) -> None:
    count = len(re.findall(r"^\S+==", lock.read_text(), re.MULTILINE))
    uv = None
    if use_uv:
        with step("uv, the fast installer"):
            uv = find_uv()
    with step("{} packages of {}{}".format(count, lock.name, "" if uv else " (with pip: about a minute)")):
        install(venv, "--require-hashes", "-r", lock, uv=uv)
    if venv == VENV:
        with step("workbench itself"):
            # From the lock's own build tools, so that nothing unpinned is fetched.
            install(venv, "--no-deps", "--no-build-isolation", "-e", ".", uv=uv)


def set_up(venv: Path, sources: "list[Path]", *, use_uv: bool = True) -> None:
    if is_ready(venv, sources):
        return
    with alone():
        if is_ready(venv, sources):
            return
        print("Setting up {}".format(venv), flush=True)
        make_venv(venv)
        # From here on a run that is cut short leaves an environment that no stamp calls ready.
        write_stamp(venv, {"place": str(venv)})
        fill(venv, sources[0], use_uv=use_uv)
        write_stamp(venv, stamp_of(venv, sources))


def find_browser(*, again: bool) -> None:
    """Find or install a Chromium. Only an explicit choice that does not start stops the set-up."""
    chosen = os.environ.get("WORKBENCH_BROWSER", "")
    if not again and read_stamp(VENV).get("browser_choice") == chosen:
        return
    with alone():
        try:
            with step("Chromium (looked for, installed where that is possible)"):
                found = run([python_of(VENV), "-m", "workbench.browser.launch", "--ensure"])
            print("    " + found.splitlines()[-1])
        except Failed as failure:
            if chosen:
                raise Refused(str(failure)) from None
            print("    {}\n    Uploading and posting need one; everything else works without.".format(failure))
        write_stamp(VENV, dict(read_stamp(VENV), browser_choice=chosen))


# --- bytecode

# No process of ours imports these, and they are half of what there is; who does so compiles them then.
NOT_IMPORTED = re.compile(
    r"/site-packages/(?:(?:.*/)?tests?/|sqlalchemy/(?:testing|orm|dialects/(?:mssql|mysql|oracle))/"
    r"|fontTools/(?!misc/)\w+/|numpy/f2py/"
    r"|(?:pip|setuptools|pkg_resources|mypyc?|[\w-]+-stubs|virtualenv|distlib|identify|polars|dask|aiohttp|brightdata"
    r"|prompt_toolkit|wcwidth)/)"
)


@contextmanager
def compiled(venv: Path) -> "Iterator[None]":
    """Compile what later processes import, beside what is done meanwhile, which mostly waits for downloads.

    Ahead, because many machines set PYTHONDONTWRITEBYTECODE: there, every process would compile all of it again.
    Bytecode knows the time and size of its source, so an edited file is only slower, until the next word.
    """
    compileall = [str(python_of(venv)), "-m", "compileall", "-q"]
    commands = [[*compileall, str(ROOT / "workbench")]]
    packages = [] if read_stamp(venv).get("is_compiled") else list(map(str, venv.glob("lib/python*/site-packages")))
    if packages:
        commands.append([*compileall, "-j", "0", "-x", NOT_IMPORTED.pattern, *packages])
    with tempfile.TemporaryFile() as said:
        # In sessions of their own: Ctrl-C is ours to hand on, and it would leave the helpers of -j behind.
        begun = [subprocess.Popen(one, start_new_session=True, stdout=said, stderr=said) for one in commands]
        try:
            yield
            if packages:
                with step("bytecode (the rest of it)"):
                    begun[1].wait()
            if any(code != 0 for code in [process.wait() for process in begun]):
                said.seek(0)
                last = said.read().decode(errors="replace")[-500:]
                print("    Not all of it could be compiled; commands begin later.\n{}".format(last))
            elif packages:
                write_stamp(venv, dict(read_stamp(venv), is_compiled=True))
        finally:
            for process in begun:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
                    process.wait()


# --- the words


def prepare(*, use_uv: bool = True, browser: bool = True, again: bool = False) -> None:
    set_up(VENV, [LOCK, ROOT / "pyproject.toml"], use_uv=use_uv)
    with compiled(VENV):
        if browser:
            find_browser(again=again)


def activated() -> "dict[str, str]":
    """As if .venv were activated: `!workbench status` in a notebook finds ours."""
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", os.defpath)])
    return dict(os.environ, PATH=path, VIRTUAL_ENV=str(VENV))


def become(*command: object) -> int:
    """Turn into the real work, so that its signals and its exit code are its own."""
    sys.stdout.flush()
    os.execve(str(command[0]), [str(part) for part in command], activated())


def find_postgresql() -> None:
    """The ledger's tests on PostgreSQL need its server's programs, and are skipped without them."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt/homebrew/opt").glob("postgresql*/bin")]
    if shutil.which("pg_ctl") or any((place / "pg_ctl").exists() for place in places):
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        print("  no PostgreSQL server here, and installing one needs apt-get and root: its tests are skipped")
        return
    try:
        with step("PostgreSQL's server, for the ledger's tests"):
            run(["apt-get", "update", "-qq"], DEBIAN_FRONTEND="noninteractive")
            run(
                ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "postgresql"],
                DEBIAN_FRONTEND="noninteractive",
            )
    except Failed as failure:
        print("    {}\n    Its tests are skipped.".format((str(failure).splitlines() or ["no reason given"])[-1]))


def stages(*, fix: bool) -> "list[tuple[str, list[str]]]":
    lines = ["--output-format", "concise"]
    return [
        ("ruff format", ["ruff", "format", *([] if fix else ["--check", *lines]), "."]),
        ("ruff check", ["ruff", "check", *(["--fix"] if fix else []), *lines, "."]),
        ("types (mypy)", ["mypy", "--strict", "workbench"]),
        ("import contracts", ["lint-imports", "--no-logo", "--no-cache"]),
    ]


def test(arguments: "list[str]", *, fix: bool) -> int:
    """Run every stage even when one fails: one look shows all there is to repair. pytest comes last.

    The whole of it ends with what a log is read for later: the slowest tests, and how long it all took.
    """
    begun, failures = time.monotonic(), []
    for name, command in [] if arguments else stages(fix=fix):
        try:
            with step(name):
                run([VENV / "bin" / command[0], *command[1:]])
        except Failed as failure:
            failures.append(name)
            print(str(failure), flush=True)
    print("pytest", flush=True)
    pytest_begun = time.monotonic()
    # Two workers a core: pages and kernels are waited for as often as they compute.
    whole = ["-n", str(min(2 * (os.cpu_count() or 1), 8)), "--dist", "worksteal", "--durations=30"]
    command = [str(python_of(VENV)), "-m", "pytest", *(arguments or whole)]
    code = subprocess.call(command, cwd=str(ROOT), env=activated())
    if not arguments:
        print(line("pytest") + seconds_since(pytest_begun))
        print(line("all stages") + seconds_since(begun), flush=True)
    if failures:
        print("failed before pytest: {}".format(", ".join(failures)), file=sys.stderr)
    return code or bool(failures)


def write_locks() -> int:
    """Universal (every system, every Python from 3.11), hashed, and without the address of any registry."""
    how = ["--universal", "--generate-hashes", "--no-annotate", "--no-header", "-q"]
    uv = VENV / "bin" / "uv"
    for source, extras, lock in (
        (ROOT / "pyproject.toml", ["--extra", "dev", "--extra", "build"], LOCK),
        (ROOT / "benchmarks" / "peers.in", ["--python-version", "3.11"], PEERS_LOCK),
    ):
        with step(lock.name):
            run([uv, "pip", "compile", source.relative_to(ROOT), *extras, *how, "-o", lock.relative_to(ROOT)])
    return 0


def do(word: str, arguments: "list[str]") -> int:
    if word == "setup":
        unknown = set(arguments) - {"--pip", "--no-browser"}
        if unknown:
            raise Refused("setup does not know {}; it takes --pip and --no-browser.".format(" ".join(sorted(unknown))))
        prepare(use_uv="--pip" not in arguments, browser="--no-browser" not in arguments, again=True)
        print("Ready. Next: python3 bootstrap.py demo")
        return 0
    prepare(browser=word not in ("bench", "lock"))
    if word in ("demo", "lab"):
        return become(VENV / "bin" / "workbench", word, *arguments)
    if word == "soak":
        return become(python_of(VENV), "-m", "pytest", "-m", "soak", "-s", *arguments)  # -s: they say their figures
    if word == "bench":
        set_up(PEERS, [PEERS_LOCK])
        return become(python_of(VENV), "-m", "benchmarks", *arguments)
    if word == "lock":
        return write_locks()
    if word == "test":
        find_postgresql()
    return test(arguments, fix=word == "check")


def main(arguments: "list[str]") -> int:
    word = arguments[0] if arguments else "help"
    if word in ("help", "-h", "--help") or (word in ("setup", "lock") and "--help" in arguments):
        print(__doc__)
        return 0
    try:
        check_word(word)
        check_python(sys.version_info[:3])
        return do(word, arguments[1:])
    except Refused as refusal:
        print("bootstrap: {}".format(refusal), file=sys.stderr)
    except Failed as failure:
        print("bootstrap: {}".format(explained(str(failure))), file=sys.stderr)
    except KeyboardInterrupt:
        print("\nbootstrap: stopped; run it again to go on.", file=sys.stderr)
        return 130
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
