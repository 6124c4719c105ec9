"""What an account's login is worth: what the saved file tells, what was last proved at the site, and both together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from workbench.errors import Fault, WorkbenchError

if TYPE_CHECKING:  # Playwright costs every command a tenth of a second
    from workbench.browser.account_page import Browsing
    from workbench.browser.session import SessionFacts
    from workbench.browser.sites import Site

FRESH: Final = timedelta(hours=24)


class ProofState(StrEnum):
    OK = "ok"
    NO_SESSION = "no_session"
    EXPIRED = "expired"  # by its own cookie; the site was not asked
    LOGGED_OUT = "logged_out"  # said the site
    CAPTCHA = "captcha"
    CHECKPOINT = "checkpoint"
    RESTRICTED = "restricted"
    LIMITED = "limited"
    UNREACHABLE = "unreachable"  # the site, or the browser: nothing was proved
    UNKNOWN = "unknown"


_BY_FAULT: Final = {
    "session_expired": ProofState.LOGGED_OUT,
    "captcha": ProofState.CAPTCHA,
    "checkpoint": ProofState.CHECKPOINT,
    "account_restricted": ProofState.RESTRICTED,
    "rate_limit": ProofState.LIMITED,
    "network_error": ProofState.UNREACHABLE,
    "timeout": ProofState.UNREACHABLE,
    "browser_closed": ProofState.UNREACHABLE,
    "environment": ProofState.UNREACHABLE,
}
# The site said so itself, and no time will mend it.
BLOCKING: Final = frozenset({ProofState.LOGGED_OUT, ProofState.CAPTCHA, ProofState.CHECKPOINT, ProofState.RESTRICTED})


@dataclass(frozen=True)
class Proof:
    state: ProofState
    reason: str
    fault: Fault | None = None

    @property
    def is_worth_keeping(self) -> bool:
        """The site itself has answered; anything else leaves the last proof as it was."""
        return self.state not in {ProofState.NO_SESSION, ProofState.EXPIRED, ProofState.UNREACHABLE}


def prove(browsing: Browsing, account_id: int, site: Site) -> Proof:
    """Ask the site: one page, by what only a login shows. What the file alone can tell is not asked for."""
    known = browsing.sessions.about(account_id, site.login_cookies, datetime.now(UTC))
    if not known.exists:
        return Proof(ProofState.NO_SESSION, "there is no saved login")
    if known.is_expired:
        return Proof(ProofState.EXPIRED, f"the login cookie ended at {_when(known.cookie_expires_at)}")
    try:
        with browsing.visit(account_id, site) as visit:
            visit.goto(site.start)
            if visit.keep():
                return Proof(ProofState.OK, f"the site showed {site.start} to us as logged in")
            visit.check()
            return Proof(ProofState.UNKNOWN, "the page showed us neither as logged in nor as logged out")
    except WorkbenchError as error:
        kind = error.fault.kind if error.fault else "unknown"
        return Proof(_BY_FAULT.get(kind, ProofState.UNKNOWN), error.message, error.fault)


# All that is known, in the words of the health check -----------------------------------------------


_COMMANDS: Final = {
    "login": "workbench accounts login",
    "resume": "workbench accounts resume",
    "health": "workbench accounts health",
}


@dataclass(frozen=True)
class Health:
    status: str  # healthy | warning | error
    reason: str
    mend: str | None = None  # login | resume | health: the word of `workbench accounts` that mends it
    account_id: int = 0

    @property
    def action(self) -> str | None:
        """The command that mends it."""
        return self.mend and f"{_COMMANDS[self.mend]} {self.account_id}"


def health(
    account_id: int,
    session: SessionFacts,
    *,
    proof: str | None,
    proof_reason: str | None,
    proved_at: datetime | None,
    paused: str | None,
    now: datetime,
    oldest: timedelta,
    logged_out: datetime | None = None,
) -> Health:
    """`proof` is of the session that is saved now; the caller leaves out one of an earlier session.

    `logged_out`: when the last session was destroyed here, on purpose.
    """
    age = f"the session is {session.age_days or 0:.0f} days old, which is more than {oldest.days}"
    is_blocked = proof in BLOCKING
    mend = "resume" if proof == ProofState.RESTRICTED else "login"  # another login ends no restriction
    rules = (
        (not session.exists, Health("error", f"no session: {_why_none(logged_out)}", "login")),
        (session.is_damaged, Health("error", "the saved session cannot be read", "login")),
        (is_blocked, Health("error", f"{_SAID.get(proof or '')}: {proof_reason}", mend)),
        (bool(paused), Health("error", paused or "", "resume")),
        (
            session.is_expired,
            Health("error", f"the login cookie expired at {_when(session.cookie_expires_at)}", "login"),
        ),
        (not session.mode_ok, Health("error", "others may read the saved session, so it is not used", "login")),
        (timedelta(days=session.age_days or 0) > oldest, Health("warning", age, "login")),
    )
    found = next((health for applies, health in rules if applies), None)
    return replace(found or _by_proof(proof, proof_reason, proved_at, now), account_id=account_id)


def _why_none(logged_out: datetime | None) -> str:
    return f"logged out here at {_when(logged_out)}" if logged_out else "nobody has logged in yet"


def _by_proof(proof: str | None, proof_reason: str | None, proved_at: datetime | None, now: datetime) -> Health:
    if proved_at is None or proof is None:
        return Health("warning", "the session was never proved at the site", "health")
    ago = now - proved_at
    if proof != ProofState.OK:
        return Health("warning", f"{_SAID.get(proof, proof)}: {proof_reason}", "health")
    if ago > FRESH:
        return Health("warning", f"last proved at the site {ago / timedelta(hours=1):.0f} hours ago", "health")
    return Health("healthy", f"proved at the site {_ago(ago)} ago")


_SAID: Final[dict[str, str]] = {
    ProofState.OK: "proved",
    ProofState.NO_SESSION: "no session",
    ProofState.EXPIRED: "the session expired",
    ProofState.LOGGED_OUT: "logged out at the site",
    ProofState.CAPTCHA: "the site asks for a person",
    ProofState.CHECKPOINT: "at a checkpoint of the site",
    ProofState.RESTRICTED: "restricted by the site",
    ProofState.LIMITED: "limited by the site for now",
    ProofState.UNREACHABLE: "the site could not be reached",
    ProofState.UNKNOWN: "the site showed a page that we do not know",
}


def _when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "an unknown time"


def _ago(ago: timedelta) -> str:
    minutes = max(0, round(ago / timedelta(minutes=1)))
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # noqa: PLR2004 - two hours read better as hours
