"""What a ledger that is older than the world may not know of an account: what the steps of post and upload ask."""

from __future__ import annotations

from sqlalchemy import Connection, select

from workbench.db.ledger import Ledger
from workbench.db.schema import account, posting, upload
from workbench.engine import behind
from workbench.engine.records import Item, LostAct, Posting, Upload

SENT_BY_HAND = {"posting": ("queued",), "upload": ("checked",)}  # where an item goes of which a person says: not there


class Elsewhere:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def known(self, account_id: int) -> frozenset[str]:
        """Ids at the site that belong to something in the ledger."""
        with self._ledger.read() as connection:
            found = [
                connection.execute(
                    select(table.c.remote_id).where(table.c.account_id == account_id, table.c.remote_id.is_not(None))
                ).scalars()
                for table in (posting, upload)
            ]
            return frozenset(one for each in found for one in each)

    def lost(self, item: Posting | Upload) -> list[LostAct]:
        """Acts with what this item was to do that the journal knows and the ledger does not; newest first."""
        with self._ledger.read() as connection:
            key = item.content_sha if isinstance(item, Posting) else behind.key_of_upload(item)
            return behind.lost(connection, _scope(connection, item.account_id), key)

    def doubt(self, item: Posting | Upload) -> str | None:
        """Why the site may show what this item was to do: it was planned before the ledger was taken elsewhere, or
        the journal says so. None where nothing speaks for it, or where a person said that it is not there.
        """
        with self._ledger.read() as connection:
            kind = "posting" if isinstance(item, Posting) else "upload"
            if behind.was_decided(connection, kind, item.id, SENT_BY_HAND[kind]):
                return None
            found = behind.of(connection, _scope(connection, item.account_id), before_compared=False)
        if found is not None and item.created_at is not None and item.created_at < found.since:
            return found.words
        lost = self.lost(item)
        return f"the journal has an order of {lost[0].at:%Y-%m-%d %H:%M} UTC for it" if lost else None

    def found(self, item: Item, remote_id: str) -> None:
        """The site has it: the journal's order is accounted for."""
        if not isinstance(item, Posting | Upload):
            return
        key = item.content_sha if isinstance(item, Posting) else behind.key_of_upload(item)

        def change(connection: Connection) -> None:
            behind.found(connection, _scope(connection, item.account_id), key, remote_id)

        if self.lost(item):
            self._ledger.write(change)

    def compared(self, account_id: int) -> None:
        """What is at the site was read whole, and nothing of it is in doubt."""
        with self._ledger.read() as connection:
            scope = _scope(connection, account_id)
            is_behind = behind.of(connection, scope) is not None
        if is_behind:
            behind.compared(self._ledger, scope)


def _scope(connection: Connection, account_id: int) -> str:
    query = select(account.c.channel, account.c.label).where(account.c.id == account_id)
    return behind.scope_of(connection.execute(query).one())
