"""Money, and what an order or a move writes of it."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.engine.flow import Write


@dataclass(frozen=True)
class Money:
    """Micro-dollars and the records they stand for."""

    micro_usd: int
    records: int


@dataclass(frozen=True)
class Reserve(Write):
    """What an act may cost; refused where it would pass a cap."""

    money: Money

    def reserved_micro_usd(self) -> int:
        return self.money.micro_usd

    def undone(self) -> Write:
        return Release()


@dataclass(frozen=True)
class Release(Write):
    """Gives the reserve back, once; nothing where there is none or it was settled."""


@dataclass(frozen=True)
class Settle(Write):
    """What it really cost."""

    money: Money
    corrects: bool = False  # what was settled: the vendor was asked for the rows once more


@dataclass(frozen=True)
class PaidBefore(Write):
    """What was paid for it already, by an order that this ledger does not know."""

    money: Money
    found_as: str  # its id at the vendor
