"""Tables of the site and the questions asked of them; what was accepted is committed before it is answered."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from workbench.sandbox.database import Row
from workbench.sandbox.dice import Dice
from workbench.sandbox.notes import Store

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS marketplace_account (
    label TEXT PRIMARY KEY, user_id TEXT NOT NULL UNIQUE, gate TEXT NOT NULL DEFAULT '',
    kept TEXT NOT NULL DEFAULT '{}', sign_ins INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS marketplace_session (
    xs TEXT PRIMARY KEY, label TEXT NOT NULL, opened INTEGER NOT NULL DEFAULT 0, ended INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS marketplace_signin (
    token TEXT PRIMARY KEY, label TEXT NOT NULL DEFAULT '', solved INTEGER NOT NULL DEFAULT 0, seen REAL NOT NULL,
    onward TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS marketplace_photo (
    id TEXT PRIMARY KEY, label TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS marketplace_listing (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, label TEXT NOT NULL, state TEXT NOT NULL,
    content TEXT NOT NULL, photos TEXT NOT NULL, created REAL NOT NULL
);
"""
_WAITING_SECONDS: Final = 30.0  # a login page that has not asked for so long is closed


@dataclass(frozen=True)
class Account:
    label: str
    user_id: str
    gate: str  # what a person has to lift: "", "checkpoint" or "captcha"
    # What the form remembers of the last listing.
    kept: Mapping[str, Any]
    sign_ins: int


@dataclass(frozen=True)
class Listing:
    number: int
    id: str
    label: str
    state: str  # live, review or draft
    content: Mapping[str, Any]
    photos: tuple[str, ...]
    created: float

    @property
    def path(self) -> str:
        if self.state == "draft":
            return f"/marketplace/edit/?listing_id={self.id}"
        return f"/commerce/listing/{self.id}/" if self.state == "review" else f"/marketplace/item/{self.id}/"


def _listing(row: Row) -> Listing:
    fields = {name: row[name] for name in Listing.__dataclass_fields__}
    return Listing(**{**fields, "content": json.loads(row["content"]), "photos": tuple(json.loads(row["photos"]))})


