"""cli/console.py: what came from outside can do nothing to a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from workbench.cli import console

HOSTILE = [
    pytest.param("\x1b[31mred\x1b[0m", "red", id="colour"),
    pytest.param("\x1b]52;c;cm0gLXJm\x07ok", "ok", id="clipboard"),
    pytest.param("\x1b]0;title\x1b\\ok", "ok", id="title"),
    pytest.param("a\r\nerror: fake\n2026 INFO", "a error: fake 2026 INFO", id="a second line"),
    pytest.param("a\u202egnp.exe", "agnp.exe", id="reversed reading"),
    pytest.param("a\x9b2Jb", "ab", id="C1 control"),
    pytest.param("a\u2028b\x00c\x08", "a b c", id="separators, NUL, backspace"),
    pytest.param("\ud800half", "half", id="half a surrogate pair"),
    pytest.param("[bold]Tea[/bold]", "[bold]Tea[/bold]", id="markup is a name"),
    pytest.param("Café 茶 👩\u200d🌾", "Café 茶 👩\u200d🌾", id="ordinary text stays"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_text_of_outside_is_one_harmless_line(text, shown):
    assert console.clean(text) == shown


@pytest.mark.parametrize("text", [case.values[0] for case in HOSTILE])
def test_json_says_the_same_without_a_sign_that_a_terminal_obeys(text, capsys):
    console.answer({"name": text})

    out = capsys.readouterr().out
    assert json.loads(out) == {"name": text}
    assert not set(out) & set("\x1b\x9b\x07\x00\r\u202e\u2028\ud800")


def test_hostile_names_reach_no_terminal(home):
    name = "\x1b]0;owned\x07Tea\u202e\x9b2J"
    home.here("sources", "add", "instagram", "posts", "https://www.instagram.com/tea.club/", "--name", name)

    shown, listed = home.here("sources", "list"), home.here("sources", "list", "--json")

    assert not set(shown.out + listed.out) & set("\x1b\x07\x9b\u202e")
    assert listed.json[0]["name"] == name.strip()


@pytest.mark.parametrize(
    ("micro", "shown"),
    [(0, "$0"), (2_000, "$0.002"), (104_000, "$0.104"), (1_000_000, "$1.00"), (1_234_567_890, "$1,234.57")],
)
def test_money_keeps_what_matters(micro, shown):
    assert console.dollars(micro) == shown


def test_times_are_told_in_the_zone_of_the_settings():
    moment = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)

    assert console.when(moment, ZoneInfo("Europe/Riga")) == "2026-11-21 01:30 EET"
    assert console.when(moment.isoformat(), ZoneInfo("UTC")) == "2026-11-20 23:30 UTC"
