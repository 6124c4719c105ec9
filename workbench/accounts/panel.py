"""Accounts by hand: how each stands, what needs somebody first, and the act that mends it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from workbench.accounts.model import quiet_hours
from workbench.panels.form import Field, Form
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, badge, esc, join, moment, note, tag
from workbench.panels.paged import Column, PagedTable, among
from workbench.panels.widgets import AskTwice, LiveRegion, Panel, Region, button, in_line, question, show

if TYPE_CHECKING:
    from workbench.workbench import Workbench

_COLUMNS: Final = (
    Column("label", "Account"),
    Column("health", "Health", "badge"),
    Column("reason", "Why"),
    Column("proved_at", "Proved", "time"),
    Column("site", "Channel"),
    Column("limits", "Own limits"),
    Column("succeeded", "Done", "number"),
    Column("failed", "Failed", "number"),
)
_SITES: Final = {"marketplace": "Marketplace", "trafficjunky": "TrafficJunky"}
_TONES: Final = {"healthy": "good", "warning": "waits", "error": "bad", "stopped": "plain"}
_AGE: Final = 30  # looks after which the board is read anew: a login grows old though nothing is recorded
_MINUTE: Final = 60


class AccountsPanel(Panel):
    """A table of accounts; one that is opened has its acts below it."""

    def __init__(self, wb: Workbench) -> None:
        self._wb = wb
        self._lock = threading.Lock()
        self._is_at_work = False
        self._open_id: int | None = None
        self._seen: tuple[object, ...] = ()
        self._looks, self._is_new = 0, True
        self.table = PagedTable(
            "Accounts", _COLUMNS, among(self._rows), key="account_id", on_open=self._clicked_row, size=10,
            empty="There is no account yet: workbench accounts add enters one.", zone=wb.settings.zone,
            redact=wb.parts.redactor,
        )  # fmt: skip
        self.head = Region()
        self.login = button("Log in…", "wb-account-login", style="primary")
        self.check = button("Check it at the site now", "wb-account-check")
        self.stop = button("Stop", "wb-account-stop", hint="Nothing more is begun for it; what is at work ends.")
        self.resume = AskTwice(
            "wb-account-resume", ("Let it go on…", "Yes, let it go on", "No"), lambda: self._begin(self._resume),
            question=self._question,
        )  # fmt: skip
        self.said = LiveRegion()
        self.pace = Form(
            [
                Field("gap", "Minutes between acts", "number", hint="Nothing: no gap.", check=_no_less_than_nothing),
                Field("daily", "Acts a day at most", "number", hint="Nothing: all that are due.", check=_at_least_one),
                Field("quiet", "Hours without acts", hint=f"Like 22:00-07:00, {wb.settings.zone.key}.", check=_hours),
            ],
            actions=[("pace", "Keep these limits")], on_submit=lambda _, values: self._set_pace(values),
            redact=wb.parts.redactor,
        )  # fmt: skip
        self.session = Form(
            [Field("file", "File of a saved login", hint="A storage state or exported cookies, on this machine.",
                   check=lambda text: None if text else "Give the path of the file.")],
            actions=[("import", "Bring this login in")], on_submit=lambda _, values: self._import(values),
            redact=wb.parts.redactor,
        )  # fmt: skip
        for one, work in ((self.login, self._login), (self.check, self._check), (self.stop, self._stop)):
            one.on_click(lambda _, work=work: self._begin(work))
        self.limits = button("Its own limits…", "wb-account-limits")
        self.bring = button("A login from elsewhere…", "wb-account-bring")
        for one, form in ((self.limits, self.pace), (self.bring, self.session)):
            one.on_click(lambda _, form=form: show(form, is_shown=form.layout.display == "none"))
            show(form, is_shown=False)
        acts = in_line(self.login, self.check, self.stop, self.limits, self.bring)
        self.detail = ipywidgets.VBox([self.head, acts, self.resume, self.said, self.pace, self.session])
        show(self.detail, is_shown=False)
        self.alert = Region()
        super().__init__([self.table, self.detail, self.alert])
        self.add_class("wb-accounts-panel")
        if is_by_hand():
            self.watch(wb, self._look)

    def markup(self) -> str:
        return self.table.markup()

    # the watcher's thread -------------------------------------------------------------------------

    def _look(self) -> None:
        self._looks += 1
        seen = (self._wb.accounts.mark(), self._looks // _AGE)
        if seen == self._seen:
            return
        self._seen = seen
        self.table.refresh()
        if self._is_new:
            self._is_new = False
            worst = next(iter(self._wb.accounts.board()), None)
            if worst is not None and worst["standing"] == "error":
                self._open_id = worst["account_id"]
        if self._open_id is not None:
            self._draw()

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {
                **one,
                "health": (one["standing"], _TONES[one["standing"]]),
                "site": _SITES[one["channel"]],
                "limits": limits(one),
            }
            for one in self._wb.accounts.board()
        ]

    def _clicked_row(self, key: str) -> None:
        self._open_id = int(key)
        self.resume.ask(is_asked=False)  # what was asked was about another one
        self.said.html = esc("")
        one = self._draw()
        self.pace.fill({"gap": _minutes(one["gap_seconds"]), "daily": one["daily_cap"], "quiet": _quiet(one)})
        self.pace.mistakes({})
        self.session.mistakes({})

    def _draw(self) -> Mapping[str, Any]:
        """The account that is open, as it stands now."""
        assert self._open_id is not None  # noqa: S101 - for the type checker
        one = self._wb.accounts.one(self._open_id)
        way = self._wb.accounts.way_to_log_in(self._open_id)
        self.head.html = head_of(one, way.words, way.command, self._wb.settings.zone)
        is_paused = not one["enabled"] or one["paused_kind"] is not None
        self.login.description = "Log in…" if way.way == "window" else "Log in"
        show(self.login, is_shown=way.way != "elsewhere")
        show(self.stop, is_shown=one["enabled"])
        show(self.resume, is_shown=is_paused)
        show(self.detail, is_shown=True)
        return one

    # clicks ---------------------------------------------------------------------------------------

    def _begin(self, work: Callable[[int], str]) -> None:
        with self._lock:  # callbacks may run at the same time, on threads of the kernel's choosing
            if self._is_at_work or self._open_id is None:
                return
            self._is_at_work = True
            account_id = self._open_id
        for one in (self.login, self.check, self.stop):
            one.disabled = True
        self.said.html = esc("At work…")

        def done() -> None:
            try:
                self.said.html = note("plain", work(account_id))
            except BaseException:
                self.said.html = esc("")
                raise
            finally:
                self._is_at_work = False
                for one in (self.login, self.check, self.stop):
                    one.disabled = False
                self._seen = ()  # what was proved again says the same, at another time

        self.act(self._wb, done, "account")

    def _login(self, account_id: int) -> str:
        self._wb.accounts.login(account_id, on_wait=self._waits)
        self._wb.working.start_worker()
        return f"{self._name(account_id)} is logged in. What waited for it goes on."

    def _waits(self, asked: str) -> None:
        self.said.html = note("plain", f"The browser is open: {asked}. This page goes on by itself.")

    def _check(self, account_id: int) -> str:
        found = self._wb.accounts.validate_session(account_id)
        return f"{found['message']}: {found['reason']}."

    def _stop(self, account_id: int) -> str:
        self._wb.accounts.stop(account_id)
        return f"{self._name(account_id)} is stopped: nothing more is begun for it."

    def _resume(self, account_id: int) -> str:
        self._wb.accounts.resume(account_id)
        self._wb.working.start_worker()
        return f"{self._name(account_id)} goes on."

    def _question(self) -> Html:
        one = self._wb.accounts.one(self._open_id or 0)
        number = one["unfinished"]
        waits = f"{number} {'thing' if number == 1 else 'things'} that wait{'s' if number == 1 else ''} for it"
        what = f"let {one['label']} go on at {_SITES[one['channel']]}, with {waits if number else 'nothing waiting'}"
        return question(self._wb.settings.mode, what)

    def _set_pace(self, values: Mapping[str, Any]) -> None:
        account_id = self._open_id
        if account_id is None:
            return
        self._wb.accounts.set_pace(
            account_id,
            no_limits=True,
            gap=None if values["gap"] is None else timedelta(minutes=values["gap"]),
            daily=values["daily"],
            quiet=quiet_hours(values["quiet"]) if values["quiet"] else None,
        )
        self.said.html = note("plain", f"The limits of {self._name(account_id)} are kept.")
        self.look_soon()

    def _import(self, values: Mapping[str, Any]) -> None:
        account_id = self._open_id
        if account_id is None:
            return
        self._wb.accounts.import_session(account_id, values["file"])
        self.session.fill({"file": ""})
        self._wb.working.start_worker()
        words = (
            f"{self._name(account_id)} has that login now; check it at the site. Remove the file: whoever has it is "
        )
        self.said.html = note("plain", words, "logged in.")
        self.look_soon()

    def _name(self, account_id: int) -> str:
        return str(self._wb.accounts.one(account_id)["label"])


def limits(one: Mapping[str, Any]) -> str:
    """The owner's own limits, in words."""
    parts = [
        f"{_minutes(one['gap_seconds'])} min between acts" if one["gap_seconds"] else "",
        f"{one['daily_cap']} a day" if one["daily_cap"] else "",
        f"none {_quiet(one)}" if one["quiet_from"] else "",
    ]
    return ", ".join(filter(None, parts))


