"""The error log: what went wrong at the sites and at Bright Data, and the one act that mends each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from workbench.browser.artifacts import PICTURE
from workbench.db import history
from workbench.engine.item import KINDS
from workbench.errorlog import store
from workbench.errorlog.model import CHANNELS, SORTS, ErrorFilter, ErrorPage, Mend, class_words, mend_of
from workbench.errors import BadInput
from workbench.feature import Feature
from workbench.parsing import as_date

if TYPE_CHECKING:
    from pathlib import Path

_STORY: Final = 200  # moves of one item that are told, the newest
_LARGEST_PICTURE: Final = 16 << 20
_NAMED: Final = 3
_SITE_OF: Final = {"posting": "Marketplace", "upload": "TrafficJunky", "snapshot": "Bright Data"}


@dataclass(frozen=True, kw_only=True)
class Retry:
    """What trying again would do, for a person to agree to."""

    words: str  # what, how many, where, as whom
    is_public: bool
    micro_usd: int  # that it may cost at most
    keys: tuple[str, ...]  # what of the chosen can be tried again


class ErrorLog(Feature):
    """Trouble of all features as one list."""

    def found(self, asked: ErrorFilter, cut: ErrorPage | None = None) -> tuple[list[dict[str, Any]], int]:
        """The part of the list that is asked for, newest first where nothing else is said, and how many there are."""
        chosen = cut or ErrorPage()
        if chosen.sort not in SORTS:
            raise BadInput(f"errors are not sorted by {chosen.sort!r}; give one of {', '.join(SORTS)}.")
        rows, total = store.found(self.ledger, asked, chosen)
        return [self._told(row) for row in rows], total

    def filter(
        self,
        *,
        channel: str | None = None,
        account: int | None = None,
        error_class: str | None = None,
        since: datetime | str | int | None = None,
        text: str = "",
        is_open: bool = False,
    ) -> ErrorFilter:
        """A filter from what a person gives; `since`: a moment, a day of the owner's time zone, or so many days ago."""
        if channel is not None and channel not in CHANNELS:
            raise BadInput(f"{channel!r} is no channel; there are {', '.join(CHANNELS)}.")
        return ErrorFilter(
            channel=channel, account_id=account, error_class=error_class, since=self._moment(since), text=text.strip(),
            is_open=is_open,
        )  # fmt: skip

    def counts(self, asked: ErrorFilter) -> dict[str, dict[Any, int]]:
        """{channel, account_id, error_class}: of each choice how many, by what the other filters let through."""
        return store.counts(self.ledger, asked)

    def labels(self, account_ids: Sequence[int]) -> dict[int, str]:
        """What people call these accounts, those that were removed too."""
        return store.accounts_of(self.ledger, list(account_ids))

    def mark(self) -> tuple[int, int]:
        """Changes whenever the list may have."""
        return store.mark(self.ledger)

    def one(self, key: str) -> dict[str, Any]:
        """One error with its picture, its trace, what mends it, and the story of the thing it happened to."""
        row = store.one(self.ledger, key)
        told = self._told(row)
        story = history.story(self.ledger, row["kind"], str(row["item_id"]))
        return {
            **told,
            "picture": self._picture(row["evidence"]),
            "trace": row["stack_trace"] or "",
            "certain": bool(row["certain"]),
            "remote_id": row["provider_id"],
            "story": story[-_STORY:],
        }

    def retry_of(self, keys: Sequence[str]) -> Retry:
        """What trying these again would do; those that cannot be tried again are left out."""
        rows = [row for row in self._rows(keys) if mend_of(row) in (Mend.RETRY, Mend.EDIT)]
        words = [self._words(kind, [row for row in rows if row["kind"] == kind]) for kind in _SITE_OF]
        return Retry(
            words="; ".join(one for one in words if one),
            is_public=any(row["kind"] != "snapshot" for row in rows),
            micro_usd=self._most_cost(rows),
            keys=tuple(row["key"] for row in rows),
        )

    def retry(self, keys: Sequence[str]) -> int:
        """Try again what these errors stopped, by whatever feature it is of; how many. Somebody must `work`."""
        rows = [row for row in self._rows(keys) if mend_of(row) in (Mend.RETRY, Mend.EDIT)]
        if not rows:
            raise BadInput("none of these can be tried again: they went on since, or wait for something else.")
        ids = {kind: list(dict.fromkeys(row["thing_id"] for row in rows if row["kind"] == kind)) for kind in _SITE_OF}
        if ids["posting"]:
            self._parts.postings.retry(ids["posting"])
        if ids["upload"]:
            self._parts.uploads.retry([str(one) for one in ids["upload"]])
        if ids["snapshot"]:
            self._parts.recover.requeue([str(one) for one in ids["snapshot"]])
        return sum(len(each) for each in ids.values())

    def decide(self, key: str, *, remote_id: str | None = None, absent: bool = False, abandon: bool = False) -> None:
        """Say what became of a thing whose answer was lost: it is there, as `remote_id`; it is not; or forget it.

        Somebody must `work` afterwards.
        """
        row = store.one(self.ledger, key)
        if mend_of(row) is not Mend.FIND:
            raise BadInput(f"nothing about {row['what']} is in doubt any more; nothing was changed.")
        if remote_id is not None and not remote_id.strip():
            raise BadInput("give the id that it has there.")
        found = remote_id and remote_id.strip()
        thing = row["thing_id"]
        if row["kind"] == "posting":
            self._parts.postings.resolve(thing, adopt=found, absent=absent, abandon=abandon)
        elif row["kind"] == "upload":
            self._parts.uploads.resolve(str(thing), remote_id=found, absent=absent, abandon=abandon)
        else:
            self._parts.recover.resolve(str(thing), adopt=found, absent=absent, abandon=abandon)

    def _rows(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        return [store.one(self.ledger, key) for key in dict.fromkeys(keys)]

    def _told(self, row: dict[str, Any]) -> dict[str, Any]:
        mend = mend_of(row)
        return {
            **row,
            "class_words": class_words(row["class"]),
            "channel_words": CHANNELS[row["channel"]],
            "sentence": row["sentence"] or "nobody said why",
            "is_open": bool(row["is_open"]),
            "status": KINDS[row["kind"]].states(row["state"]).info.word,
            "means": KINDS[row["kind"]].states(row["state"]).info.means,
            "mend": mend,
        }

    @staticmethod
    def _words(kind: str, rows: Sequence[dict[str, Any]]) -> str:
        if not rows:
            return ""
        names = [str(row["what"]) for row in rows]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        named = f"({', '.join(names[:_NAMED])}{more})"
        whom = sorted({str(row["account"]) for row in rows} - {""})
        as_whom = f" as {', '.join(whom)}" if whom else ""
        if kind == "posting":
            return f"publish {_counted(rows, 'listing')} {named} on Marketplace{as_whom}"
        if kind == "upload":
            return f"upload {_counted(rows, 'file')} {named} to TrafficJunky{as_whom}"
        return f"take up {_counted(rows, 'snapshot')} {named} of Bright Data again"

    def _most_cost(self, rows: Sequence[dict[str, Any]]) -> int:
        """Micro-dollars that snapshots may cost which were never started."""
        ids = [row["thing_id"] for row in rows if row["kind"] == "snapshot" and row["provider_id"] is None]
        return store.estimates(self.ledger, ids)

    def _picture(self, evidence: str | None) -> Path | None:
        """The masked picture of the page; None where none was taken, or its time is over."""
        if evidence is None:
            return None
        path = self.settings.data / evidence / PICTURE
        is_ours = path.resolve().is_relative_to((self.settings.data / "evidence").resolve())
        return path if is_ours and path.is_file() and path.stat().st_size <= _LARGEST_PICTURE else None

    def _moment(self, value: datetime | str | int | None) -> datetime | None:
        if isinstance(value, datetime):
            return value
        if value is None or value == "":
            return None
        if isinstance(value, int):
            day = self._parts.today() - timedelta(days=value)
        else:
            day = as_date(value, "since") or self._parts.today()
        return datetime.combine(day, time(), self.settings.zone).astimezone(UTC)


def _counted(rows: Sequence[Any], thing: str) -> str:
    return f"{len(rows)} {thing}{'' if len(rows) == 1 else 's'}"
