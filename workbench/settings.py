"""One frozen Settings: ``workbench.toml``, then ``.env``, then the environment; the later wins.

The only reader of environment variables and settings files. Both files lie in ``WORKBENCH_HOME``, the root of data/
and archive/.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import stat
import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from workbench.errors import BadInput, Misconfigured
from workbench.secret import Secret

BRIGHTDATA_LIVE: Final = "https://api.brightdata.com"
PREFIX: Final = "WORKBENCH_"
TOML: Final = "workbench.toml"
_SCHEDULES_HEADER: Final = re.compile(r"^[ \t]*\[\[[ \t]*[\"']?schedules[\"']?[ \t]*\]\]", re.MULTILINE)
_WITHOUT_PREFIX: Final = {"brightdata_api_key": "BRIGHTDATA_API_KEY", "cron_secret": "CRON_SECRET"}
_OLD_WORDS: Final = {"headless": "HEADLESS_MODE", "dry_run": "DRY_RUN"}


def _secret(value: object) -> object:
    return Secret(value.strip()) if isinstance(value, str) else value


def _seconds(value: object) -> object:
    try:
        return timedelta(seconds=float(value)) if isinstance(value, str | int | float) else value
    except (ValueError, OverflowError) as error:
        raise ValueError("give a number of seconds") from error


Seconds = Annotated[timedelta, BeforeValidator(_seconds)]


def _gaps(value: object) -> object:
    texts = value.split(",") if isinstance(value, str) else value
    return tuple(map(_seconds, texts)) if isinstance(texts, list | tuple) and texts else value


Gaps = Annotated[tuple[timedelta, ...], BeforeValidator(_gaps)]


def _words(value: object) -> object:
    """A command as a list; from a line of text as a shell would split it, though no shell ever sees it."""
    return tuple(shlex.split(value)) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


def _entries(value: object) -> object:
    """Whatever was written: an entry that is wrong is told by its feature, and the others hold."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


Entries = Annotated[tuple[Any, ...], BeforeValidator(_entries)]


# Money is kept in whole millionths of a dollar; what would be rounded is refused, since it might become nothing.
_MICRO_PART: Final = 1e-3
_CAPS: Final = ("cap_trigger_usd", "cap_run_usd", "cap_day_usd", "cap_month_usd")


