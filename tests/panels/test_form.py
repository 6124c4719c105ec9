"""panels/form.py: all mistakes at once and beside their field; what was typed is what is handed on, once."""

from __future__ import annotations

import threading
from datetime import date

import pytest

from workbench.errors import BadInput
from workbench.panels.form import Field, Form


def needed(value: object) -> str | None:
    return None if value else "Give it a name."


def refuses(value: object) -> None:
    raise BadInput("the day is over.")


FIELDS = (
    Field("name", "Name", check=needed),
    Field("number", "Posts", "number", default=10),
    Field("day", "Day", "date"),
    Field("kind", "Kind", "choice", choices=["spring", ("autumn", "In autumn")]),
    Field("which", "Which", "ticks", choices=["a", "b"]),
    Field("lines", "Lines", "lines"),
    Field("folders", "Folders", "toggle", default=True),
)


def test_it_begins_with_its_defaults_and_holds_values_of_their_kind():
    form = Form(FIELDS)
    assert form.values() == {
        "name": "", "number": 10, "day": None, "kind": "spring", "which": [], "lines": "", "folders": True,
    }  # fmt: skip

    form.fill({"number": 2.5, "day": date(2026, 1, 31), "kind": "autumn", "which": ["b"]})
    assert form.values() | {"name": "x"} == {
        "name": "x", "number": 2.5, "day": date(2026, 1, 31), "kind": "autumn", "which": ["b"], "lines": "",
        "folders": True,
    }  # fmt: skip


@pytest.mark.parametrize("typed", ["1,000", "1.000.000", "ten", "1e5", "nan", "٣", "0x10"])
def test_a_number_that_could_be_two_is_none(typed):
    form = Form([Field("number", "Posts", "number")])
    form.fill({"number": typed})

    assert not form.check()
    assert form.blank.wrong == {"number": f"“{typed}” is not a number; write it like 1000 or 2.50."}


def test_all_mistakes_are_told_at_once_and_go_when_they_are_mended():
    form = Form([*FIELDS, Field("until", "Until", "date", check=refuses)])
    form.fill({"day": "31.1.2026", "number": "x"})

    assert not form.check()
    assert form.blank.wrong == {
        "name": "Give it a name.",
        "number": "“x” is not a number; write it like 1000 or 2.50.",
        "day": "“31.1.2026” is not a day; write it like 2026-01-31.",
        "until": "the day is over.",
    }
    form.mistakes({"name": "", "elsewhere": "the cap is too low"})
    assert form.blank.wrong == {"elsewhere": "the cap is too low"}


def test_what_was_typed_last_comes_with_the_click(eventually):
    got: list[tuple[str, str]] = []
    form = Form(
        FIELDS, actions=[("plan", "Plan")], on_submit=lambda action, values: got.append((action, values["name"]))
    )
    form._heard(form.blank, {"submit": "plan", "typed": {**form.blank.typed, "name": "Tea"}}, [])

    eventually(lambda: got == [("plan", "Tea")])


def test_an_impatient_hand_submits_once(eventually):
    go_on, got = threading.Event(), list[int]()

    def slow(action, values):
        got.append(1)
        go_on.wait(30)

    form = Form([Field("name", "Name", default="x")], on_submit=slow)
    clicks = [threading.Thread(target=form.submit) for _ in range(5)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    eventually(lambda: got)
    assert form.blank.is_busy
    go_on.set()
    eventually(lambda: not form.blank.is_busy)
    assert got == [1]


def test_an_error_is_told_and_the_form_is_free_again(eventually):
    def broken(action, values):
        raise BadInput("there is no such project.")

    form = Form([Field("name", "Name")], on_submit=broken)
    form.submit()

    eventually(lambda: "there is no such project." in form.alert.html)
    eventually(lambda: not form.blank.is_busy)
