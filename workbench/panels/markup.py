"""Text → HTML. Everything scraped or named by people passes `esc`; styles are inline, so that they survive export."""

from __future__ import annotations

import base64
import html
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

LONGEST: Final = 160  # characters of a cell; the rest is in its title
_LONG: Final = 48  # characters of what counts as a long text
_ADDRESS: Final = 34  # characters of an address that are shown
_TITLE: Final = 1_000
# Control characters, and the marks that turn the reading direction of all that follows.
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_PAGE: Final = re.compile(r"[a-z]+")
_LINK: Final = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)

# Half-transparent greys read on JupyterLab's dark theme as on white paper.
_LINE: Final = "1px solid #8886"
_CELL: Final = f"padding: 4px 10px; border-bottom: {_LINE}; vertical-align: top; line-height: 1.4;"
_HEAD: Final = f"{_CELL} font-weight: 600; border-bottom: 2px solid #888a; vertical-align: bottom;"
# A state is told by its word, its shape and its colour: whoever misses one of them has the others.
BADGES: Final = {
    "good": ("●", "#1a7f37"),
    "moving": ("◐", "#1f6feb"),
    "waits": ("■", "#bf8700"),
    "bad": ("✖", "#d1242f"),
    "plain": ("○", "#888888"),
}
_TONES: Final = {
    "good": "completed processed posted success uploaded healthy published ready reused empty done active on",
    "moving": "pending processing posting running started triggered downloaded staged planned queued moving",
    "waits": "attention unsure person review warning stalled quarantined unknown_id paused expiring waits stopped",
    "bad": "partial failed error cancelled canceled expired missed crashed file_not_found unmatched",
}
_TONE_OF: Final = {word: tone for tone, words in _TONES.items() for word in words.split()}
_NOTES: Final = {
    "plain": "border-left: 4px solid #8888;",
    "practice": "border-left: 4px solid #1f6feb; background-color: #1f6feb18;",
    "error": "border-left: 4px solid #d1242f; background-color: #d1242f18;",
}


class Html(str):
    """Markup made here: not escaped again."""

    __slots__ = ()


class Amount(Html):
    """Markup that stands to the right, as numbers do."""

    __slots__ = ()


def esc(value: object) -> Html:
    """The one way from anything to markup."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(_UNSEEN.sub("", str(value)), quote=True))


def join(parts: Iterable[object], between: str = "") -> Html:
    return Html(Html(between).join(esc(part) for part in parts))


def tag(name: str, *inside: object, style: str = "", **attributes: object) -> Html:
    """``<name …>inside</name>``; `attributes` without their trailing underscore, None left out."""
    given = {**({"style": style} if style else {}), **attributes}
    listed = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{esc(value)}"' for key, value in given.items() if value is not None
    )
    return Html(f"<{name}{listed}>{join(inside)}</{name}>")


def note(kind: str, *inside: object, role: str | None = None) -> Html:
    """A boxed sentence. `kind` gives the colour; the words have to say it too."""
    return tag("div", *inside, role=role, style=f"padding: 6px 12px; line-height: 1.5; {_NOTES[kind]}")


def tone_of(state_word: str) -> str:
    """How a word of state is coloured; a word that nobody knows stays plain."""
    return _TONE_OF.get(state_word.replace(" ", "_"), "plain")


def badge(state_word: str, tone: str | None = None) -> Html:
    """A word of state, with a shape and a colour; `tone` is one of BADGES, by default the word's own."""
    mark, colour = BADGES[tone or tone_of(state_word)]
    sign = tag("span", mark, " ", aria_hidden="true")
    style = (
        f"border: 1px solid {colour}; background-color: {colour}33; border-radius: 9px; padding: 0 8px; "
        "white-space: nowrap; display: inline-block;"
    )
    return tag("span", sign, state_word, style=style)


def table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    foot: Sequence[object] = (),
    zone: tzinfo | None = None,
) -> Html:
    """A table with a caption and scopes; the first cell of a row is its heading. Numbers stand to the right."""
    right = [
        bool(rows)
        and all(_is_number(row[n]) or row[n] is None for row in rows)
        and any(row[n] is not None for row in rows)
        for n in range(len(heads))
    ]
    head = join(tag("th", one, scope="col", style=_HEAD + _side(right[n])) for n, one in enumerate(heads))
    body = join(tag("tr", join(_cell(one, n, right, zone) for n, one in enumerate(row))) for row in rows)
    parts = [
        tag("caption", caption, style="text-align: left; font-weight: 600; padding: 4px 0; caption-side: top;"),
        tag("thead", tag("tr", head)),
        tag("tbody", body),
    ]
    if foot:
        parts.append(tag("tfoot", tag("tr", join(_cell(one, n, right, zone, bold=True) for n, one in enumerate(foot)))))
    made = tag("table", *parts, style="border-collapse: collapse; font-size: 13px; text-align: left; margin: 0;")
    # What scrolls sideways on a narrow page is scrolled by keyboard too.
    return tag(
        "div", made, role="region", tabindex=0, aria_label=caption, style="overflow-x: auto; padding: 2px 0 8px 0;"
    )