class Settings(BaseModel):
    """Every setting: name, type, default, and what it does."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)

    home: Path = Field(description="root of data/ and archive/; workbench.toml and .env lie in it")
    mode: Literal["practice", "live"] = Field("practice", description="practice: against our stand-ins; live: real")
    brightdata_api_key: Annotated[Secret, BeforeValidator(_secret)] = Field(
        Secret(""), description="the key of Bright Data; needed in live mode"
    )
    brightdata_url: str = Field("", description="another address of the Bright Data API, in both modes")
    ledger_url: str = Field("", description="default: the SQLite file data/ledger.db; or postgresql://…")
    trafficjunky_url: str = Field("", description="another address of TrafficJunky, in both modes")
    marketplace_url: str = Field("", description="another address of Facebook, in both modes")
    creatives_root: Path | None = Field(
        None, description="the folder of tracking/ and uploaded/; default data/creatives"
    )
    browser: str = Field("", description="path or channel of a Chromium; default: found or installed")
    headless: bool = Field(True, description="browsers without a window")
    page_seconds: Seconds = Field(timedelta(seconds=30), description="a page may take so long to answer")
    login_seconds: Seconds = Field(timedelta(minutes=10), description="a person may take so long to log in")
    keep_alive_seconds: Seconds = Field(timedelta(minutes=4), description="a long visit asks its site for something")
    cool_down_seconds: Seconds = Field(timedelta(hours=24), description="an account rests so long after a site's limit")
    file_seconds: Seconds = Field(timedelta(seconds=240), description="one creative may take so long to upload")
    session_days: int = Field(30, ge=1, description="a saved login that is older is called old")
    dry_run: bool = Field(True, description="upload run without --live rehearses; false: it uploads")
    upload_batch_size: int = Field(10, ge=1, le=10, description="creatives that are attached in one gesture, at most")
    evidence_days: int = Field(30, ge=1, description="evidence of trouble is kept so long; of success three times")
    evidence_mb: int = Field(2048, ge=1, description="evidence may take so much room; the oldest goes first")
    tz: str = Field("UTC", description="time zone in which people are shown times")
    auto_create_folders: bool = Field(True, description="make a folder for every job as soon as a run starts")
    batch_size: int = Field(20, ge=1, le=10_000, description="inputs a snapshot")
    threads: int = Field(4, ge=1, le=64, description="steps at once in one worker")
    download_batch_rows: int = Field(50_000, ge=1000, description="rows a part, once a download had to be resumed")
    poll_seconds: Seconds = Field(timedelta(seconds=10), description="between looks at a running snapshot")
    stall_seconds: Seconds = Field(timedelta(hours=2), description="a snapshot that takes longer is called stalled")
    look_gaps: Gaps = Field(
        (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30)),
        description="seconds between looks for a trigger whose answer was lost, with commas between",
    )
    look_inputs: int = Field(
        100, ge=1, description="unknown snapshots that Bright Data is asked about after one list, before a trigger"
    )
    trigger_seconds: Seconds = Field(timedelta(seconds=60), description="the longest that a trigger may take")
    lease_seconds: Seconds = Field(timedelta(seconds=120), description="how long a claim holds without a sign of life")
    backoff_seconds: Seconds = Field(timedelta(seconds=2), description="first pause after a passing error; doubles")
    webhook_url: str = Field("", description="the public address of workbench deliveries serve; without: polling")
    webhook_secret_file: Path | None = Field(None, description="its secrets, newest first; two while changing them")
    cron_secret_file: Path | None = Field(None, description="the secret of the receiver's cron address")
    cron_secret: Annotated[Secret, BeforeValidator(_secret)] = Field(
        Secret(""), description="the same by its old name, in .env; a file of its own is better"
    )
    webhook_endpoint_parameter: str = Field("endpoint", description="a trigger's name for where rows go; or none")
    webhook_notify_parameter: str = Field("notify", description="a trigger's name for where notices go; or none")
    webhook_auth_parameter: str = Field("auth_header", description="a trigger's name for the Authorization to send")
    webhook_hosts: str = Field("", description="names the receiver answers to, with commas between; empty: any")
    webhook_largest_mb: int = Field(64, ge=1, description="a delivery as it comes")
    webhook_largest_unpacked_mb: int = Field(512, ge=1, description="a delivery unpacked")
    webhook_connections: int = Field(256, ge=1, le=10_000, description="at once, at the receiver")
    webhook_idle_seconds: Seconds = Field(timedelta(seconds=5), description="the receiver waits so long for more bytes")
    webhook_total_seconds: Seconds = Field(timedelta(seconds=28), description="a delivery may take so long in all")
    delivery_retention_days: int = Field(14, ge=1, description="bodies of deliveries are kept so long once processed")
    unmatched_retention_days: int = Field(
        60, ge=1, description="bodies that nobody has claimed are kept so long; todo says so a week before"
    )
    retention_days: int = Field(16, ge=1, le=3650, description="how long Bright Data keeps a snapshot, as we plan")
    datasets: tuple[dict[str, Any], ...] = Field(
        (), description="entries [[datasets]] of your own; docs/adding-a-dataset.md"
    )
    categories: tuple[dict[str, Any], ...] = Field(
        (), description="entries [[categories]] of your own for Marketplace; docs/uploading-and-posting.md"
    )
    compact_after_snapshots: int = Field(
        500, ge=0, description="published snapshots until the worker compacts by itself; 0: never"
    )
    reuse_hours: float = Field(
        20, ge=0, le=8760, description="a younger snapshot answers the same inputs again; 0: never"
    )
    cap_trigger_usd: float | None = Field(None, ge=0, description="the most that one trigger may cost, by its estimate")
    cap_run_usd: float | None = Field(None, ge=0, description="the most that one run may cost")
    cap_day_usd: float | None = Field(None, ge=0, description="the most that a day (UTC) may cost")
    cap_month_usd: float | None = Field(None, ge=0, description="the most that a month (UTC) may cost")
    cap_dataset_usd: dict[str, float] = Field({}, description="the most that a dataset may cost a month, by its id")
    notify_command: Words = Field(
        (), description="a command of yours, called once for each new entry of todo, which it reads as JSON"
    )
    anchor_file: Path | None = Field(None, description="where workbench audit anchor writes; on another disk, best")
    anchor_command: Words = Field((), description="a command of yours that reads each anchor as JSON and keeps it")
    notify_url: Annotated[Secret, BeforeValidator(_secret)] = Field(
        Secret(""),
        description="an https address that is told, by POST of JSON, when a schedule fails and is well again",
    )
    schedules: Entries = Field((), description="entries [[schedules]]: what runs by itself; docs/operating.md")
    price_usd_per_record: float | None = Field(None, ge=0, description="instead of each dataset's own price")

    @field_validator("brightdata_url", "webhook_url", "trafficjunky_url", "marketplace_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("give an address like https://host or http://127.0.0.1:port")
        if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("plain http is allowed to this machine only; use https")
        return value.rstrip("/")

    @field_validator("notify_url")
    @classmethod
    def _secret_address(cls, value: Secret) -> Secret:
        cls._address(value.reveal())
        return value

    @field_validator("tz")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError) as error:  # the unknown zone's own error is a KeyError
            raise ValueError("give a zone like Europe/Riga") from error
        return value

    @field_validator(
        "poll_seconds", "stall_seconds", "lease_seconds", "trigger_seconds", "backoff_seconds", "webhook_idle_seconds",
        "webhook_total_seconds", "page_seconds", "login_seconds", "keep_alive_seconds", "cool_down_seconds",
        "file_seconds",
    )  # fmt: skip
    @classmethod
    def _positive(cls, value: timedelta) -> timedelta:
        if value <= timedelta():
            raise ValueError("give a time above 0")
        return value

    @field_validator("price_usd_per_record", *_CAPS)
    @classmethod
    def _countable(cls, value: float | None) -> float | None:
        if value is not None and abs(value * 1e6 - round(value * 1e6)) > _MICRO_PART:
            raise ValueError(f"{value} is no whole number of millionths of a dollar; give one, like 0.000001 or 0.0015")
        return value

    @field_validator("cap_dataset_usd")
    @classmethod
    def _all_countable(cls, value: dict[str, float]) -> dict[str, float]:
        for amount in value.values():
            cls._countable(amount)
        return value

    @field_validator("look_gaps")
    @classmethod
    def _some(cls, value: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
        if not value or min(value) < timedelta():
            raise ValueError("give at least one time, none below 0: after the last look a lost trigger is sent again")
        return value

    # derived -------------------------------------------------------------------------------------

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    @property
    def creatives(self) -> Path:
        return self.home / self.creatives_root if self.creatives_root else self.data / "creatives"

    @property
    def archive(self) -> Path:
        return self.home / "archive"

    @property
    def database_url(self) -> str:
        # SQLAlchemy decodes the path of an address, so a folder's own % or ? has to be spelt.
        return self.ledger_url or f"sqlite:///{quote(str(self.data / 'ledger.db'))}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)


class Origin(BaseModel):
    """One setting as `doctor` shows it."""

    name: str
    value: str
    source: str
    description: str


def variable(field: str) -> str:
    """The environment variable of a setting."""
    return _WITHOUT_PREFIX.get(field, f"{PREFIX}{field.upper()}")


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings for a process of ours, as its environment: also what only code has given."""
    found = {}
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if name != "home" and value == field.get_default(call_default_factory=True):
            continue
        if isinstance(value, str | Path | int | float | timedelta | tuple | Secret):
            text = _spelt(value)
            if text is not None:
                found[variable(name)] = text
    return found


