"""What was done at an account, and what a ledger that is older than the world may not know of it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from workbench.db.ledger import Ledger
from workbench.db.schema import ITEMS
from workbench.engine import behind
from workbench.engine.behind import LostAct
from workbench.engine.item import Item, kind_of


class AccountActs:
    """What the steps ask that act at an account's pages."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def known(self, account_id: int) -> frozenset[str]:
        """Ids at the site that belong to something in the ledger."""
        with self._ledger.read() as connection:
            found = [
                connection.execute(
                    select(table.c.remote_id).where(table.c.account_id == account_id, table.c.remote_id.is_not(None))
                ).scalars()
                for table in ITEMS.values()
                if "account_id" in table.c
            ]
            return frozenset(one for each in found for one in each)

    def lost(self, item: Item) -> list[LostAct]:
        """Acts with what this item was to do that the journal knows and the ledger does not; newest first."""
        with self._ledger.read() as connection:
            return behind.lost(connection, behind.scope_of_item(connection, item), item.act_key)

    def doubt(self, item: Item) -> str | None:
        """Why the site may show what this item was to do: it was planned before the ledger was taken elsewhere, or
        the journal says so. None where nothing speaks for it, or where a person said that it is not there.
        """
        kind = kind_of(item)
        with self._ledger.read() as connection:
            if behind.was_decided(connection, kind.name, item.id, [kind.sent]):
                return None
            found = behind.of(connection, behind.scope_of_item(connection, item), before_compared=False)
        if found is not None and item.created_at is not None and item.created_at < found.since:
            return found.words
        lost = self.lost(item)
        return f"the journal has an order of {lost[0].at:%Y-%m-%d %H:%M} UTC for it" if lost else None

    def found(self, item: Item, remote_id: str) -> None:
        """The site has it: the journal's order is accounted for."""

        def change(connection: Connection) -> None:
            behind.found(connection, behind.scope_of_item(connection, item), item.act_key, remote_id)

        if self.lost(item):
            self._ledger.write(change)

    def compared(self, account_id: int) -> None:
        """What is at the site was read whole, and nothing of it is in doubt."""
        with self._ledger.read() as connection:
            scope = behind.scope_of_account(connection, account_id)
            is_behind = behind.of(connection, scope) is not None
        if is_behind:
            behind.compared(self._ledger, scope)
