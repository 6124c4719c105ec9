"""How long Bright Data waits for our 200: deliveries over real sockets, durable before they are answered."""

import gzip
import http.client
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.results import Contender, Figure

SECRET = "the secret of a benchmark"
CALLERS = 8
KILOBYTES = 16  # of rows in each delivery, before gzip
_DELIVERIES = {"small": 100, "usual": 2_000, "full": 2_000}


def run(size: str) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        command = [sys.executable, "-m", "workbench.home.receiver", "--no-worker"]
        env = {"WORKBENCH_HOME": folder, "WORKBENCH_WEBHOOK_SECRET_FILE": str(secret), "PATH": "/usr/bin:/bin"}
        env["PYTHONPATH"] = str(Path(__file__).parents[1])
        started = time.perf_counter()
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
            try:
                port = int(process.stdout.readline().rsplit(":", 1)[1])
                ready = time.perf_counter() - started
                values = {**_measured(port, _DELIVERIES[size]), "peak MB": _peak(process.pid)}
            finally:
                process.kill()
    yield Figure(
        name="receiver",
        title=f"Webhook receiver: {_DELIVERIES[size]:,} deliveries from {CALLERS} callers",
        contenders=(Contender("workbench.home.receiver", values, note=f"ready after {ready:.2f} s"),),
        words=f"Deliveries of {KILOBYTES} KB over real sockets, each on disk and in the ledger before it is answered; "
        "every fifth comes twice.",
    )


def _measured(port: int, count: int) -> dict[str, float]:
    row = json.dumps({"url": "https://www.instagram.com/p/1/", "text": "x" * 900})
    bodies = [gzip.compress(f"[{','.join([row] * KILOBYTES)}, {n}]".encode()) for n in range(count)]
    order = [*bodies, *random.Random(1).choices(bodies, k=count // 4)]

    def send(body: bytes) -> float:
        begun = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/api/brightdata/webhook/", body, {"Authorization": f"Bearer {SECRET}"})
        assert connection.getresponse().status == 200
        connection.close()
        return (time.perf_counter() - begun) * 1000

    begun = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as pool:
        times = sorted(pool.map(send, order))
    seconds = time.perf_counter() - begun
    at = {f"p{share} ms": times[len(times) * share // 100] for share in (50, 95, 99)}
    return {"deliveries/s": len(times) / seconds, **at, "longest ms": times[-1]}


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024
