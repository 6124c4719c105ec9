import pytest
from tests.faults.test_pause import *
from tests.faults.conftest import *
@pytest.fixture
def second(lane):
    z=Zygote(lane.house); yield z; z.close()
@pytest.mark.timeout(500)
@pytest.mark.parametrize("n",range(2))
def test_r(lane,second,tmp_path,n): pause_at_random_moments(lane,second,tmp_path,4)
@pytest.mark.parametrize("n",range(5))
def test_w(lane,second,n): test_paused_around_the_trigger_it_is_accepted_once(lane,second,"trace send_request_headers")
