"""One entry ``[[schedules]]`` of workbench.toml: what is due, when, with which parameters, what is wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError

from workbench.parsing import RELATIVE_DAY, relative_day
from workbench.schedule.cron import why_wrong

_NAME: Final = re.compile(r"\w[\w .-]{0,39}")
_LIKE_RELATIVE: Final = re.compile(r"today\s*[+-].*|yesterday|tomorrow", re.DOTALL)
_DATE_OPTIONS: Final = frozenset({"--start", "--end"})
# What never ends by itself, or would be the scheduler within itself.
_ENDLESS: Final = (("schedule",), ("lab",), ("deliveries", "serve"), ("sandbox", "serve"))
ON_TIME: Final = timedelta(minutes=1)  # a tick that is seen so soon was not missed
NEEDED_FOR_CAP: Final = "approve_usd"  # the parameter that bounds what a notebook may order
_BEGINS_A_RUN: Final = (("collect", "run"), ("collect", "start"))


class TickOutcome(StrEnum):
    """How a tick ended where no notebook says it; a notebook's own outcomes are kept as they are."""

    RUNNING = "running"
    MISSED = "missed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # exit code 1, and any that we do not know
    REFUSED = "refused"  # wrong use or refused before anything was done
    PERSON = "person"  # a person is needed
    UNSURE = "unsure"  # unsure, or out of time
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"  # whoever ran it was asked to stop
    CRASHED = "crashed"  # whoever ran it was killed


# Says neither that it fails nor that it is well again.
NEUTRAL: Final = frozenset({TickOutcome.RUNNING, TickOutcome.MISSED, TickOutcome.CANCELLED})
OF_EXIT: Final = {
    0: TickOutcome.SUCCEEDED, 1: TickOutcome.FAILED, 2: TickOutcome.REFUSED, 3: TickOutcome.PERSON,
    4: TickOutcome.UNSURE,
}  # fmt: skip


class Schedule(BaseModel):
    """One entry, checked as far as it can be without asking anything else."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: StrictStr
    cron: StrictStr
    zone: StrictStr
    notebook: StrictStr | None = None
    command: tuple[StrictStr, ...] = ()
    parameters: dict[str, Any] = {}
    catch_up: Literal["skip", "latest", "all"] = "skip"
    within_hours: Annotated[float, Field(ge=0, le=8760)] = 24
    cap_usd: Annotated[float, Field(ge=0)] | None = None
    notify: StrictBool = True
    paused: StrictBool = False

    @property
    def spec(self) -> dict[str, Any]:
        """What decides when it is due; when one of it changes, ticks are counted from then on."""
        return {"cron": self.cron, "zone": self.zone, "paused": self.paused}

    @property
    def at_most_late(self) -> timedelta:
        """How late a tick is still run."""
        return ON_TIME if self.catch_up == "skip" else max(ON_TIME, timedelta(hours=self.within_hours))

    def local_day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()

    def parameters_on(self, day: date) -> dict[str, Any]:
        """The notebook's parameters for a tick of `day`: `today-7d` is a week before it."""
        return {name: _on(day, value) for name, value in self.parameters.items()}

    def words_on(self, day: date) -> list[str]:
        """The command's words for a tick of `day`; what follows --start and --end may be `today-7d` too."""
        before = ("", *self.command)
        return [_on(day, word) if option in _DATE_OPTIONS else word for option, word in pairwise(before)]


def _on(day: date, value: Any) -> Any:
    found = relative_day(value, day) if isinstance(value, str) else None
    return value if found is None else found.isoformat()


@dataclass(frozen=True)
class WrongSchedule:
    """An entry that cannot be run: its name (or number), its place, and what is wrong with the cure."""

    name: str
    where: str
    why: str

    @property
    def said(self) -> str:
        return f"{self.where}: schedule {self.name!r} {self.why}."


def read_schedules(
    entries: Sequence[object], places: Sequence[str], *, zone: str
) -> tuple[list[Schedule], list[WrongSchedule]]:
    """The entries that can be run, and those that cannot; `zone` is that of entries that name none."""
    right: list[tuple[Schedule, str]] = []
    wrong: list[WrongSchedule] = []
    for number, (entry, where) in enumerate(zip(entries, places, strict=True), 1):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        named = name if isinstance(name, str) and name else str(number)
        try:
            right.append((_read(entry, zone), where))
        except ValidationError as error:
            wrong.append(WrongSchedule(named, where, _said(error)))
        except ValueError as error:
            wrong.append(WrongSchedule(named, where, str(error)))
    count = Counter(_key(one.name) for one, _ in right)
    for one, where in right:
        if count[_key(one.name)] > 1:
            why = f"is there {count[_key(one.name)]} times, so none of them runs; give each a name of its own"
            wrong.append(WrongSchedule(one.name, where, why))
    return [one for one, _ in right if count[_key(one.name)] == 1], wrong


