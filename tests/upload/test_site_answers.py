"""upload/site_answers.py: what the site's answer to one file means, with what the panel shows beside it."""

from __future__ import annotations

import pytest

from workbench.upload.site_answers import SendOutcome, judge

GOOD = {"name": "a.png", "is_done": True, "is_good": True, "words": ""}
BAD = {"name": "a.png", "is_done": True, "is_good": False}


def bad(words):
    return {**BAD, "words": words}


@pytest.mark.parametrize(
    ("status", "text", "shown", "outcome", "remote_id"),
    [
        pytest.param(200, '{"id": 1032530511}', GOOD, SendOutcome.SENT, "1032530511", id="id"),
        pytest.param(
            200, '{"data": {"banner_id": "1032530511"}}', GOOD, SendOutcome.SENT, "1032530511", id="id inside"
        ),
        pytest.param(200, "ok", GOOD, SendOutcome.SENT, None, id="no id"),
        pytest.param(200, '{"id": "1 or 2"}', GOOD, SendOutcome.SENT, None, id="no number"),
        pytest.param(
            200, '{"success": false, "message": "too long"}', bad("too long"), SendOutcome.REJECTED, None, id="no"
        ),
        pytest.param(
            200, '{"why": "too long"}', bad("too long"), SendOutcome.REJECTED, None, id="the site's own words"
        ),
        pytest.param(200, "{", bad("Invalid JSON response"), SendOutcome.LOST, None, id="the panel's own words"),
        pytest.param(200, "[" * 100_000, bad("Invalid JSON response"), SendOutcome.LOST, None, id="deep"),
        pytest.param(422, '{"error": "too long"}', bad("too long"), SendOutcome.REJECTED, None, id="422"),
        pytest.param(401, "", bad("[object Object]"), SendOutcome.TURNED_AWAY, None, id="logged out"),
        pytest.param(429, "", bad("slow down"), SendOutcome.TURNED_AWAY, None, id="limit"),
        pytest.param(409, "", bad("conflict"), SendOutcome.LOST, None, id="conflict"),
        pytest.param(500, "", bad("Server Error"), SendOutcome.LOST, None, id="500"),
        pytest.param(0, "", bad("Server responded with 0 code."), SendOutcome.LOST, None, id="no answer"),
    ],
)
def test_an_answer_is_proof_or_it_is_none(status, text, shown, outcome, remote_id):
    found = judge("a.png", status, text, None, shown)

    assert (found.outcome, found.remote_id if outcome is SendOutcome.SENT else None) == (outcome, remote_id)


def test_nothing_is_said_before_the_panel_has_read_the_answer():
    shown = {"name": "a.png", "is_done": False, "is_good": False, "words": ""}

    assert judge("a.png", 200, '{"id": 1032530511}', None, shown) is None


@pytest.mark.parametrize(
    ("status", "text", "shown", "outcome"),
    [
        pytest.param(200, '[{"id": 1032530511}, {"id": 1032530512}]', GOOD, SendOutcome.SENT, id="taken"),
        pytest.param(
            200, '[{"error": "too long"}, {"id": 1032530512}]', GOOD, SendOutcome.SENT, id="another was refused"
        ),
        pytest.param(
            200, '[{"error": "too long"}, {}]', bad("too long"), SendOutcome.REJECTED, id="this one was refused"
        ),
        pytest.param(200, "[{}, {}]", None, SendOutcome.LOST, id="nothing is shown"),
        pytest.param(422, '{"error": "too long"}', bad("too long"), SendOutcome.LOST, id="one of them was refused"),
    ],
)
def test_one_answer_to_several_files_says_nothing_of_a_single_one(status, text, shown, outcome):
    found = judge("a.png", status, text, None, shown, is_shared=True)

    assert (found.outcome, found.remote_id) == (outcome, None)
