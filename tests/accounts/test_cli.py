"""`workbench accounts` and `workbench browser`: the words, the JSON that scripts rely on, the exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Home
from workbench.sandbox.serve import Sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), seed=7) as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, sandbox: Sandbox) -> Home:
    return Home(
        tmp_path,
        WORKBENCH_TRAFFICJUNKY_URL=sandbox.trafficjunky.url,
        WORKBENCH_MARKETPLACE_URL=sandbox.marketplace.url,
    )


@pytest.fixture
def anna(home: Home) -> str:
    return str(home.here("accounts", "add", "--channel", "marketplace", "--label", "Anna", "--json").json["account_id"])


def test_add_answers_with_the_id(home: Home) -> None:
    done = home.here("accounts", "add", "--channel", "trafficjunky", "--label", "Ads", "--json")

    assert (done.code, done.json) == (0, {"account_id": 1})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "--channel", "myspace", "--label", "Anna"), "marketplace, trafficjunky"),
        (("add", "--channel", "marketplace", "--label", " "), "printable"),
        (("login", "99"), "there is no account 99"),
        (("health", "99"), "there is no account 99"),
        (("import-session", "99", "nowhere.json"), "there is no account 99"),
        (("pace", "99", "--daily", "3"), "there is no account 99"),
        (("pace", "99", "--quiet", "22-7h"), "22:00-07:00"),
        (("pace", "99", "--quiet", "22:00-22:00"), "never end"),
        (("pace", "99"), "at least one"),
        (("stop", "99"), "there is no account 99"),
        (("list", "--channel", "myspace"), "marketplace, trafficjunky"),
    ],
)
def test_wrong_use_names_the_cure(home: Home, words: tuple[str, ...], said: str) -> None:
    done = home.here("accounts", *words)

    assert done.code == 2
    assert said in done.err


def test_an_account_from_its_beginning_to_its_end(home: Home, anna: str) -> None:
    for words in (
        ("pace", anna, "--gap", "60", "--daily", "5", "--quiet", "22:00-7:00".replace("-7", "-07")),
        ("stop", anna),
        ("resume", anna, "--now"),
        ("logout", anna),
        ("import-session", anna, home.write("s.json", '{"cookies": []}')),
    ):
        done = home.here("accounts", *words)
        assert done.code == 0, done.err
    (found,) = home.here("accounts", "list", "--json").json

    assert (found["label"], found["gap_seconds"], found["daily_cap"], found["quiet_to"]) == ("Anna", 60.0, 5, "07:00")
    assert found["enabled"]
    assert home.here("accounts", "remove", anna).code == 0
    assert home.here("accounts", "list", "--json").json == []


def test_health_is_the_shape_that_users_know(home: Home, anna: str) -> None:
    done = home.here("accounts", "health", "--offline", "--json")
    (one,) = done.json["accounts"]

    assert done.code == 0
    assert done.json["overall_health"] == "warning"
    assert done.json["summary"] == {"total_accounts": 1, "healthy": 0, "warning": 1, "error": 0}
    assert {
        "account_id", "email", "session_exists", "session_valid", "session_age_days", "total_posts", "posted_count",
        "failed_count", "health_status", "reason",
    } <= one.keys()  # fmt: skip


def test_a_missing_session_needs_a_person(home: Home, anna: str) -> None:
    home.here("accounts", "logout", anna)
    health, validate = (home.here("accounts", word, anna, "--json") for word in ("health", "validate"))

    assert (health.code, validate.code) == (3, 3)
    assert validate.json["valid"] is False
    assert validate.json["message"] == "Session file does not exist"
    assert validate.json["action_required"] == f"workbench accounts login {anna}"


@pytest.mark.browser
def test_validate_and_probe_ask_the_site(home: Home, anna: str) -> None:
    validate = home.here("accounts", "validate", anna, "--json")
    probe = home.here("browser", "probe", "--account", anna)

    assert (validate.code, validate.json["message"]) == (0, "Session is valid")
    assert probe.code == 0
    assert "Everything that is required was found." in probe.out


@pytest.mark.browser
def test_a_probe_of_a_changed_site_says_so(home: Home, sandbox: Sandbox) -> None:
    home.here("accounts", "add", "--channel", "trafficjunky", "--label", "Ads")
    sandbox.trafficjunky.switch(control_renamed="all")
    done = home.here("browser", "probe", "--site", "trafficjunky", "--json")
    sandbox.trafficjunky.switch(control_renamed="no")

    assert done.code == 3
    assert [one["name"] for one in done.json if not one["ok"]] == ["open_upload"]
