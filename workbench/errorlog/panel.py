"""What went wrong, by hand: the accounts, the list with its filters, and one error with its picture and its one act."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from workbench.accounts.panel import AccountsPanel
from workbench.errorlog.model import CHANNELS, SORTS, ErrorFilter, ErrorPage, Mend, class_words
from workbench.errors import BadInput
from workbench.panels.exhibit import Exhibit
from workbench.panels.form import Field, Form
from workbench.panels.front_end import is_by_hand
from workbench.panels.markup import Html, badge, dollars, esc, join, moment, note, page_link, tag
from workbench.panels.page import page
from workbench.panels.paged import Column, PagedTable, Query, Rows
from workbench.panels.widgets import AskTwice, LiveRegion, Panel, Region, button, question, show

if TYPE_CHECKING:
    from workbench.workbench import Workbench

__all__ = ["board"]  # what the notebook calls

_COLUMNS: Final = (
    Column("at", "Time", "time"),
    Column("what", "What"),
    Column("account", "Account"),
    Column("class", "Class"),
    Column("sentence", "What was said"),
    Column("tries", "Tries", "number"),
    Column("status", "Now", "badge"),
)
_SINCE: Final = (("", "any time"), ("0", "today"), ("7", "the last 7 days"), ("30", "the last 30 days"))
_NO_SUCH: Final = ("", "all")
_STEP: Final = 5.0  # seconds between two counts: they read the whole list


def board(wb: Workbench, *, channel: str = "", since_days: int = 0) -> None:
    """Show the accounts and what went wrong, newest first. `since_days`: of so many days; 0: of all of them."""
    asked = wb.errorlog.filter(channel=channel or None, since=since_days or None)
    page(wb, lambda: AccountsPanel(wb), lambda: ErrorsPanel(wb, asked))


class ErrorsPanel(Panel):
    """The list with its filters; one that is opened stands below it with what mends it."""

    def __init__(self, wb: Workbench, asked: ErrorFilter | None = None) -> None:
        self._wb = wb
        asked = asked or ErrorFilter()
        self._since = asked.since
        self._seen: object = None
        self._meant: list[str] = []  # what the question was about: a yes is about nothing else
        self._choices: dict[str, list[tuple[str, str]]] = {}
        given = [("given", "since the day that was given")] if asked.since else []
        self.filters = Form(
            [
                Field("channel", "Channel", "choice", default=asked.channel or "",
                      choices=[_NO_SUCH, *CHANNELS.items()]),
                Field("account", "Account", "choice", choices=[_NO_SUCH]),
                Field("error_class", "Class", "choice", choices=[_NO_SUCH]),
                Field("since", "Since", "choice", default="given" if given else "", choices=[*given, *_SINCE]),
                Field("is_open", "Only what is not mended", "toggle"),
            ],
            is_inline=True, redact=wb.parts.redactor,
        )  # fmt: skip
        self.filters.add_class("wb-errors-filters")
        self.filters.blank.observe(lambda _: self._filtered(), "typed")
        self.table = PagedTable(
            "What went wrong", _COLUMNS, self._rows, key="key", choose="many", on_open=self._open, sort="at",
            descending=True, empty="Nothing went wrong.", zone=wb.settings.zone, redact=wb.parts.redactor,
        )  # fmt: skip
        self.retry = AskTwice(
            "wb-errors-retry", ("Try the chosen again…", "Yes, try again", "No"), self._retry_chosen,
            question=lambda: self._question(self.table.chosen),
        )  # fmt: skip
        self.said = LiveRegion()
        self.one = ErrorPanel(wb, self._acted)
        self.table.on_choice(lambda keys: show(self.retry, is_shown=bool(keys)))
        show(self.retry, is_shown=False)
        show(self.one, is_shown=False)
        self.alert = Region()
        head = Region(html=tag("h3", "What went wrong", style="margin: 16px 0 4px;"))
        super().__init__([head, self.filters, self.table, self.retry, self.said, self.one, self.alert])
        self.add_class("wb-errors-panel")
        if is_by_hand():
            self.watch(wb, self._look)

    def markup(self) -> str:
        return self.table.markup()

    # in threads -----------------------------------------------------------------------------------

    def _rows(self, asked: Query) -> Rows:
        chosen = self._filter(asked.text)
        cut = ErrorPage(
            offset=asked.offset, limit=asked.limit, sort=asked.sort if asked.sort in SORTS else "at",
            descending=asked.descending if asked.sort else True,
        )  # fmt: skip
        rows, total = self._wb.errorlog.found(chosen, cut)
        return Rows([{**one, "class": one["class_words"], "account": one["account"] or None} for one in rows], total)

    def _filter(self, text: str = "") -> ErrorFilter:
        values = self.filters.values()
        return self._wb.errorlog.filter(
            channel=values["channel"] or None,
            account=int(values["account"]) if values["account"] else None,
            error_class=values["error_class"] or None,
            since=self._since if values["since"] == "given" else values["since"] and int(values["since"]),
            text=text,
            is_open=bool(values["is_open"]),
        )

    def _filtered(self) -> None:
        self._seen = None
        self.table.show()
        self.look_soon()

    def _look(self) -> None:
        mark = self._wb.errorlog.mark()
        if mark == self._seen:
            return
        if self._seen is not None:
            self.table.refresh()
        self._seen = mark
        self._count()
        self.one.refresh()

    def _count(self) -> None:
        """The choices of the filters, each with how many it would show."""
        counts = self._wb.errorlog.counts(self._filter())
        labels = self._wb.errorlog.labels(list(counts["account_id"]))
        choices = {
            "channel": [(name, f"{words} ({counts['channel'].get(name, 0)})") for name, words in CHANNELS.items()],
            "account": [
                (str(one), f"{labels.get(one, one)} ({number})") for one, number in sorted(counts["account_id"].items())
            ],
            "error_class": [
                (name, f"{class_words(name)} ({number})") for name, number in sorted(counts["error_class"].items())
            ],
        }
        for name, found in choices.items():
            if self._choices.get(name) != found:
                self._choices[name] = found
                self.filters.choices(name, [_NO_SUCH, *_with_chosen(found, self.filters.values()[name])])

    def _open(self, key: str) -> None:
        self.said.html = esc("")
        self.one.look_at(key)
        show(self.one, is_shown=True)

    # clicks ---------------------------------------------------------------------------------------

    def _question(self, keys: Sequence[str]) -> Html:
        self._meant = list(keys)
        return retry_question(self._wb, keys)

    def _retry_chosen(self) -> None:
        keys = self._meant

        def work() -> None:
            number = self._wb.errorlog.retry(keys)
            self._wb.working.start_worker()
            self.table.chosen = []
            self._acted(f"{number} {'is' if number == 1 else 'are'} tried again; this table follows.")

        self.said.html = esc("At work…")
        self.act(self._wb, work, "retry")

    def _acted(self, words: str) -> None:
        self.said.html = note("plain", words)
        self._seen = None
        self.table.refresh()
        self.look_soon()


class ErrorPanel(Panel):
    """One error: its picture, its sentence, and the one act that mends it."""

    def __init__(self, wb: Workbench, acted: Any) -> None:
        self._wb = wb
        self._acted = acted
        self._lock = threading.Lock()
        self._key: str | None = None
        self._account: int | None = None
        self.picture, self.texts = Exhibit(), Exhibit()
        self.words = LiveRegion()
        self.retry = AskTwice(
            "wb-error-retry", ("Try again…", "Yes, try again", "No"), lambda: self._begin(self._retry), style="primary",
            question=lambda: retry_question(self._wb, [self._key] if self._key else []),
        )  # fmt: skip
        self.login = button("Log in", "wb-error-login", style="primary")
        self.login.on_click(lambda _: self._begin(self._log_in))
        self.resume = AskTwice(
            "wb-error-resume", ("Let the account go on…", "Yes, let it go on", "No"),
            lambda: self._begin(self._let_go_on), question=lambda: question(self._wb.settings.mode, self._going_on()),
        )  # fmt: skip
        self.find = Form(
            [Field("remote_id", "It is there, as", hint="The id or the address that it has at the site.",
                   check=lambda text: None if text else "Give the id that it has there.")],
            actions=[("found", "It is there")], on_submit=lambda _, values: self._found(values["remote_id"]),
            redact=wb.parts.redactor,
        )  # fmt: skip
        self.absent = AskTwice(
            "wb-error-absent", ("It is not there: send it once more…", "Yes, send it once more", "No"),
            lambda: self._begin(self._send_again),
            question=lambda: question(self._wb.settings.mode, f"send {self._what} once more, as it is not there"),
        )  # fmt: skip
        self.abandon = AskTwice(
            "wb-error-abandon", ("Forget it…", "Yes, forget it", "No"),
            lambda: self._begin(self._forget),
            question=lambda: question(self._wb.settings.mode, f"forget {self._what}: it is not looked for any more"),
        )  # fmt: skip
        self._what = ""
        self.acts = {
            Mend.RETRY: [self.retry], Mend.EDIT: [self.retry], Mend.LOGIN: [self.login], Mend.RESUME: [self.resume],
            Mend.FIND: [self.find, self.absent, self.abandon], Mend.DECIDE: [], Mend.NOTHING: [],
        }  # fmt: skip
        self.alert = Region()
        every = [self.retry, self.login, self.resume, self.find, self.absent, self.abandon]
        right = ipywidgets.VBox(
            [self.words, *every, self.alert, self.texts], layout=ipywidgets.Layout(flex="1 1 380px", min_width="260px")
        )
        left = ipywidgets.VBox([self.picture], layout=ipywidgets.Layout(flex="0 1 auto", max_width="100%"))
        sides = ipywidgets.Layout(flex_flow="row wrap", grid_gap="0 24px", padding="8px 0 0")
        super().__init__([ipywidgets.HBox([left, right], layout=sides)])
        self.add_class("wb-error-panel")

    def look_at(self, key: str) -> None:
        """Show this one."""
        self._key = key
        for one in (self.retry, self.resume, self.absent, self.abandon):
            one.ask(is_asked=False)  # what was asked was about another one
        self.refresh(anew=True)

    def refresh(self, *, anew: bool = False) -> None:
        """As it stands now; its picture and its story are read when it is opened."""
        if self._key is None:
            return
        try:
            one = self._wb.errorlog.one(self._key)
        except BadInput:  # a snapshot that went on is no error any more
            self._key = None
            self.words.html = note("plain", f"{self._what or 'It'} went on since, and is in the list no more.")
            self._offer(Mend.NOTHING)
            return
        self._account, self._what = one["account_id"], str(one["what"])
        self.words.html = words_of(one, self._wb)
        self._offer(one["mend"])
        if one["mend"] is Mend.LOGIN and one["account_id"] is not None:
            way = self._wb.accounts.way_to_log_in(one["account_id"])
            show(self.login, is_shown=way.way != "elsewhere")
        zone = self._wb.settings.zone
        story = "\n".join(_told(each, zone) for each in one["story"])
        self.texts.fold([("What happened to it, step by step", story), ("For an engineer: the trace", one["trace"])])
        if anew:
            said = f"The page when it happened: {one['sentence']}"
            taken = f"Taken {moment(one['at'], zone)}; what was typed into it is masked."
            self.picture.show_picture(one["picture"], alt=said[:300], caption=taken)

    def _offer(self, mend: Mend) -> None:
        for each in (self.retry, self.login, self.resume, self.find, self.absent, self.abandon):
            show(each, is_shown=each in self.acts[mend])

    # clicks ---------------------------------------------------------------------------------------

    def _begin(self, work: Any) -> None:
        key = self._key
        if key is None:
            return
        self.login.disabled = True

        def done() -> None:
            try:
                self._acted(work(key))
            finally:
                self.login.disabled = False
            self.refresh()

        self.act(self._wb, done, "error")

    def _retry(self, key: str) -> str:
        self._wb.errorlog.retry([key])
        self._wb.working.start_worker()
        return f"{self._what} is tried again; the table follows."

    def _log_in(self, key: str) -> str:
        account_id = self._account or 0
        self._wb.accounts.login(account_id, on_wait=lambda asked: self._acted(f"The browser is open: {asked}."))
        self._wb.working.start_worker()
        return "The account is logged in; what waited for it goes on."

    def _let_go_on(self, key: str) -> str:
        self._wb.accounts.resume(self._account or 0)
        self._wb.working.start_worker()
        return "The account goes on, and what waited for it."

    def _going_on(self) -> str:
        one = self._wb.accounts.one(self._account or 0)
        return f"let {one['label']} go on, with {one['unfinished']} that wait for it"

    def _found(self, remote_id: str) -> None:
        if self._key is None:
            return
        self._wb.errorlog.decide(self._key, remote_id=remote_id)
        self._wb.working.start_worker()
        self._acted(f"{self._what} is {remote_id} there; it is kept so.")

    def _send_again(self, key: str) -> str:
        self._wb.errorlog.decide(key, absent=True)
        self._wb.working.start_worker()
        return f"{self._what} is sent once more."

    def _forget(self, key: str) -> str:
        self._wb.errorlog.decide(key, abandon=True)
        return f"{self._what} is forgotten."


def retry_question(wb: Workbench, keys: Sequence[str]) -> Html:
    """What trying again would do: number, names, account, and what it may cost."""
    asked = wb.errorlog.retry_of(keys)
    if not asked.keys:
        return note("plain", "None of these can be tried again: they went on since, or wait for something else.")
    price = f"; for at most {dollars(asked.micro_usd)}, ESTIMATED" if asked.micro_usd else ""
    left = len(keys) - len(asked.keys)
    more = note("plain", f"{left} of the chosen cannot be tried again, and are left as they are.") if left else ""
    return join([question(wb.settings.mode, f"{asked.words}{price}"), more])


_MENDS: Final = {
    Mend.RETRY: "It can be tried again.",
    Mend.LOGIN: "Its account has to be logged in; then it goes on by itself.",
    Mend.RESUME: "Its account waits for a person's word; then it goes on by itself.",
    Mend.FIND: "Nobody knows whether it is there. Look at the site, then say so here.",
}


def words_of(one: Mapping[str, Any], wb: Workbench) -> Html:
    """What happened, how the thing stands now, and what mends it."""
    parts = [
        tag("h3", f"{one['what']} ", badge(one["status"]), style="margin: 0 0 4px;"),
        tag("p", tag("strong", one["sentence"]), style="margin: 0 0 6px; line-height: 1.45;"),
    ]
    where = join([one["channel_words"], f", account {one['account']}" if one["account"] else ""])
    facts = f"{moment(one['at'], wb.settings.zone)}; {one['class_words']}{_tries(one)}."
    parts.append(tag("p", where, ". ", facts, style="margin: 0 0 6px; line-height: 1.45;"))
    if one["mend"] is Mend.EDIT:
        mend: object = join([
            "What the listing says is refused. Edit listing ", str(one["thing_id"]), " on the page ",
            page_link("postings", "postings"), ", then try again.",
        ])  # fmt: skip
    elif one["mend"] is Mend.DECIDE:
        mend = join(["What came of it is in doubt: decide on the page ", page_link("recovery", "recovery"), "."])
    elif one["mend"] is Mend.NOTHING:
        mend = f"Nothing is to be done. It is {one['status']} now: {one['means']}"
    else:
        mend = _MENDS[one["mend"]]
    if one["mend"] is Mend.LOGIN and one["account_id"] is not None:
        way = wb.accounts.way_to_log_in(one["account_id"])
        mend = join([mend, " ", way.words, " In a terminal: ", tag("code", way.command)])
    parts.append(tag("p", mend, style="margin: 0 0 8px; line-height: 1.45;"))
    return join(parts)


def _tries(one: Mapping[str, Any]) -> str:
    return f"; try {one['tries']}" if one["tries"] else ""


def _told(event: Mapping[str, Any], zone: Any) -> str:
    to = f" → {event['to_state']}" if event["to_state"] else ""
    why = event["facts"].get("reason") or event["facts"].get("message") or ""
    return f"{moment(event['at'], zone)}  {event['what']}{to}{f': {why}' if why else ''}"


def _with_chosen(found: Sequence[tuple[str, str]], chosen: str) -> list[tuple[str, str]]:
    """What is chosen stays a choice, also when nothing is left of it."""
    is_there = not chosen or any(name == chosen for name, _ in found)
    return [*found] if is_there else [*found, (chosen, f"{class_words(chosen)} (0)")]