def _cell(value: object, column: int, right: Sequence[bool], zone: tzinfo | None, *, bold: bool = False) -> Html:
    style = _CELL + _side(right[column]) + _width(value) + (" font-weight: 600;" if bold or column == 0 else "")
    inside, title = (value, None) if isinstance(value, Html) else _shortened(value, shown(value, zone))
    if column == 0:
        return tag("th", inside, scope="row", dir="auto", title=title, style=style)
    return tag("td", inside, dir=None if right[column] else "auto", title=title, style=style)


def _shortened(value: object, text: str) -> tuple[Html, str | None]:
    """What stands in the cell, and the whole of it for its title where that is more."""
    short, whole = shortened(text)
    return link(value, short), whole


def shortened(text: str) -> tuple[str, str | None]:
    """What of a text stands in a cell, and what its title keeps of the whole where that is more."""
    text = _UNSEEN.sub("", text)
    is_link = _LINK.fullmatch(text) is not None
    bare = re.sub(r"^https?://(www\.)?", "", text) if is_link else text
    most = _ADDRESS if is_link else LONGEST
    short = bare if len(bare) <= most else f"{bare[: most - 1]}…"
    return short, text[:_TITLE] if short != text else None


def _side(is_right: bool) -> str:  # noqa: FBT001 - one of two sides
    return " text-align: right; white-space: nowrap;" if is_right else " text-align: left;"


def _width(value: object) -> str:
    """A time stays on one line; a long text is not squeezed into a tower."""
    if isinstance(value, date):
        return " white-space: nowrap;"
    is_text = isinstance(value, str) and not isinstance(value, Html)
    if is_text and _LINK.fullmatch(str(value)):
        return " min-width: 9em;"
    return " min-width: 16em;" if is_text and len(str(value)) > _LONG else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal | Amount) and not isinstance(value, bool)


def link(value: object, text: object = None) -> Html:
    """An address of the web as a link; anything else (``javascript:`` too) stays text."""
    shown_as = esc(value if text is None else text)
    if not _LINK.fullmatch(str(value)):
        return shown_as
    style = "text-decoration: underline; word-break: break-all;"
    return tag("a", shown_as, href=value, target="_blank", rel="noopener noreferrer", style=style)


def page_link(name: str, words: object, *, style: str = "") -> Html:
    """A link from page to page: `name` is that of a notebook of ours, beside this one."""
    if not _PAGE.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a page")
    return tag("a", words, href=f"{name}.ipynb", style=f"text-decoration: underline; {style}".strip())


def shown(value: object, zone: tzinfo | None = None) -> str:
    """A value of a table as people write it."""
    for kinds, words in _WORDS:
        if isinstance(value, kinds):
            return words(value, zone)
    return str(value)


def moment(at: datetime, zone: tzinfo | None = None) -> str:
    """With its zone; a midnight is still a time."""
    local = at.astimezone(zone) if at.tzinfo is not None and zone is not None else at
    return f"{local:%Y-%m-%d %H:%M %Z}".strip()


def _number(value: float | Decimal) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else ""


# The first that fits: a bool is an int, a datetime is a date.
_WORDS: Final[tuple[tuple[Any, Callable[[Any, tzinfo | None], str]], ...]] = (
    (type(None), lambda _value, _zone: ""),
    (bool, lambda value, _zone: "yes" if value else "no"),
    (int, lambda value, _zone: f"{value:,}"),
    ((float, Decimal), lambda value, _zone: _number(value)),
    (datetime, moment),
    (date, lambda value, _zone: value.isoformat()),
    ((list, tuple), lambda value, zone: ", ".join(shown(one, zone) for one in value)),
    (dict, lambda value, _zone: json.dumps(value, ensure_ascii=False, default=plain)),
)


def plain(markup: str) -> str:
    """What a terminal shows instead of markup: its words, a row a line."""
    lined = re.sub(r"</(tr|caption|div|p|li|h[1-6])>", "\n", markup)
    spaced = re.sub(r"</(td|th)>", "  ", lined)
    words = html.unescape(re.sub(r"<[^>]*>", "", spaced))
    return "\n".join(line.strip() for line in words.splitlines() if line.strip())


def dollars(micro_usd: int) -> str:
    """Cents, and more digits where cents would say nothing."""
    usd = micro_usd / 1_000_000
    return f"${usd:,.2f}" if usd >= 0.1 or micro_usd == 0 else f"${usd:.4f}"  # noqa: PLR2004 - ten cents


def progress_bar(label: str, percent: int, words: str) -> Html:
    """A bar that stays as it is, with its words above it."""
    fill = tag("div", style=f"width: {percent}%; height: 12px; background-color: #1f6feb;")
    bar = tag(
        "div", fill, role="progressbar", aria_label=label, aria_valuemin=0, aria_valuemax=100,
        aria_valuenow=percent, aria_valuetext=words,
        style="border: 1px solid #8888; border-radius: 7px; overflow: hidden; max-width: 860px;",
    )  # fmt: skip
    return join([tag("div", tag("strong", label), f": {words}", style="padding: 4px 0;"), bar])


def picture(png: bytes, *, alt: str, caption: str) -> Html:
    """A picture inside the page, with words for who cannot see it."""
    address = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    image = tag("img", src=address, alt=alt, style="max-width: 100%; height: auto;")
    image = Html(image.replace("></img>", ">"))
    return tag(
        "figure", image, tag("figcaption", caption, style="font-size: 13px;"), style="padding: 4px 0; margin: 0;"
    )
