"""The failures and variants of the site. Every one may be limited to an account, and accounts may differ.

A failure: `1`, a chance from 0 to 1, `{"times": n}` or `{"chance": p}`; with `"account"`, `"on"` (a route; without it
the routes where the site shows that failure by itself) and what it does. A setting: its value, or
`{"value": …, "account": …}`. A list sets several. A value for all accounts replaces those for single ones.

Chromium repeats a request, POST too, whose kept connection is reset. So connections are closed after every answer, and
a click that was dropped stays dropped; `connections: kept` takes that care away: one click may then be two listings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from workbench.sandbox.marketplace.texts import LABELS
from workbench.sandbox.notes import Notes
from workbench.sandbox.switches import BadSwitch, Choice, Number, Spec, Strike, Switches

DOCUMENTS: Final = ("home", "market", "chooser", "create", "edit", "selling", "item", "review")
CALLS: Final = ("photo", "location", "step", "publish", "draft", "update", "more")
FIELDS: Final = ("price", "title", "category", "condition", "location", "photos")


def _failure(routes: Sequence[str], may: Sequence[str] = (), does: Mapping[str, Any] | None = None) -> Strike:
    """Routes that it strikes by itself, further ones that "on" may name, and what it then does."""
    return Strike(("on", "account"), does or {}, routes=tuple(routes), may=tuple(may))


_AT_PUBLISH: Final = _failure(["publish"])
_FAILURES: Final[dict[str, Spec]] = {
    "slow": _failure([*DOCUMENTS, *CALLS], does={"seconds": 1.0}),
    "http_429": _failure(DOCUMENTS, CALLS, {"retry_after": 60}),
    "server_error_500": _failure(DOCUMENTS, CALLS),
    "drop_before": _failure(["publish"], [*DOCUMENTS, *CALLS]),
    "commit_then_drop": _AT_PUBLISH,
    "answer_without_id": _AT_PUBLISH,
    "query_error": _failure(["publish"], does={"stored": ("no", "yes")}),
    "field_error": _failure(["publish"], does={"field": FIELDS}),
    "under_review": _AT_PUBLISH,
    "daily_limit": _failure(["create"], ["edit"]),
    "blocked": _failure(["create"], [*DOCUMENTS, *CALLS]),
    "checkpoint": _failure(["create"], [*DOCUMENTS, *CALLS]),
    "captcha": _failure(["create"], [*DOCUMENTS, *CALLS]),
    "login_in_mid_form": _failure(["step", "publish"], CALLS),
    "logged_out_at_site": _failure(DOCUMENTS),
    "disabled_account": _failure(DOCUMENTS),
    "not_available": _failure(DOCUMENTS[1:], ["home"]),
    "shell": _failure(DOCUMENTS),
    "control_renamed": _failure(["create"], ["edit", "selling"], {"control": tuple(LABELS)}),
    "cards_without_links": _failure(["selling"]),
    "incomplete_listings": _failure(["more"]),
}
_SETTINGS: Final[dict[str, Spec]] = {
    "markup": Choice(("B", "A", "C", "D", "E", "F")),
    "pages": Choice(("3", "1", "2")),
    "options": Choice(("option", "menuitem", "menuitemradio", "button")),
    "categories": Choice(("flat", "tree")),
    "pills": Choice(("yes", "no")),
    "description": Choice(("form", "more_details")),
    "sku_offered": Choice(("yes", "no", "clothing")),
    "badge": Choice(("no", "yes")),
    "after_publish": Choice(("in_place", "load")),
    "connections": Choice(("closed", "kept")),
    "language": Choice(("en", "de")),
    "apostrophe": Choice(("straight", "curly")),
    "two_factor": Choice(("yes", "no")),
    "listing_appears_after": Number(0),
    "session_expires_after": Number(0),
    "cards_per_page": Number(10, most=1000),
}
SPECS: Final = _FAILURES | _SETTINGS
_WORDS: Final = {True: "yes", False: "no"}


class _ByAccount(Mapping[str, Spec]):
    """`NAME@LABEL` is the switch NAME, set for one account."""

    def __getitem__(self, name: str) -> Spec:
        return SPECS[name.partition("@")[0]]

    def __iter__(self) -> Iterator[str]:
        return iter(SPECS)

    def __len__(self) -> int:
        return len(SPECS)


class MarketplaceSwitches(Switches):
    def __init__(self, notes: Notes) -> None:
        super().__init__(notes, _ByAccount())

    def set(self, values: object) -> None:
        if not isinstance(values, dict):
            raise BadSwitch('send a JSON object, e.g. {"blocked": {"times": 1}}')
        general: dict[str, Any] = {}
        single: dict[str, Any] = {}
        for name, value in values.items():
            for each in value if isinstance(value, list) else [value]:
                key, plain = _placed(str(name), each)
                (single if "@" in key else general)[key] = plain
        with self._notes.db.writing():
            super().set({**general, **single})
            for name in general:
                self._notes.db.run(
                    "DELETE FROM toggle WHERE service = ? AND name LIKE ? || '@%'", (self._notes.service, name)
                )
            super().set(single)

    def strike(self, name: str, route: str, label: str) -> dict[str, Any] | None:
        """What the failure shall do to this request, if it strikes."""
        for key in (f"{name}@{label}", name):
            if (found := self.strikes(key, on=route, account=label)) is not None:
                return found
        return None

    def setting(self, name: str, label: str) -> Any:
        shown = self.shown()
        return shown.get(f"{name}@{label}", shown[name])

    def has(self, name: str, label: str) -> bool:
        return bool(self.setting(name, label) == "yes")


def _placed(name: str, value: Any) -> tuple[str, Any]:
    """Under which name a value is kept, and the value without the account."""
    spec = SPECS.get(name.partition("@")[0])
    if isinstance(value, dict) and "account" in value:
        rest = {key: each for key, each in value.items() if key != "account"}
        name, value = f"{name}@{value['account']}", rest or 1
    if isinstance(value, dict):
        value = {
            key: _WORDS[each] if key == "stored" and isinstance(each, bool) else each for key, each in value.items()
        }
    if isinstance(spec, Choice):
        value = value["value"] if isinstance(value, dict) and set(value) == {"value"} else value
        value = _WORDS[value] if isinstance(value, bool) else str(value) if isinstance(value, int) else value
    elif isinstance(spec, Number) and isinstance(value, dict) and set(value) == {"value"}:
        value = value["value"]
    elif isinstance(spec, Strike) and isinstance(value, dict) and not {"times", "chance"} & set(value):
        value = {**value, "chance": 1}
    return name, value
