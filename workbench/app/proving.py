"""What the accounts' logins and the selector packs are worth: asked of the sites, told as users know it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from workbench.app.accounts import Accounts
from workbench.errors import BadInput, Refused
from workbench.ledger import accounts
from workbench.ledger.clock import now
from workbench.ledger.records import Account

if TYPE_CHECKING:
    from workbench.browser.health import Health, Proof
    from workbench.browser.session import SessionFacts

_RISING: Final = ("healthy", "warning", "error")


class Proving(Accounts):
    def health(self, account_id: int | None = None, *, live: bool = True) -> dict[str, Any]:
        """The health check of one or all, in the shape that users know; `live` asks each site, one page each."""
        found = accounts.all_accounts(self.ledger) if account_id is None else [accounts.find(self.ledger, account_id)]
        shown = [self._checked(one, live=live) for one in found]
        states = [one["health_status"] for one in shown]
        return {
            "overall_health": max(states, key=_RISING.index, default="healthy"),
            "summary": {"total_accounts": len(shown), **{name: states.count(name) for name in _RISING}},
            "accounts": shown,
        }

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

    def _checked(self, one: Account, *, live: bool) -> dict[str, Any]:
        session, health = self._examined(one, live=live)
        after = accounts.find(self.ledger, one.id)
        total, good, bad = accounts.totals(self.ledger).get(one.id, (0, 0, 0))
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
        from workbench.browser.health import ProofState, health

        said = self._prove(one) if live else None
        after = accounts.find(self.ledger, one.id)
        site = self.site(one.channel)
        session = self.sessions.about(one.id, site.login_cookies, now())
        proof, reason = after.proof, after.proof_reason
        if said is not None and said.state == ProofState.UNREACHABLE:
            proof, reason = said.state, self.redactor(said.reason)
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
        from workbench.browser.health import prove

        try:
            with self.account_lane(one.id):
                proof = prove(self.browsing, one.id, self.site(one.channel))
                if proof.is_worth_keeping:
                    accounts.record_proof(self.ledger, one.id, proof.state, self.redactor(proof.reason))
        except Refused:
            return None
        return proof

    # selectors and evidence -----------------------------------------------------------------------

    def probe(self, channel: str | None = None, account_id: int | None = None) -> list[dict[str, Any]]:
        """What each selector of a site's pack finds on the pages that can be opened by their address."""
        mine = self._account_for(channel, account_id)
        site = self.site(mine.channel)
        found = []
        with self.account_lane(mine.id), self.browsing.visit(mine.id, site) as visit:
            for page, path in site.pack.pages.items():
                visit.goto(path)
                found += [
                    {"site": site.name, "pack": str(site.pack), "on": page, "ok": one.is_good, **asdict(one)}
                    for one in visit.probe(page)
                ]
            visit.keep()
        return found

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

    def sweep_evidence(self, *, dry: bool = True) -> list[str]:
        """Evidence whose time or room is over; never what something in review refers to. Paths below data/."""
        keep = accounts.evidence_in_review(self.ledger)
        chosen = self.settings
        return self.browsing.evidence.sweep(
            days=chosen.evidence_days, megabytes=chosen.evidence_mb, keep=keep, now=now(), dry=dry
        )