class MarketplaceStore(Store):
    service = "marketplace"
    tables: ClassVar = tuple(f"marketplace_{name}" for name in ("account", "session", "signin", "photo", "listing"))

    def account(self, label: str) -> Account:
        """The account of this name; it exists from the first time that somebody asks for it."""
        with self.db.writing():
            row = self.db.one("SELECT * FROM marketplace_account WHERE label = ?", (label,))
            if row is None:
                user_id = "1000" + Dice(self.seed, "user", label).digits(11)
                self.db.run("INSERT INTO marketplace_account (label, user_id) VALUES (?, ?)", (label, user_id))
                return Account(label, user_id, "", {}, 0)
        return _account(row)

    def accounts(self) -> list[Account]:
        return [_account(row) for row in self.db.all("SELECT * FROM marketplace_account ORDER BY rowid")]

    def set_gate(self, label: str, gate: str) -> None:
        self.db.run("UPDATE marketplace_account SET gate = ? WHERE label = ?", (gate, label))

    def keep(self, label: str, kept: Mapping[str, Any]) -> None:
        self.db.run("UPDATE marketplace_account SET kept = ? WHERE label = ?", (json.dumps(kept), label))

    # sessions

    def open_session(self, label: str, *, signed_in: bool = False) -> str:
        """The value of a new cookie `xs`; not of the seed, so that none of an earlier world fits."""
        self.account(label)
        xs = f"{secrets.randbelow(90) + 10}:{secrets.token_urlsafe(12)}:2:{int(time.time())}:-1:-1"
        with self.db.writing():
            self.db.run("INSERT INTO marketplace_session (xs, label) VALUES (?, ?)", (xs, label))
            self.db.run(
                "UPDATE marketplace_account SET sign_ins = sign_ins + ? WHERE label = ?", (int(signed_in), label)
            )
        return xs

    def session_account(self, xs: str, user_id: str) -> Account | None:
        sql = (
            "SELECT a.* FROM marketplace_session s JOIN marketplace_account a USING (label)"
            " WHERE s.xs = ? AND a.user_id = ? AND NOT s.ended"
        )
        row = self.db.one(sql, (xs, user_id))
        return None if row is None else _account(row)

    def count_opened(self, xs: str) -> int:
        with self.db.writing():
            self.db.run("UPDATE marketplace_session SET opened = opened + 1 WHERE xs = ?", (xs,))
            return int(self.db.value("SELECT opened FROM marketplace_session WHERE xs = ?", (xs,)))

    def end_session(self, xs: str) -> None:
        self.db.run("UPDATE marketplace_session SET ended = 1 WHERE xs = ?", (xs,))

    # sign-ins that wait for their person

    def begin_signin(self, onward: str) -> str:
        token = secrets.token_urlsafe(12)
        self.db.run(
            "INSERT INTO marketplace_signin (token, seen, onward) VALUES (?, ?, ?)", (token, time.time(), onward)
        )
        return token

    def signin(self, token: str) -> Row | None:
        """The sign-in of this token, which is thereby known to be waited for still."""
        self.db.run("UPDATE marketplace_signin SET seen = ? WHERE token = ?", (time.time(), token))
        return self.db.one("SELECT * FROM marketplace_signin WHERE token = ?", (token,))

    def name_signin(self, token: str, label: str) -> None:
        self.db.run("UPDATE marketplace_signin SET label = ? WHERE token = ?", (label, token))

    def solve_signin(self, label: str, token: str = "") -> bool:
        """The person's part, for the sign-in of this token, or the newest of this account or of nobody yet."""
        with self.db.writing():
            row = self.db.one(
                "SELECT token FROM marketplace_signin WHERE NOT solved AND label IN (?, '') AND seen > ?"
                " AND (? = '' OR token = ?) ORDER BY label DESC, seen DESC LIMIT 1",
                (label, time.time() - _WAITING_SECONDS, token, token),
            )
            if row is None:
                return False
            sql = "UPDATE marketplace_signin SET label = ?, solved = 1 WHERE token = ?"
            self.db.run(sql, (label, row["token"]))
            return True

    def finish_signin(self, token: str) -> Row | None:
        """The sign-in of this token, once: whoever else finishes it gets none."""
        with self.db.writing():
            row = self.db.one("SELECT * FROM marketplace_signin WHERE token = ?", (token,))
            self.db.run("DELETE FROM marketplace_signin WHERE token = ?", (token,))
            return row

    # photos and listings

    def add_photo(self, label: str, size: int, sha256: str) -> str:
        with self.db.writing():
            number = self.notes.bump("ids:photo")
            photo_id = Dice(self.seed, "photo", number).digits(15)
            self.db.run("INSERT INTO marketplace_photo VALUES (?, ?, ?, ?)", (photo_id, label, size, sha256))
        return photo_id

    def photo(self, photo_id: str, label: str) -> Row | None:
        return self.db.one("SELECT * FROM marketplace_photo WHERE id = ? AND label = ?", (photo_id, label))

    def photo_hashes(self, photo_ids: tuple[str, ...]) -> list[str]:
        sql = "SELECT sha256 FROM marketplace_photo WHERE id = ?"
        return [str(self.db.value(sql, (each,))) for each in photo_ids]

    def add_listing(self, label: str, state: str, content: Mapping[str, Any], photos: list[str]) -> Listing:
        with self.db.writing():
            listing_id = "77" + Dice(self.seed, "listing", self.notes.bump("ids:listing")).digits(14)
            self.db.run(
                "INSERT INTO marketplace_listing (id, label, state, content, photos, created)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (listing_id, label, state, json.dumps(content), json.dumps(photos), time.time()),
            )
            found = self.listing(listing_id)
        if found is None:
            raise LookupError(listing_id)
        return found

    def change_listing(self, listing_id: str, state: str, content: Mapping[str, Any], photos: list[str]) -> None:
        """A draft that is published is created at that moment; an edited listing keeps its time."""
        self.db.run(
            "UPDATE marketplace_listing SET created = iif(state = 'draft' AND :state <> 'draft', :now, created),"
            " content = :content, photos = :photos, state = :state WHERE id = :id",
            {
                "state": state,
                "now": time.time(),
                "content": json.dumps(content),
                "photos": json.dumps(photos),
                "id": listing_id,
            },
        )

    def listing(self, listing_id: str) -> Listing | None:
        row = self.db.one("SELECT * FROM marketplace_listing WHERE id = ?", (listing_id,))
        return None if row is None else _listing(row)

    def listings(self, label: str | None = None, *, until: float | None = None) -> list[Listing]:
        """Newest first."""
        rows = self.db.all(
            "SELECT * FROM marketplace_listing WHERE (?1 IS NULL OR label = ?1) AND (?2 IS NULL OR created <= ?2)"
            " ORDER BY created DESC, number DESC",
            (label, until),
        )
        return [_listing(row) for row in rows]


def _account(row: Row) -> Account:
    return Account(row["label"], row["user_id"], row["gate"], json.loads(row["kept"]), row["sign_ins"])
