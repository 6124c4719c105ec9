"""What the routes share: the store, the switches, and who is asking."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Final

from workbench.sandbox.switches import Switches
from workbench.sandbox.trafficjunky.store import TrafficJunkyStore, digest
from workbench.sandbox.web import Answer, Request
from workbench.sandbox.world import World

COOKIE: Final = "trafficjunky_session"


@dataclass(frozen=True)
class Session:
    token: str
    account: str

    @property
    def key(self) -> str:
        return digest(self.token)


@dataclass
class TrafficJunkyWorld(World[TrafficJunkyStore, Switches]):
    def issue(self, account: str) -> Session:
        session = Session(secrets.token_urlsafe(30), account)
        now = time.time()
        self.store.db.run(
            "INSERT INTO tj_session (token, account, created, seen) VALUES (?, ?, ?, ?)",
            (session.key, account, now, now),
        )
        return session

    def session(self, request: Request) -> Session | None:
        """Whose request this is, by its cookie; "" and what has ended are nobody's."""
        token = request.cookies.get(COOKIE, "")
        row = self.store.db.one("SELECT * FROM tj_session WHERE token = ? AND ended IS NULL", (digest(token),))
        if row is None:
            return None
        session = Session(token, row["account"])
        if time.time() - row["seen"] > self.switches.number("session_idle_seconds"):
            self.end(session, "idle")
            return None
        return session

    def use(self, session: Session) -> None:
        """A request keeps its session alive."""
        self.store.db.run(
            "UPDATE tj_session SET seen = ?, requests = requests + 1 WHERE token = ?", (time.time(), session.key)
        )

    def end(self, session: Session, why: str) -> None:
        self.store.db.run("UPDATE tj_session SET ended = ? WHERE token = ?", (why, session.key))

    def give_cookie(self, answer: Answer, session: Session) -> Answer:
        """Every answer gives the cookie a new life, as short as the session's."""
        life = int(self.switches.number("session_idle_seconds"))
        answer.set_cookie(COOKIE, session.token, max_age=life, httponly=True, samesite="Lax")
        return answer

    def challenge(self, kind: str, session: Session | None = None, account: str | None = None) -> str:
        """A new challenge for a person, of a sign-in or in mid-session."""
        challenge_id = secrets.token_hex(8)
        word = "".join(secrets.choice("BCDFGHJKLMNPRSTVWXZ") for _ in range(5))
        self.store.db.run(
            "INSERT INTO tj_challenge (id, kind, account, session, word) VALUES (?, ?, ?, ?, ?)",
            (challenge_id, kind, session.account if session else account, session.key if session else None, word),
        )
        return challenge_id

    def open_challenge(self, session: Session) -> str | None:
        sql = "SELECT id FROM tj_challenge WHERE session = ? AND solved IS NULL"
        found = self.store.db.value(sql, (session.key,))
        return None if found is None else str(found)