def head_of(one: Mapping[str, Any], way: str, command: str, zone: Any) -> Html:
    """Who it is, how it stands and why, and how one logs in from here."""
    proved = f" Proved {moment(one['proved_at'], zone)}." if one["proved_at"] else ""
    waits = ""
    if one["wait_reason"] and one["not_before"]:
        waits = f" It acts next at {moment(one['not_before'], zone)}: {one['wait_reason']}."
    number = f" {one['unfinished']} of its things are not over." if one["unfinished"] else ""
    return join(
        [
            tag("h3", f"{one['label']} ", badge(one["standing"], _TONES[one["standing"]]), style="margin: 8px 0 4px;"),
            tag("p", f"{_sentence(one['reason'])}{proved}{waits}{number}", style="margin: 0 0 4px; line-height: 1.45;"),
            tag("p", way, " In a terminal: ", tag("code", command), style="margin: 0 0 6px; line-height: 1.45;"),
        ]
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"


def _minutes(seconds: float | None) -> float | int | None:
    if not seconds:
        return None
    minutes = seconds / _MINUTE
    return int(minutes) if minutes == int(minutes) else round(minutes, 2)


def _quiet(one: Mapping[str, Any]) -> str:
    return f"{one['quiet_from']}-{one['quiet_to']}" if one["quiet_from"] else ""


def _no_less_than_nothing(value: Any) -> str | None:
    return "A gap is not negative." if value is not None and value < 0 else None


def _at_least_one(value: Any) -> str | None:
    is_wrong = value is not None and (value < 1 or value != int(value))
    return "Give a whole number, 1 or more; Stop ends all acts." if is_wrong else None


def _hours(text: str) -> str | None:
    if text:
        quiet_hours(text)
    return None
