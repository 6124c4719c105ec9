"""schedule/scheduler.py, notify.py: looking, stopping in good order, telling the owner."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.schedule.conftest import entry
from workbench import open_workbench
from workbench.errors import Misconfigured, Transient
from workbench.schedule import scheduler
from workbench.schedule.model import TickEnd
from workbench.schedule.notify import tell
from workbench.secret import Secret


@contextmanager
def running(wb):
    """The scheduler of `wb` in a thread, until it is stopped."""
    stop = threading.Event()
    thread = threading.Thread(target=wb.schedule.run, args=[stop])
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def soon(look):
    end = time.monotonic() + 20
    while not look():
        assert time.monotonic() < end
        time.sleep(0.01)


def outcome(wb, name):
    return wb.schedule.history(name, 1)[0]["outcome"]


def test_what_is_at_work_when_it_is_stopped_may_finish(workbench, due, monkeypatch):
    wb = workbench(entry("long", catch_up="latest"))
    due(wb)
    begun, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(
        wb.schedule, "perform", lambda *_: begun.set() or TickEnd("succeeded" if go_on.wait(20) else "failed")
    )

    with running(wb) as stop:
        assert begun.wait(20)
        assert wb.schedule.is_run()
        stop.set()
        time.sleep(0.3)
        assert outcome(wb, "long") == "running"
        go_on.set()
    assert outcome(wb, "long") == "succeeded"
    assert not wb.schedule.is_run()


def test_what_takes_too_long_then_is_cancelled_and_says_so(workbench, due, monkeypatch):
    wb = workbench(entry("endless", catch_up="latest"))
    due(wb)
    begun = threading.Event()
    monkeypatch.setattr(scheduler, "_FINISH", 0.3)
    monkeypatch.setattr(
        wb.schedule,
        "perform",
        lambda *given: begun.set() or TickEnd("cancelled" if given[-1].wait(20) else "failed"),
    )

    with running(wb):
        assert begun.wait(20)
    assert outcome(wb, "endless") == "cancelled"
    assert wb.todo() == []


def test_a_command_that_is_cancelled_ends(workbench, monkeypatch):
    wb = workbench(entry("work", command=["work", "--timeout", "60"]))
    cancel = threading.Event()
    threading.Timer(2.5, cancel.set).start()

    ended = wb.schedule.run_now("work", cancel)

    assert (ended.outcome, outcome(wb, "work")) == ("cancelled", "cancelled")


def test_a_surprise_in_one_stops_no_other_and_an_away_ledger_is_waited_for(workbench, due, monkeypatch):
    wb = workbench(entry("odd", catch_up="latest") + entry("even", catch_up="latest"))
    due(wb)
    finish, away = wb.schedule.finish, [Transient("the ledger is away")]
    monkeypatch.setattr(scheduler, "_AGAIN", 0.01)
    monkeypatch.setattr(wb.schedule, "perform", lambda one, *_: TickEnd("succeeded") if one.name == "even" else 1 / 0)

    def flaky(tick, end):
        if away:
            raise away.pop()
        return finish(tick, end)

    monkeypatch.setattr(wb.schedule, "finish", flaky)
    ran = wb.schedule.run(threading.Event(), once=True)

    assert {one.schedule: one.outcome for one in ran} == {"odd": "failed", "even": "succeeded"}
    assert (outcome(wb, "odd"), outcome(wb, "even")) == ("failed", "succeeded")
    assert "bug of ours: ZeroDivisionError" in wb.schedule.history("odd", 1)[0]["reason"]


def test_an_edit_of_the_file_is_seen_by_who_runs(workbench, home):
    wb = workbench(entry("one", catch_up="latest"))
    assert [one.name for one in wb.schedule.entries()[0]] == ["one"]

    home.write("workbench.toml", entry("one", catch_up="latest") + entry("another", catch_up="latest"))
    assert [one.name for one in wb.schedule.entries()[0]] == ["one", "another"]
    home.write("workbench.toml", "poll_seconds = 1\n")
    assert wb.schedule.entries() == ([], [])
    home.write("workbench.toml", "[[schedules]\n")
    with pytest.raises(Misconfigured, match="is not TOML"):
        wb.schedule.entries()
    (home.folder / "workbench.toml").unlink()
    assert wb.schedule.entries() == ([], [])


def test_schedules_given_by_code_are_run_too(home, workbench):
    wb = workbench("", schedules=[{"name": "look", "cron": "* * * * *", "command": ["sources", "list"]}])

    assert [one.name for one in wb.schedule.entries()[0]] == ["look"]


# telling --------------------------------------------------------------------------------------------


@contextmanager
def listening(answer=200, **headers):
    heard = []

    class Hears(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(answer)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hears)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook/very-secret-word", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_address_is_told_by_one_post(workbench, due, monkeypatch):
    with listening() as (url, heard):
        wb = workbench(entry("look", catch_up="latest"), notify_url=url)
        due(wb)
        monkeypatch.setattr(wb.schedule, "perform", lambda *_: TickEnd("failed", "it broke"))
        wb.schedule.run(threading.Event(), once=True)
        wb.schedule.run(threading.Event(), once=True)

    ((path, kind, said),) = heard
    assert (path, kind) == ("/hook/very-secret-word", "application/json")
    assert (said["what"], said["schedule"], said["reason"]) == ("failed", "look", "it broke")


def test_an_address_that_sends_elsewhere_or_says_no_is_not_followed_and_not_quoted():
    with listening() as (elsewhere, heard), listening(302, Location=elsewhere) as (url, _):
        assert tell({}, command=(), url=Secret(url)) == "WORKBENCH_NOTIFY_URL answered 302"
    assert heard == []
    said = tell({}, command=("false",), url=Secret(url))
    assert "WORKBENCH_NOTIFY_COMMAND ended with exit code 1" in said
    assert "did not answer (ConnectionRefusedError)" in said
    assert "very-secret-word" not in said


@pytest.mark.parametrize("url", ["http://example.com/hook", "ftp://example.com/", "example.com", "file:///etc/passwd"])
def test_plain_http_is_for_this_machine_alone(home, url):
    with pytest.raises(Misconfigured, match="WORKBENCH_NOTIFY_URL"):
        open_workbench(home.folder, notify_url=url)


def test_the_address_is_shown_nowhere(home):
    home.write("workbench.toml", 'notify_url = "https://example.com/very-secret-word"\n')

    assert "very-secret-word" not in home.here("doctor").out