def _key(name: str) -> str:
    """Two names that a person takes for one are one."""
    return unicodedata.normalize("NFKC", name).casefold()


def _read(entry: object, zone: str) -> Schedule:
    if not isinstance(entry, Mapping):
        raise ValueError(  # noqa: TRY004 - an entry that is wrong, like any other
            'is no table; begin each entry with a line [[schedules]] and give it a name, cron = "0 7 * * *"'
        )
    found = Schedule.model_validate({"zone": zone, **entry})
    for check in (_why_name, _why_time, _why_work, _why_parameters, _why_cap):
        if why := check(found):
            raise ValueError(why)
    return found


def _said(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][:1])
    if first["type"] == "extra_forbidden":
        return f"has {field!r}, which is no word of a schedule; there are {', '.join(Schedule.model_fields)}"
    if first["type"] == "missing":
        return f"has no {field}; give it one"
    if field == "command":
        return 'has a command that is no list of words; write ["recover", "adopt", "--all"]'
    return f"has a wrong {field}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def _why_name(one: Schedule) -> str | None:
    if _NAME.fullmatch(one.name) and one.name == one.name.strip():
        return None
    return "has a name that cannot be used; give up to 40 letters, digits, spaces, dots and dashes"


def _why_time(one: Schedule) -> str | None:
    if why := why_wrong(one.cron):
        return f"with cron {one.cron!r} {why}"
    try:
        ZoneInfo(one.zone)
    except (OSError, ValueError, KeyError):  # the unknown zone's own error is a KeyError
        return f"names the zone {one.zone!r}, which is not known; give one like Europe/Riga"
    return None


def _why_work(one: Schedule) -> str | None:
    if (one.notebook is None) == (not one.command):
        return 'needs either a notebook ("runs", or the path of one) or a command (["work", "--until-idle"])'
    if one.command[:1] in {("workbench",), ("python",), ("python3",)}:
        return f"begins its command with {one.command[0]!r}; leave that out, and give the words behind it"
    if any(one.command[: len(words)] == words for words in _ENDLESS):
        return f"would run {' '.join(one.command[:2])}, which never ends; run that as a service of its own"
    if one.command[:1] == ("work",) and not {"--until-idle", "--timeout"} & set(one.command):
        return 'would work without end; give ["work", "--until-idle"]'
    return None


def _why_parameters(one: Schedule) -> str | None:
    if one.command and one.parameters:
        return "has parameters, which a command does not take; put them among its words"
    for name, value in one.parameters.items():
        if isinstance(value, str) and _LIKE_RELATIVE.fullmatch(value) and not RELATIVE_DAY.fullmatch(value):
            return f"gives {name} = {value!r}, which is no day; write today, today-7d or today+1d"
    return None


def _why_cap(one: Schedule) -> str | None:
    if one.cap_usd is None or not one.command or one.command[:2] in _BEGINS_A_RUN:
        return None
    return (
        f"has cap_usd, and {' '.join(one.command[:2])} orders nothing that it could bound; take it out, or set "
        "WORKBENCH_CAP_DAY_USD, which bounds everything"
    )


@dataclass(frozen=True)
class Tick:
    """One time at which a schedule is due, as it stands in the ledger."""

    schedule: str
    at: datetime
    outcome: str
    reason: str | None = None
    execution_id: str | None = None
    log: str | None = None
    by_hand: bool = False
    owner: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_bad(self) -> bool:
        return self.outcome != TickOutcome.SUCCEEDED and self.outcome not in NEUTRAL


@dataclass(frozen=True)
class TickEnd:
    """How the work of a tick ended."""

    outcome: str
    reason: str | None = None


def chosen_of(due: Sequence[datetime], at: datetime, one: Schedule, *, is_all: bool = True) -> datetime | None:
    """Which of the undecided ticks (oldest first) is run now; those before it are missed, those behind it wait.

    None: all of them are missed. `is_all`: no younger one is due; otherwise only `all` runs one of these.
    """
    if one.catch_up == "all":
        return next((each for each in due if at - each <= one.at_most_late), None)
    return due[-1] if due and is_all and at - due[-1] <= one.at_most_late else None
