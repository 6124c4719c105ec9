import pytest
import tests.faults.conftest as c
from tests.faults.conftest import *
from tests.faults.test_pause import Zygote, SHORT, wait_until_stopped, states, check_every_row_once
import os, signal
@pytest.fixture
def second(lane):
    z=Zygote(lane.house); yield z; z.close()
@pytest.mark.parametrize("fix",[False,True])
@pytest.mark.parametrize("n",range(4))
def test_w(make_lane,n,fix,monkeypatch):
    if fix:
        src=c.ZYGOTE.read_text().replace("assert duckdb","""
import time
def enter(self):
    self.ends=time.clock_gettime(time.CLOCK_BOOTTIME)+self.limit.total_seconds(); self._timer.start(); return self
old=_Watch.trace
def trace(self,event,info):
    if time.clock_gettime(time.CLOCK_BOOTTIME)>=self.ends: self.has_expired=True
    old(self,event,info)
_Watch.__enter__=enter; _Watch.trace=trace
assert duckdb""",1)
        p=Path('/tmp/t1/zygote_fix.py'); p.write_text(src); monkeypatch.setattr(c,'ZYGOTE',p)
    lane=make_lane(); second=Zygote(lane.house)
    try:
        with lane.house.open() as workbench:
            workbench.add_source("instagram", "posts", "https://www.instagram.com/tea/")
            workbench.start(workbench.plan(num_posts=3).hash)
        pid = lane.zygote.begin(lane.house, at=["trace send_request_headers", 1], signal=signal.SIGSTOP, settings=SHORT)
        wait_until_stopped(pid)
        a = second.work(lane.house, settings=SHORT)
        os.kill(pid, signal.SIGCONT)
        b = lane.zygote.end()
        print('FIX',fix,a,b,lane.house.ask("count")["triggers_accepted"])
        if a or b: print((lane.folder/'zygote.log').read_text()[-600:])
    finally: second.close()
