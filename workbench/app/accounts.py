"""Accounts: whose login it is, what it is worth, at which pace it acts, and the switch that stops it at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from workbench import practice
from workbench.app.asking import Asking
from workbench.errors import BadInput, Refused
from workbench.ledger import accounts
from workbench.ledger.accounts import CHANNELS
from workbench.ledger.lanes import lane_of
from workbench.ledger.records import Account

# Pauses that another session answers; all others are a person's to end.
_OF_SESSION: Final = frozenset({"session_expired", "captcha", "checkpoint"})
_LARGEST_SESSION: Final = 64 << 20


class Accounts(Asking):
    def add_account(self, channel: str, label: str) -> int:
        """A new account of `marketplace` or `trafficjunky`; its id. In practice it can work at once."""
        account_id = accounts.add(self.ledger, channel, label)
        self._practise(account_id)
        return account_id

    def accounts(self, channel: str | None = None) -> list[dict[str, Any]]:
        """Every account with its pace, why it waits, and how much it did."""
        if channel is not None and channel not in CHANNELS:
            raise BadInput(f"{channel!r} is no channel; there are {', '.join(CHANNELS)}.")
        done = accounts.totals(self.ledger)
        return [self._as_row(one, done) for one in accounts.all_accounts(self.ledger, channel=channel)]

    @staticmethod
    def _as_row(one: Account, done: dict[int, tuple[int, int, int]]) -> dict[str, Any]:
        told = asdict(one)
        told.pop("removed_at")
        total, good, bad = done.get(one.id, (0, 0, 0))
        return {"account_id": told.pop("id"), **told, "total": total, "succeeded": good, "failed": bad}

    def _account_of(self, account_id: int, channel: str, what: str) -> Account:
        """The account; BadInput for one of another channel, which takes no `what`."""
        found = accounts.find(self.ledger, account_id)
        if found.channel != channel:
            raise BadInput(f"account {found.id} ({found.label}) is of {found.channel}, which takes no {what}.")
        return found

    def remove_account(self, account_id: int) -> None:
        """Its session is destroyed, its history stays; refused while items may still need it."""
        with self.account_lane(account_id):
            accounts.remove(self.ledger, account_id)
            self.sessions.destroy(account_id)

    def stop_account(self, account_id: int) -> None:
        """Nothing more is begun for it; what is at work this moment ends."""
        accounts.switch(self.ledger, account_id, enabled=False)

    def resume_account(self, account_id: int, *, at_once: bool = False) -> None:
        """It may go on; `at_once` also ends a cool-down."""
        accounts.resume(self.ledger, account_id, now_too=at_once)

    def set_pace(
        self,
        account_id: int,
        *,
        gap: timedelta | None = None,
        daily: int | None = None,
        quiet: tuple[str, str] | None = None,
        no_limits: bool = False,
    ) -> None:
        """The least time between two acts, the most acts a day, hours (HH:MM, HH:MM) without any."""
        values: dict[str, Any] = {}
        if no_limits:
            values = {"gap_seconds": 0.0, "daily_cap": None, "quiet_from": None, "quiet_to": None}
        if gap is not None:
            values["gap_seconds"] = gap.total_seconds()
        if daily is not None:
            values["daily_cap"] = daily
        if quiet is not None:
            values |= {"quiet_from": quiet[0], "quiet_to": quiet[1]}
        if not values:
            raise BadInput("give at least one of a gap, a daily cap, quiet hours.")
        if values.get("gap_seconds", 0) < 0 or (daily is not None and daily < 1):
            raise BadInput("a gap is not negative, and a daily cap is 1 or more; accounts stop ends all acts.")
        accounts.set_pace(self.ledger, account_id, values)

    def may_act_from(self, account_id: int) -> datetime | None:
        """Before when the owner's daily cap or quiet hours forbid an act; None: now is fine."""
        return accounts.may_act_from(self.ledger, account_id, self.settings.zone)

    def todo(self) -> list[dict[str, Any]]:
        return super().todo() + self.accounts_waiting()

    def accounts_waiting(self) -> list[dict[str, Any]]:
        """Paused accounts, as `todo` shows what waits for a person."""
        return [
            {
                "kind": "account",
                "id": str(one.id),
                "why": f"{one.channel} {one.label}: {one.paused_reason or one.paused_kind}",
                "command": f"workbench accounts login {one.id}"
                if one.paused_kind in _OF_SESSION
                else f"workbench accounts resume {one.id}",
            }
            for one in accounts.all_accounts(self.ledger)
            if one.paused_kind is not None
        ]

    # sessions -------------------------------------------------------------------------------------

    def login(self, account_id: int, *, on_wait: Callable[[str], None] = lambda _: None) -> None:
        """Wait while a person logs in, in a visible browser, and keep the login. In practice, where nobody could
        see one, the stand-in issues it.
        """
        from workbench.browser.health import ProofState
        from workbench.browser.login import can_show, gate

        mine = accounts.find(self.ledger, account_id)
        with self.account_lane(account_id):
            if not can_show() and self._practise(account_id):
                return
            gate(self.browsing, account_id, self.site(mine.channel), wait=self.settings.login_seconds, on_wait=on_wait)
            accounts.record_proof(self.ledger, account_id, ProofState.OK, "a person logged in")
            self._another_session(account_id)

    def logout(self, account_id: int) -> bool:
        """Destroy the saved login, here; the site is not told. False when there was none."""
        accounts.find(self.ledger, account_id)
        with self.account_lane(account_id):
            gone = self.sessions.destroy(account_id)
            if gone:
                accounts.forget_proof(self.ledger, account_id, "logged_out")
        return gone

    def import_session(self, account_id: int, path: str | Path) -> None:
        """Take in a login that another tool, browser or machine saved; BadInput says what is wrong with it."""
        accounts.find(self.ledger, account_id)
        file = Path(path).expanduser()
        try:
            if file.stat().st_size > _LARGEST_SESSION:
                raise BadInput(f"{file} is larger than any saved login; give a storage state or exported cookies.")
            raw = file.read_bytes()
        except OSError as error:
            raise BadInput(
                f"{file}: {error.strerror}. Give the file of a storage state or of exported cookies."
            ) from error
        with self.account_lane(account_id):
            self._import(account_id, raw, name=str(file))

    def _import(self, account_id: int, raw: bytes, *, name: str = "the session") -> None:
        self.sessions.imported(account_id, raw, name=name)
        accounts.forget_proof(self.ledger, account_id, "session_imported")
        self._another_session(account_id)

    def _another_session(self, account_id: int) -> None:
        """Ends a pause that waited for one; should it be no better, the account pauses again at its first page."""
        if accounts.find(self.ledger, account_id).paused_kind in _OF_SESSION:
            accounts.resume(self.ledger, account_id)

    def _practise(self, account_id: int) -> bool:
        """In practice, a ready login from our own stand-in; False where none of ours answers."""
        if self.settings.mode != "practice":
            return False
        mine = accounts.find(self.ledger, account_id)
        issued = practice.session_of(self.site(mine.channel).url, mine.label)
        if issued is None:
            return False
        self._import(account_id, issued)
        return True

    @contextlib.contextmanager
    def account_lane(self, account_id: int) -> Iterator[None]:
        """The account for us alone, as long as the block takes; Refused while somebody has its page open."""
        with self.lanes.holding(lane_of(account_id), "accounts") as is_ours:
            if not is_ours:
                raise Refused(
                    f"account {account_id} is at work at this moment. Wait, or stop it first: "
                    f"workbench accounts stop {account_id}"
                )
            yield
