"""What is at work now, by the order that it belongs to: a run, a posting job, a batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from workbench.db.ledger import Ledger
from workbench.db.schema import ITEMS
from workbench.engine.item import KINDS


@dataclass(frozen=True, kw_only=True)
class OrderAtWork:
    """An order of which something may still move by itself, and how far it is."""

    order_id: str
    total: int
    finished: int  # of which nothing can become anything else by itself
    begun_at: datetime


def orders_at_work(ledger: Ledger, kind: str, by: str) -> list[OrderAtWork]:
    """Orders with an item that is due or worked on; `by`: the column of the items that names their order."""
    item = ITEMS[kind]
    open_states = [str(state) for state in KINDS[kind].states.having("goes_on")]
    moving = item.c.next_at.is_not(None) | item.c.lease_owner.is_not(None)
    finished = func.sum(case((item.c.state.in_(open_states), 0), else_=1))
    query = (
        select(item.c[by], func.count(), finished, func.min(item.c.created_at))
        .where(item.c[by].in_(select(item.c[by]).where(moving).distinct()))
        .group_by(item.c[by])
        .order_by(func.min(item.c.created_at).desc(), item.c[by])
    )
    with ledger.read() as connection:
        return [
            OrderAtWork(order_id=str(order), total=total, finished=int(over), begun_at=at)
            for order, total, over, at in connection.execute(query)
        ]