def _spelt(value: object) -> str | None:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        return shlex.join(value)
    if isinstance(value, tuple):  # of durations; a table of workbench.toml has no spelling here and is read there
        return ",".join(map(str, map(_spelt, value))) if all(isinstance(one, timedelta) for one in value) else None
    return str(value)


def _home_here() -> Path:
    """The current folder; of the folder of a home's notebooks, where Jupyter's tools run them, the home."""
    here = Path.cwd()
    is_home = any((here.parent / name).exists() for name in ("workbench.toml", "data"))
    is_own = any((here / name).exists() for name in ("workbench.toml", ".env", "data"))
    return here.parent if here.name == "notebooks" and is_home and not is_own else here


def load(
    home: str | Path | None = None, *, environ: Mapping[str, str] | None = None, **given: Any
) -> tuple[Settings, list[Origin]]:
    """The settings of `home` and where each came from; raises Misconfigured naming the setting, the place, the cure."""
    environ = os.environ if environ is None else environ
    root = Path(home or environ.get(f"{PREFIX}HOME") or _home_here()).expanduser().resolve()
    layers = [
        (TOML, _from_toml(root / TOML)),
        (".env", _by_old_words(_from_dotenv(root / ".env"))),
        ("environment", _by_variable(environ)),
        ("given", given),
    ]
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name, layer in layers:
        for field, value in layer.items():
            if value in ("", None) and name != "given":
                continue  # an empty line in .env means: not set
            values[field], origin[field] = value, name
    values["home"] = root
    try:
        settings = Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "?"
        said = first["msg"].removeprefix("Value error, ")
        raise Misconfigured(f"{variable(field)} (from {origin.get(field, 'default')}): {said}.") from None
    return settings, _origins(settings, origin)


