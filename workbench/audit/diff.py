"""Two executions side by side, for a person: what differs of parameters, code, environment and data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

Manifest = Mapping[str, Any]

_MICRO: Final = 1_000_000
_SHORT: Final = 12  # signs of a hash that a person is shown


def compared(a: Manifest, b: Manifest) -> dict[str, Any]:
    """What differs of two manifests, each as a pair; {same, outcome, parameters, code, environment, rows, tables, ...}.

    Durations, cost and what came are told and are no difference: what is asked twice is there sooner, and comes and is
    paid once.
    """
    said = {
        "outcome": _pairs({"outcome": a.get("outcome")}, {"outcome": b.get("outcome")}),
        "parameters": _pairs(a.get("parameters", {}), b.get("parameters", {})),
        "code": _pairs(_code(a), _code(b)),
        "environment": _pairs(_environment(a), _environment(b)),
        "rows": _pairs(_rows(a), _rows(b)),
        "tables": sorted(_pairs(_contents(a), _contents(b))),
    }
    return {
        "same": not any(said.values()),
        **said,
        "durations": [_seconds(a), _seconds(b)],
        "cost_usd": [_usd(a), _usd(b)],
        "brought": [_brought(a), _brought(b)],
    }


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: [a.get(name), b.get(name)] for name in {**a, **b} if a.get(name) != b.get(name)}


def _code(one: Manifest) -> dict[str, Any]:
    return {**one.get("code", {}), "notebook": one.get("notebook", {}).get("sha256")}


def _environment(one: Manifest) -> dict[str, Any]:
    kernel = {name: value for name, value in one.get("kernel", {}).items() if name != "executable"}
    return {**kernel, "lock": one.get("lock_sha256")}


def _rows(one: Manifest) -> dict[str, Any]:
    return {name: table["rows"] for name, table in (one.get("tables") or {}).items()}


def _contents(one: Manifest) -> dict[str, Any]:
    return {name: table["sha256"] for name, table in (one.get("tables") or {}).items()}


def _seconds(one: Manifest) -> float:
    started, ended = (datetime.fromisoformat(one[name]) for name in ("started_at", "ended_at"))
    return round((ended - started).total_seconds(), 3)


def _usd(one: Manifest) -> float | None:
    """None: from before effects were kept."""
    cost = one.get("cost_micro_usd")
    return None if cost is None else cost / _MICRO


def _brought(one: Manifest) -> dict[str, int] | None:
    """None: what it ordered brings no rows."""
    return {name: one[name] for name in ("rows", "rejects")} if "rows" in one else None


def lines_of(said: Mapping[str, Any]) -> Iterator[str]:
    """The comparison in words."""
    if said["same"]:
        yield "No differences: the same parameters, code, environment and data."
    for name, title in _TITLES.items():
        for what, (a, b) in said[name].items():
            yield f"{title}{what}: {_shown(a)} → {_shown(b)}"
    if said["tables"]:
        yield f"Changed tables: {', '.join(said['tables'])}"
    first, second = said["durations"]
    yield f"Took {first:.1f} s and {second:.1f} s"
    if said["cost_usd"] != [None, None]:
        yield "Cost " + " and ".join("not known" if one is None else f"${one:.4f}" for one in said["cost_usd"])
    if said["brought"] != [None, None]:
        came = (
            "nothing" if one is None else f"{one['rows']:,} rows ({one['rejects']:,} rejects)"
            for one in said["brought"]
        )
        yield "Brought " + " and ".join(came)


_TITLES: Final = {
    "outcome": "", "parameters": "Parameter ", "code": "Code, ", "environment": "Environment, ", "rows": "Rows of ",
}  # fmt: skip


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = str(value)
    is_hash = len(text) in (40, 64) and set(text) <= set("0123456789abcdef")
    return text[:_SHORT] if is_hash else repr(value) if isinstance(value, str) else text
