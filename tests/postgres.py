"""A private PostgreSQL server for one test session: its own folder and port, gone afterwards."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

_SIZE = "-c shared_buffers=16MB -c max_connections=120"
_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


class NoServer(Exception):
    """There are no server binaries here, or they do not start."""


def _binaries() -> Path:
    found = shutil.which("pg_ctl")
    if found:
        return Path(os.path.realpath(found)).parent
    places = [
        *Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"),
        *Path("/opt/homebrew/opt").glob("postgresql*/bin/pg_ctl"),
    ]
    if not places:
        raise NoServer("PostgreSQL's server is not installed (no pg_ctl on the PATH or in its usual folders)")
    return max(places, key=str).parent


def _memory() -> str | None:
    """A folder in memory: each test's database is some megabytes of files, made and removed."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30 else None


@contextlib.contextmanager
def private_postgres(*, is_durable: bool = False) -> Iterator[str]:
    """Yield ``postgresql://wb@127.0.0.1:port``; NoServer where it cannot be had. `is_durable`: commits reach a disk."""
    programs = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="wbpg_", dir=None if is_durable else _memory()))
    as_user = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    env = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(folder), "TZ": "UTC"}

    def run(program: str, *args: str) -> None:
        # Into a file: the server would inherit a pipe and keep it open.
        with (folder / "said").open("w+b") as said:
            command = [programs / program, "-D", folder / "data", *args]
            done = subprocess.run(command, stdout=said, stderr=said, env=env, cwd=folder, check=False, **as_user)
            if done.returncode != 0:
                said.seek(0)
                raise NoServer(f"{program} failed: {said.read().decode()[-500:]}")

    try:
        run("initdb", "-U", "wb", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} {_SIZE}"
        options += "" if is_durable else f" {_FAST}"
        run("pg_ctl", "-l", str(folder / "log"), "-w", "-t", "30", "-o", options, "start")
        try:
            yield f"postgresql://wb@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
