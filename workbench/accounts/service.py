"""Accounts: whose login it is, what it is worth, at which pace it acts, and the switch that stops it at once."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench import practice
from workbench.accounts import store as accounts
from workbench.accounts.health import Health, Proof, ProofState, health, prove
from workbench.accounts.model import Account
from workbench.accounts.store import CHANNELS
from workbench.db.clock import now
from workbench.engine.locks import lock_of_account
from workbench.errors import BadInput, Refused
from workbench.feature import Feature

if TYPE_CHECKING:
    from workbench.browser.session import SessionFacts

# Pauses that another session answers; all others are a person's to end.
_OF_SESSION: Final = frozenset({"session_expired", "captcha", "checkpoint"})
_LARGEST_SESSION: Final = 64 << 20
_RISING: Final = ("healthy", "warning", "error")
_FIRST: Final = ("error", "warning", "stopped", "healthy")


@dataclass(frozen=True)
class LoginWay:
    """How a person logs in to an account from where they are."""

    way: str  # window | stand-in | elsewhere
    words: str
    command: str


class Accounts(Feature):
    """What a person does with the accounts of the sites."""

    def add(self, channel: str, label: str) -> int:
        """A new account of `marketplace` or `trafficjunky`; its id. In practice it can work at once."""
        account_id = accounts.add(self.ledger, channel, label)
        self._practise(account_id)
        return account_id

    def all(self, channel: str | None = None) -> list[dict[str, Any]]:
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

    def of_channel(self, account_id: int, channel: str, what: str) -> Account:
        """The account; BadInput for one of another channel, which takes no `what`."""
        found = accounts.find(self.ledger, account_id)
        if found.channel != channel:
            raise BadInput(f"account {found.id} ({found.label}) is of {found.channel}, which takes no {what}.")
        return found

    def remove(self, account_id: int) -> None:
        """Its session is destroyed, its history stays; refused while items may still need it."""
        with self.lock(account_id):
            accounts.remove(self.ledger, account_id)
            self._parts.sessions.destroy(account_id)

    def stop(self, account_id: int) -> None:
        """Nothing more is begun for it; what is at work this moment ends."""
        accounts.switch(self.ledger, account_id, enabled=False)

    def resume(self, account_id: int, *, at_once: bool = False) -> None:
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

    def login(self, account_id: int, *, on_wait: Callable[[str], None] = lambda _: None) -> None:
        """Wait while a person logs in, in a visible browser, and keep the login. In practice, where nobody could
        see one, the stand-in issues it.
        """
        mine = accounts.find(self.ledger, account_id)
        with self.lock(account_id):
            gate = self._parts.login_gate
            if not gate.is_possible and self._practise(account_id):
                return
            gate.open(
                account_id,
                self._parts.site(mine.channel),
                wait=self.settings.login_seconds,
                on_wait=on_wait,
            )
            accounts.record_proof(self.ledger, account_id, ProofState.OK, "a person logged in")
            self._another_session(account_id)

    def logout(self, account_id: int) -> bool:
        """Destroy the saved login, here; the site is not told. False when there was none."""
        accounts.find(self.ledger, account_id)
        with self.lock(account_id):
            gone = self._parts.sessions.destroy(account_id)
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
        with self.lock(account_id):
            self._import(account_id, raw, name=str(file))

    def _import(self, account_id: int, raw: bytes, *, name: str = "the session") -> None:
        self._parts.sessions.imported(account_id, raw, name=name)
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
        issued = practice.session_of(self._parts.site(mine.channel).url, mine.label)
        if issued is None:
            return False
        self._import(account_id, issued)
        return True

    @contextlib.contextmanager
    def lock(self, account_id: int) -> Iterator[None]:
        """The account for us alone, as long as the block takes; Refused while somebody has its page open."""
        with self._parts.locks.holding(lock_of_account(account_id), "accounts") as is_ours:
            if not is_ours:
                raise Refused(
                    f"account {account_id} is at work at this moment. Wait, or stop it first: "
                    f"workbench accounts stop {account_id}"
                )
            yield

    def health(self, account_id: int | None = None, *, live: bool = True) -> dict[str, Any]:
        """The health check of one or all, in the shape that users know; `live` asks each site, one page each."""
        found = accounts.all_accounts(self.ledger) if account_id is None else [accounts.find(self.ledger, account_id)]
        done = accounts.totals(self.ledger)
        shown = [self._checked(one, done, live=live) for one in found]
        states = [one["health_status"] for one in shown]
        return {
            "overall_health": max(states, key=_RISING.index, default="healthy"),
            "summary": {"total_accounts": len(shown), **{name: states.count(name) for name in _RISING}},
            "accounts": shown,
        }

    def board(self, channel: str | None = None) -> list[dict[str, Any]]:
        """Every account as it stands, by what is known here alone, what needs somebody first.

        `standing` is its health, or `stopped`; `mend`: login, resume or health, the word of what mends it.
        """
        rows = self.all(channel)
        found = [self._on_board(row) for row in rows]
        return sorted(found, key=lambda one: (_FIRST.index(one["standing"]), one["channel"], one["label"]))

    def one(self, account_id: int) -> dict[str, Any]:
        """One account as the board has it, and how many of its items are not over."""
        row = next((one for one in self.board() if one["account_id"] == account_id), None)
        if row is None:
            accounts.find(self.ledger, account_id)  # says so
            raise BadInput(f"account {account_id} was just removed.")
        return {**row, "unfinished": accounts.unfinished(self.ledger, account_id)}

    def mark(self) -> int:
        """The last recorded event: changes whenever the board may, but for a login that grows old."""
        return self.ledger.head()[0]

    def _on_board(self, row: dict[str, Any]) -> dict[str, Any]:
        session, health = self._examined(accounts.find(self.ledger, row["account_id"]), live=False)
        is_on = row["enabled"]
        return {
            **row,
            "standing": health.status if is_on else "stopped",
            "reason": health.reason if is_on else f"stopped by its owner; otherwise: {health.reason}",
            "mend": ("login" if row["paused_kind"] in _OF_SESSION else health.mend) if is_on else "resume",
            "session_age_days": session.age_days,
        }

    def way_to_log_in(self, account_id: int) -> LoginWay:
        """How a person logs in here: in a window, by the stand-in of practice mode, or on another machine."""
        mine = accounts.find(self.ledger, account_id)
        command = f"workbench accounts login {account_id}"
        if self._parts.login_gate.is_possible:
            return LoginWay("window", f"A browser opens; log in to {mine.channel} as {mine.label} there.", command)
        if self.settings.mode == "practice":
            return LoginWay(
                "stand-in", "Nobody could see a window here; in practice the stand-in issues a login.", command
            )
        words = (
            "Nobody could see a window here. Log in on a machine with a screen by the command, copy the file of its "
            "login here, and bring it in below."
        )
        return LoginWay("elsewhere", words, command)

    def validate_session(self, account_id: int, *, live: bool = True) -> dict[str, Any]:
        """{valid, session_age_days, message, action_required} of one account, and why."""
        mine = accounts.find(self.ledger, account_id)
        session, health = self._examined(mine, live=live)
        if not session.exists:
            message = "Session file does not exist"
        else:
            message = "Session is valid" if health.status == "healthy" else "Session may be expired"
        return {
            "valid": health.status == "healthy",
            "session_age_days": session.age_days,
            "message": message,
            "action_required": health.action,
            "reason": health.reason,
        }

    def _checked(self, one: Account, done: dict[int, tuple[int, int, int]], *, live: bool) -> dict[str, Any]:
        session, health = self._examined(one, live=live)
        after = accounts.find(self.ledger, one.id)
        total, good, bad = done.get(one.id, (0, 0, 0))
        return {
            "account_id": one.id,
            "email": one.label,
            "channel": one.channel,
            "session_exists": session.exists,
            "session_valid": health.status == "healthy",
            "session_age_days": session.age_days,
            "total_posts": total,
            "posted_count": good,
            "failed_count": bad,
            "health_status": health.status,
            "reason": health.reason,
            "action_required": health.action,
            "proof": after.proof,
            "proved_at": None if after.proved_at is None else after.proved_at.isoformat(),
            "enabled": after.enabled,
        }

    def _examined(self, one: Account, *, live: bool) -> tuple[SessionFacts, Health]:
        said = self._prove(one) if live else None
        after = accounts.find(self.ledger, one.id)
        site = self._parts.site(one.channel)
        session = self._parts.sessions.about(one.id, site.login_cookies, now())
        proof, reason = after.proof, after.proof_reason
        if said is not None and said.state == ProofState.UNREACHABLE:
            proof, reason = said.state, self._parts.redactor(said.reason)
        return session, health(
            one.id,
            session,
            proof=proof,
            proof_reason=reason,
            proved_at=after.proved_at if proof == after.proof else now(),
            paused=None if after.paused_kind is None else f"paused: {after.paused_reason or after.paused_kind}",
            now=now(),
            oldest=timedelta(days=self.settings.session_days),
            logged_out=None if session.exists else self._logged_out_at(one.id),
        )

    def _logged_out_at(self, account_id: int) -> datetime | None:
        last = accounts.last_said(self.ledger, account_id, "logged_out", "session_imported")
        return last[1] if last and last[0] == "logged_out" else None

    def _prove(self, one: Account) -> Proof | None:
        """What the site shows of the account, recorded; None while somebody is at work there."""
        try:
            with self.lock(one.id):
                proof = prove(self._parts.browsing, one.id, self._parts.site(one.channel))
                if proof.is_worth_keeping:
                    accounts.record_proof(self.ledger, one.id, proof.state, self._parts.redactor(proof.reason))
        except Refused:
            return None
        return proof

    def probe(self, channel: str | None = None, account_id: int | None = None) -> list[dict[str, Any]]:
        """What each selector of a site's pack finds on the pages that can be opened by their address."""
        mine = self._account_for(channel, account_id)
        site = self._parts.site(mine.channel)
        found = []
        with self.lock(mine.id), self._parts.browsing.visit(mine.id, site) as visit:
            for page, path in site.pack.pages.items():
                visit.goto(path)
                found += [
                    {"site": site.name, "pack": str(site.pack), "on": page, "ok": one.is_good, **asdict(one)}
                    for one in visit.probe(page)
                ]
            visit.keep()
        return found

    def whose(self, text: str) -> Account:
        """The account of that number or label, also one that was removed; BadInput with the nearest labels."""
        found = accounts.whose(self.ledger, text.strip())
        if len(found) > 1:
            listed = ", ".join(f"{one.id} ({one.channel} {one.label})" for one in found)
            raise BadInput(f"{text} could be several accounts: {listed}. Give the number of one. Nothing was done.")
        if not found:
            labels = [one.label for one in accounts.all_accounts(self.ledger)]
            near = difflib.get_close_matches(text, labels, n=5, cutoff=0.4)
            like = f" Like it: {', '.join(near)}." if near else ""
            raise BadInput(f"there is no account {text}; nothing was done.{like} See: workbench accounts list")
        return found[0]

    def kept_of(self, account_id: int) -> dict[str, int]:
        """{session, evidence, errors, acts}: what there is of an account; Refused while items may still need it."""
        if waiting := accounts.unfinished(self.ledger, account_id):
            raise Refused(
                f"{waiting} items of account {account_id} are not over; cancel or resolve them first (workbench todo). "
                "Nothing was done."
            )
        is_saved = self._parts.sessions.path(account_id).exists()
        evidence = self._parts.evidence.of_account(account_id)
        return {"session": int(is_saved), "evidence": len(evidence), **accounts.said_of(self.ledger, account_id)}

    def forget_files(self, account_id: int) -> None:
        """Destroy its session and what is kept of its pages; for who has its lock."""
        self._parts.sessions.destroy(account_id)
        self._parts.evidence.forget(account_id)

    def sweep_evidence(self, *, dry: bool = True) -> list[str]:
        """Evidence whose time or room is over; never what something in review refers to. Paths below data/."""
        chosen = self.settings
        return self._parts.browsing.evidence.sweep(
            days=chosen.evidence_days, megabytes=chosen.evidence_mb, now=now(), dry=dry,
            keep=accounts.evidence_in_review(self.ledger),
        )  # fmt: skip

    def _account_for(self, channel: str | None, account_id: int | None) -> Account:
        if account_id is not None:
            mine = accounts.find(self.ledger, account_id)
            if channel not in {None, mine.channel}:
                raise BadInput(f"account {account_id} is of {mine.channel}, not of {channel}.")
            return mine
        found = accounts.all_accounts(self.ledger, channel=channel)
        if len(found) != 1:
            raise BadInput(f"{len(found)} accounts could be meant; name one with --account.")
        return found[0]
