"""How long Bright Data waits for our 200: deliveries over real sockets, durable before they are answered.

.venv/bin/python benchmarks/receiver.py [--deliveries 2000] [--callers 8] [--kilobytes 16]
"""

import argparse
import gzip
import http.client
import json
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SECRET = "the secret of a benchmark"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=2000)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--kilobytes", type=int, default=16, help="of rows in each, before gzip")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        secret = home / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        command = [sys.executable, "-m", "workbench.server", "--no-worker"]
        env = {"WORKBENCH_HOME": folder, "WORKBENCH_WEBHOOK_SECRET_FILE": str(secret), "PATH": "/usr/bin:/bin"}
        env["PYTHONPATH"] = str(Path(__file__).parents[1])
        started = time.perf_counter()
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
            port = int(process.stdout.readline().rsplit(":", 1)[1])
            print(f"ready to take deliveries after {time.perf_counter() - started:.2f} s")
            measure(port, given)
            peak = next(
                line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmHWM" in line
            )
            print(f"peak memory {int(peak.split()[1]) / 1024:.0f} MB")
            process.kill()


def measure(port: int, given: argparse.Namespace) -> None:
    row = json.dumps({"url": "https://www.instagram.com/p/1/", "text": "x" * 900})
    bodies = [gzip.compress(f"[{','.join([row] * given.kilobytes)}, {n}]".encode()) for n in range(given.deliveries)]
    order = [*bodies, *random.Random(1).choices(bodies, k=given.deliveries // 4)]  # a fifth comes twice

    def send(body: bytes) -> float:
        begun = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/api/brightdata/webhook/", body, {"Authorization": f"Bearer {SECRET}"})
        assert connection.getresponse().status == 200
        connection.close()
        return (time.perf_counter() - begun) * 1000

    begun = time.perf_counter()
    with ThreadPoolExecutor(given.callers) as pool:
        times = sorted(pool.map(send, order))
    seconds = time.perf_counter() - begun
    at = {name: times[int(len(times) * share)] for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
    print(f"{len(times)} deliveries, {given.callers} callers: {len(times) / seconds:.0f}/s, "
          f"{', '.join(f'{name} {ms:.1f} ms' for name, ms in at.items())}, longest {times[-1]:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