def _origins(settings: Settings, origin: Mapping[str, str]) -> list[Origin]:
    found = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = _shown(value)
        source = origin.get(name, "default")
        found.append(Origin(name=variable(name), value=shown, source=source, description=field.description or ""))
    return found


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return "***" if value else ""
    if isinstance(value, tuple):
        return ", ".join(
            str(one.get("dataset_id", one.get("name"))) if isinstance(one, dict) else str(one) for one in value
        )
    return "" if value is None else str(value)


def _by_variable(variables: Mapping[str, str | None]) -> dict[str, Any]:
    return {field: variables[variable(field)] for field in Settings.model_fields if variable(field) in variables}


def _by_old_words(variables: Mapping[str, str | None]) -> dict[str, Any]:
    """A .env of the team's old upload tool goes on to mean what it meant; our own words win."""
    old = {field: variables[word] for field, word in _OLD_WORDS.items() if variables.get(word)}
    return {**old, **{field: value for field, value in _by_variable(variables).items() if value}}


def _from_toml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} is not TOML: {error}. Mend that line.") from error
    unknown = sorted(found.keys() - Settings.model_fields.keys())
    if unknown:
        known = ", ".join(sorted(Settings.model_fields))
        raise Misconfigured(f"{path} has {unknown[0]!r}, which is no setting. Known: {known}.")
    if secret := next((_WITHOUT_PREFIX[name] for name in _WITHOUT_PREFIX if found.get(name)), None):
        raise Misconfigured(f"{path} holds a secret; put {secret} into .env beside it, which git ignores.")
    return found


class ScheduleEntries:
    """The entries [[schedules]] as they are written now, each with its place: whoever runs them sees an edit.

    `given`: those of code, which win. Misconfigured while the file cannot be read.
    """

    def __init__(self, path: Path, given: Sequence[object] | None) -> None:
        self._path, self._given = path, given
        self._stamp: tuple[int, int] | None = None
        self._found: list[tuple[object, str]] = []

    def __call__(self) -> list[tuple[object, str]]:
        if self._given is not None:
            return self._placed(self._given, "")
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return []
        stamp = (now.st_mtime_ns, now.st_size)
        if stamp != self._stamp:
            written = cast("Sequence[object]", _entries(_from_toml(self._path).get("schedules", ())))
            self._found, self._stamp = self._placed(written, self._path.read_text("utf-8-sig")), stamp
        return self._found

    def _placed(self, entries: Sequence[object], text: str) -> list[tuple[object, str]]:
        lines = [text.count("\n", 0, match.start()) + 1 for match in _SCHEDULES_HEADER.finditer(text)]
        if len(lines) != len(entries):  # written otherwise, or not in the file
            return [(one, f"{self._path.name}, entry {number}") for number, one in enumerate(entries, 1)]
        return [(one, f"{self._path.name}, line {line}") for one, line in zip(entries, lines, strict=True)]


def _from_dotenv(path: Path) -> dict[str, str | None]:
    if not path.exists():
        return {}
    from dotenv import dotenv_values

    if stat.S_IMODE(path.stat().st_mode) & 0o077 and os.name == "posix":
        raise Misconfigured(f"{path} holds secrets and others may read it. Run: chmod 600 {path}")
    try:
        found = dict(dotenv_values(path, interpolate=False, encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from error
    known = {f"{PREFIX}HOME", *(variable(field) for field in Settings.model_fields)}
    if unknown := sorted(name for name in found if name.startswith(PREFIX) and name not in known):
        near = difflib.get_close_matches(unknown[0], known, n=1)
        meant = f" Is {near[0]} meant?" if near else " workbench doctor lists them."
        raise Misconfigured(f"{path} sets {unknown[0]}, which is no setting.{meant}")
    return found
