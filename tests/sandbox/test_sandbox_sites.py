"""sandbox/serve: several services in one process, each at an address and with switches of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.sandbox.advertisers import Advertiser
from workbench.sandbox.serve import Sandbox, living_address

Serve = Callable[..., tuple[subprocess.Popen[str], dict[str, str]]]
NAMES = ["brightdata", "trafficjunky", "marketplace"]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
        command = [sys.executable, "-m", "workbench.sandbox", "serve", "--home", str(tmp_path), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        started.append(process)
        assert process.stdout is not None
        lines = [process.stdout.readline().split() for _ in NAMES]
        return process, {line[0]: line[1] for line in lines}

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_all_services_are_told_and_found_again_after_kill_9(serve: Serve, tmp_path: Path) -> None:
    process, urls = serve("--switch", "trafficjunky.name_truncated=3", "--seed", "5")
    with Advertiser(urls["trafficjunky"], "anna") as anna:
        anna.send("teapot.png")
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, again = serve()
        second, same = serve()

        assert anna.names() == ["tea"], "the session, the card and the switch are still there"
    assert list(urls) == NAMES
    assert urls == again == same
    assert second.wait(60) == 0
    address = living_address(tmp_path)
    assert address is not None
    assert {name: address[f"{name}_url"] for name in NAMES} == urls
    for name, url in urls.items():
        about = httpx.get(f"{url}/sandbox").json()
        assert (about["service"], about["pid"], about["seed"]) == (name, address["pid"], 5)


def test_switches_have_their_services_name_in_front(tmp_path: Path) -> None:
    with Sandbox(tmp_path, switches={"expired": 1, "trafficjunky.slow": {"seconds": 2}}) as sandbox:
        sandbox.trafficjunky.switch(language="de")
        shown = httpx.get(f"{sandbox.trafficjunky.url}/sandbox/switches").json()

        assert (shown["slow"], shown["language"]) == ({"seconds": 2}, "de")
        assert httpx.get(f"{sandbox.url}/sandbox/switches").json()["expired"] == 1
        assert sandbox.marketplace.url not in {sandbox.url, sandbox.trafficjunky.url}
    with pytest.raises(ValueError, match="unknown service 'attic'"):
        Sandbox(tmp_path, switches={"attic.slow": 1})


@pytest.mark.parametrize(
    ("switch", "words"),
    [
        ("trafficjunky.surprise=1", "sandbox: unknown switch 'surprise'"),
        ("attic.slow=1", "sandbox: unknown service 'attic'"),
    ],
)
def test_a_wrong_switch_on_the_command_line_is_told(tmp_path: Path, switch: str, words: str) -> None:
    command = [sys.executable, "-m", "workbench.sandbox", "serve", "--home", str(tmp_path), "--switch", switch]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)

    assert (done.returncode, done.stderr.startswith(words)) == (2, True)


@pytest.mark.parametrize("name", NAMES)
def test_a_request_to_any_service_keeps_all_awake(tmp_path: Path, name: str) -> None:
    with Sandbox(tmp_path) as sandbox:
        for site in sandbox._sites.values():
            site.web.last_used -= 1000
        idle = sandbox.idle_seconds()
        httpx.get(f"{sandbox.addresses[name]}/sandbox")

        assert idle > 1000 > sandbox.idle_seconds()


def test_services_count_apart(tmp_path: Path) -> None:
    with Sandbox(tmp_path) as sandbox, Advertiser(sandbox.trafficjunky.url) as anna:
        anna.send("tea.png")

        assert httpx.get(f"{sandbox.url}/sandbox/count").json()["requests"] == {}
        assert json.loads((tmp_path / "address.json").read_text())["trafficjunky_url"] == sandbox.trafficjunky.url
