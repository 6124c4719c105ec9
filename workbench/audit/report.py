"""The report of an execution for a person: one HTML file that opens anywhere, loads nothing and runs nothing.

Everything that a notebook prints may have been scraped from a stranger's page. Text is escaped, HTML is cut
down to an allow-list without classes, ids, scripts or outside addresses; a security policy backs that up.
"""

from __future__ import annotations

import base64
import functools
import html
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import nh3

from workbench.audit.notebook import Cell, CellState, Notebook, Outcome, is_runnable, state
from workbench.audit.redact import ANSI, WIDGET_VIEW
from workbench.audit.svg import harmless
from workbench.audit.widgets import Widgets

POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE: Final = Path(__file__).with_name("report.css")

MEANING: Final = {
    Outcome.SUCCEEDED: "succeeded",
    Outcome.FAILED: "failed: a cell raised an error",
    Outcome.EXITED: "exited before its last cell",
    Outcome.KERNEL_DIED: "the kernel died",
    Outcome.TIMED_OUT: "timed out",
    Outcome.CANCELLED: "cancelled",
    Outcome.CRASHED: "crashed: the process that ran it was killed",
    Outcome.KILLED: "killed: the process that ordered it was killed",
}
# Beside the colour, for who sees none.
SIGN: Final = {Outcome.SUCCEEDED: "✔", Outcome.CANCELLED: "■", Outcome.EXITED: "■"}
MODE: Final = {
    "practice": "PRACTICE: against stand-ins, nothing of it is real",
    "live": "LIVE: against the real services",
}

# Nothing that folds: what a cell printed is shown whole, on paper too.
TAGS: Final = (
    "a abbr b blockquote br caption code col colgroup dd del div dl dt em figcaption figure h1 h2 "
    "h3 h4 h5 h6 hr i img ins kbd li mark meter ol p pre progress q s samp small span strong sub "
    "sup table tbody td tfoot th thead time tr tt u ul var"
)
ATTRIBUTES: Final = (
    "alt aria-label aria-valuemax aria-valuemin aria-valuenow aria-valuetext colspan datetime dir height "
    "max min role rowspan scope start style title value width"
)
# No position, transform, margin or z-index: with them a cell could paint over what is not its own. No overflow: what
# is too wide scrolls in the box of the page, which a keyboard reaches.
PROPERTIES: Final = (
    "background-color border border-bottom border-collapse border-color border-left border-radius "
    "border-right border-spacing border-style border-top border-width color display font font-family font-size "
    "font-style font-variant font-weight height letter-spacing line-height list-style-type max-width "
    "min-width opacity padding padding-bottom padding-left padding-right padding-top "
    "text-align text-decoration text-indent text-transform vertical-align white-space width word-break"
)
_UNSEEN: Final = {"script", "style", "template", "noscript", "title", "textarea", "iframe", "noembed", "noframes"}
_LINK: Final = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_PICTURE: Final = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]+")
_FETCHES: Final = re.compile(r"(?i)url\s*\(|image-set|\\|@import|expression")
# The sanitizer's time grows with the square of the depth: 20,000 nested elements take it 3 s.
DEEPEST: Final = 200
LARGEST: Final = 2_000_000  # signs of markup
LONGEST: Final = 200_000  # signs of a text; what is longer shows its beginning and its end
MOST: Final = 30_000_000  # signs of outputs in all: more is no page that a browser opens
_ELEMENT: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_UNCLOSED: Final = "br col colgroup dd dt hr img input li option p tbody td tfoot th thead tr wbr"
# Control characters, and the marks that turn the reading direction of all that follows.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_HEADING: Final = re.compile(r"<(/?)h([1-6])\b")
_ARIA: Final = re.compile(r'\s(role|aria-[a-z]+)="([^"]*)"')
_ROLED: Final = re.compile(r"<[a-z0-9]+\s[^<>]*\b(?:role|aria-[a-z]+)=[^<>]*>")
_NAMELESS: Final = (
    (re.compile(r"<img(?![^<>]*\salt=)"), '<img alt="picture"'),
    (re.compile(r"<(progress|meter)(?![^<>]*\saria-label=)"), r'<\1 aria-label="measure"'),
    (re.compile(r"<a\b[^<>]*>\s*</a>"), ""),
)
_SCRIPT: Final = re.compile(r"<script\b", re.IGNORECASE)
_CHART: Final = re.compile(r"application/vnd\.(plotly|vega|vegalite|bokehjs|holoviews|pyecharts)[\w.+-]*")


def render(nb: Notebook, record: Mapping[str, Any], declared: Iterable[Mapping[str, Any]]) -> str:
    """The page; everything passed in is redacted already.

    `record` may have `mode`, `zone`, `rows`, `rejects`, `cost_micro_usd` and `effects`; what it has not is not told.
    """
    name = Path(record["notebook"]["path"]).name
    outcome = Outcome(record["outcome"])
    return f"""<!DOCTYPE html>
<html lang="{_language(nb)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(name)}: {outcome.replace("_", " ")}, {_time(record["ended_at"], record)}</title>
<style>
{STYLE.read_text()}{_highlighting()}</style>
</head>
<body>
<header class="summary">
<h1>{_text(name)}</h1>
<p class="status"><span class="badge {outcome}">{SIGN.get(outcome, "✘")} {MEANING[outcome]}</span>{_mode(record)}</p>
{_why(record)}
{_facts(record)}
{_effects(record)}
<h2>Parameters</h2>
{_parameters(record, declared)}
</header>
<main>
<h2>The notebook</h2>
{_Cells(nb).page()}
</main>
<footer>Execution {_text(record["execution_id"])}. Every file and its hash: manifest.json.</footer>
</body>
</html>
"""


def _text(value: object) -> str:
    """Escaped, without terminal colours, control characters and marks that turn the reading direction."""
    return html.escape(_CONTROL.sub("", ANSI.sub("", str(value))))


def _language(nb: Notebook) -> str:
    """Of the text: ``metadata.language`` of the notebook, where it says so."""
    found = str(nb["metadata"].get("language", "en"))
    return found if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", found) else "en"


def _time(text: str, record: Mapping[str, Any]) -> str:
    at = datetime.fromisoformat(text)
    if zone := record.get("zone"):
        at = at.astimezone(ZoneInfo(zone))
    offset = f"{at:%z}"
    return f"{at:%Y-%m-%d %H:%M:%S %Z}" + (f" (UTC{offset[:3]}:{offset[3:5]})" if at.tzname() != "UTC" else "")


def _duration(record: Mapping[str, Any]) -> str:
    started, ended = (datetime.fromisoformat(record[key]) for key in ("started_at", "ended_at"))
    seconds = (ended - started).total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))  # noqa: PLR2004


def _mode(record: Mapping[str, Any]) -> str:
    mode = str(record.get("mode", ""))
    return f' <span class="badge {mode}">{MODE[mode]}</span>' if mode in MODE else ""


def _dollars(micro_usd: int) -> str:
    """Cents, and more digits where cents would say nothing."""
    usd = micro_usd / 1_000_000
    return f"${usd:,.2f}" if micro_usd % 10_000 == 0 else f"${usd:,.6f}".rstrip("0")


def _why(record: Mapping[str, Any]) -> str:
    error = record["error"]
    if not error["name"]:
        return ""
    place = record["cells"]["failed"]
    link = "" if place is None else f' <a href="#cell-{place}">Show the cell</a>'
    said = _shortened(str(error["value"]), 2_000)
    return f'<p class="why"><strong>{_text(error["name"])}</strong>: {_text(said)}{link}</p>'


def _facts(record: Mapping[str, Any]) -> str:
    code, actor, cells = record["code"], record["actor"], record["cells"]
    version = f"commit {code['commit'][:12]}" if code["commit"] else f"version {code['version'] or 'unknown'}"
    unrun = cells["total"] - cells["run"]
    facts = {
        "Rows": _count(record.get("rows")),
        "Rejects": _count(record.get("rejects")),
        "Cost": None if record.get("cost_micro_usd") is None else _dollars(record["cost_micro_usd"]),
        "Duration": _duration(record),
        "Started": _time(record["started_at"], record),
        "Ended": _time(record["ended_at"], record),
        "Cells": f"{cells['run']} of {cells['total']} were run" + (f"; {unrun} did not run" if unrun else ""),
        "Notebook": record["notebook"]["path"],
        "Code": version + (", with changes that are not committed" if code["is_dirty"] else ""),
        "By": f"{actor['user']} on {actor['host']}",
        "Redacted": f"{record['redactions']} occurrences of a secret" if record["redactions"] else None,
    }
    told = "".join(f"<dt>{k}</dt><dd>{_text(v)}</dd>" for k, v in facts.items() if v is not None)
    return f'<dl class="facts">{told}</dl>'


def _count(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"


def _effects(record: Mapping[str, Any]) -> str:
    """What was done outside. Nothing is said where nobody looked, and never "nothing" beside money that was spent."""
    effects = record.get("effects")
    if effects is None:
        return ""
    heads = ("What", "Which", "State", "Cost", "Evidence")
    if effects:
        said = _table("What was triggered, posted, uploaded and spent", heads, map(_effect, effects))
    elif record.get("cost_micro_usd"):
        said = "<p>Money was spent; which work spent it is not known here.</p>"
    else:
        said = "<p>Nothing was triggered, posted, uploaded or spent.</p>"
    return f"<h2>Done outside</h2>{said}"


def _effect(effect: Mapping[str, Any]) -> list[str]:
    cost = effect.get("cost_micro_usd")
    return [
        _text(effect.get("what") or effect.get("kind", "")),
        f"<code>{_text(' '.join(str(effect[key]) for key in ('kind', 'id') if effect.get(key)))}</code>",
        _text(effect.get("state", "")),
        "" if cost is None else _text(_dollars(cost)),
        _evidence(effect),
    ]


def _evidence(effect: Mapping[str, Any]) -> str:
    address, evidence = str(effect.get("url") or ""), effect.get("evidence")
    kept = f"<code>{_text(evidence)}</code>" if evidence else ""
    if not _LINK.match(address):
        return kept or _text(address)
    return f'<a href="{_text(address)}" rel="noopener noreferrer">{_text(address)}</a> {kept}'.rstrip()


def _table(caption: str, heads: Iterable[str], rows: Iterable[list[str]]) -> str:
    """Of cells that are markup already; the first of a row is its heading."""
    head = "".join(f'<th scope="col">{title}</th>' for title in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in rows
    )
    made = f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return _scrolling(made, caption)


def _scrolling(inside: str, label: str) -> str:
    """What may be too wide, in a box that a keyboard reaches."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{inside}</div>'


def _parameters(record: Mapping[str, Any], declared: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        [
            f"<code>{_text(one['name'])}</code>",
            f"<code>{_text(_shortened(repr(record['parameters'][one['name']]), 2_000))}</code>",
            _text(one["type"]),
            "given" if one["name"] in record["given"] else "default",
            _text(one["help"]),
        ]
        for one in declared
    ]
    if not rows:
        return "<p>This notebook has no parameters.</p>"
    return _table("Parameters", ("Name", "Value", "Type", "Source", "Meaning"), rows)


# --- cells


class _Cells:
    """The notebook below the summary: its state of widgets, and how much room is left for outputs."""

    def __init__(self, nb: Notebook) -> None:
        self._nb = nb
        self._room = MOST
        self._number = 0
        self._widgets = Widgets(nb["metadata"].get("widgets"), text=_text, clean=_clean, output=self._output)

    def page(self) -> str:
        return _headings_in_order("\n".join(self._cell(number, cell) for number, cell in enumerate(self._nb["cells"])))

    def _cell(self, number: int, cell: Cell) -> str:
        self._number = number
        match cell["cell_type"]:
            case "code":
                inside, mark = self._code_cell(cell), _mark(cell)
            case "markdown":
                inside, mark = f'<div class="output">{_markdown(cell["source"])}</div>', ""
            case _:
                inside, mark = f'<pre class="output">{_text(_shortened(cell["source"]))}</pre>', ""
        return f'<section class="{f"cell {mark}".strip()}" id="cell-{number}">{inside}</section>'

    def _code_cell(self, cell: Cell) -> str:
        """Its code folded, but for the cell that ended it all."""
        outputs = "".join(map(self._boxed, cell.get("outputs", ())))
        is_ending = _mark(cell) in set(Outcome)
        return (
            f"<details{' open' if is_ending else ''}><summary>{_heading(cell)}</summary>"
            f'<div class="source">{_code(cell["source"])}</div></details>{outputs}'
        )

    def _boxed(self, output: Mapping[str, Any]) -> str:
        """Within what room is left."""
        shown = self._output(output) if self._room > 0 else ""
        self._room -= len(shown)
        if self._room < 0:
            shown = "<p>(Left out: the outputs before it are as much as a page can show. output.ipynb has it.)</p>"
        return f'<div class="output">{shown}</div>'

    def _output(self, output: Mapping[str, Any]) -> str:
        match output.get("output_type"):
            case "stream":
                kind = "stderr" if output.get("name") == "stderr" else "stdout"
                return f'<pre class="{kind}">{_text(_shortened(output["text"]))}</pre>'
            case "error":
                lines = output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"]
                return f'<pre class="error">{_text(_shortened(chr(10).join(map(str, lines))))}</pre>'
        return self._data(output.get("data", {}))

    def _data(self, data: Mapping[str, Any]) -> str:
        """The richest form that can stand still; HTML that was nothing but script counts as none."""
        markup, plain = str(data.get("text/html", "")), data.get("text/plain", data.get("text/latex"))
        view = data.get(WIDGET_VIEW)
        is_scripted = bool(_SCRIPT.search(markup)) or any(map(_CHART.fullmatch, data))
        picture = self._drawn(data)
        if picture and (is_scripted or not markup):
            return picture
        if shown := _clean(markup):
            return _scrolling(shown, f"Output of cell {self._number + 1}")
        if isinstance(view, Mapping) and (drawn := self._widgets.drawn(str(view.get("model_id")))):
            return _scrolling(drawn, f"Widgets of cell {self._number + 1}")
        if picture or (markdown := data.get("text/markdown")):
            return picture or _markdown(str(markdown))
        said = "<p>(A script draws this, and a report runs none. Save it as PNG or SVG too, to see it here.)</p>"
        said = said if is_scripted else "<p>(This HTML is too large or too deep to be shown.)</p>" if markup else ""
        if plain is None and "application/json" in data:
            plain = json.dumps(data["application/json"], indent=1, ensure_ascii=False)
        if plain is None:
            return said or "<p>(an output that needs a live page)</p>"
        return f"{said}<pre>{_text(_shortened(str(plain)))}</pre>"

    def _drawn(self, data: Mapping[str, Any]) -> str:
        if (svg := data.get("image/svg+xml")) and (made := harmless(str(svg))):
            return self._picture("svg+xml", base64.b64encode(made).decode())
        kinds = ("png", "jpeg", "gif", "webp")
        kind = next((kind for kind in kinds if data.get(f"image/{kind}")), None)
        return self._picture(kind, str(data[f"image/{kind}"])) if kind else ""

    def _picture(self, kind: str, encoded: str) -> str:
        address = f"data:image/{kind};base64,{''.join(encoded.split())}"
        if not _PICTURE.fullmatch(address):
            return "<p>(a damaged picture)</p>"
        return f'<img src="{address}" alt="picture, output of cell {self._number + 1}">'


def _mark(cell: Cell) -> str:
    """A class name of ours; the page's styles are not the notebook's to choose."""
    found = state(cell)
    return found if found in {*CellState, *Outcome} else CellState.NOT_RUN


def _heading(cell: Cell) -> str:
    count = cell.get("execution_count")
    seconds = cell["metadata"].get("papermill", {}).get("duration")
    words = [f"In [{count}]" if isinstance(count, int) else "In [ ]"]
    if isinstance(seconds, int | float):
        words.append(f"{seconds:.1f} s")
    mark = _mark(cell)
    if is_runnable(cell) and mark != CellState.COMPLETED:
        words.append(f'<span class="badge {mark}">{mark.replace("_", " ")}</span>')
    line = next((line.strip() for line in cell["source"].splitlines() if line.strip()), "")
    return " · ".join([*words, f"<code>{_text(_shortened(line, 80))}</code>"] if line else words)


def _shortened(text: str, most: int = LONGEST) -> str:
    """`text`, or its beginning and end with a sentence about what is between."""
    if len(text) <= most:
        return text
    left_out = f"{len(text) - most:,} of {len(text):,} signs are left out here; output.ipynb has them"
    if most < LONGEST:
        return text[:most] + "…"
    return f"{text[: most // 2]}\n\n[… {left_out} …]\n\n{text[-(most // 2) :]}"


# --- markup of others


def _clean(markup: str) -> str:
    """Markup reduced to the allow-list; empty when it is unreasonable, or nothing visible is left."""
    if not markup or len(markup) > LARGEST or _is_too_deep(markup):
        return ""
    markup = _CONTROL.sub("", markup)
    kept = nh3.clean(
        markup,
        tags=set(TAGS.split()),
        clean_content_tags=_UNSEEN,
        attributes=_allowed(),
        attribute_filter=_filtered,
        url_schemes={"http", "https", "mailto", "data"},
        url_relative="deny",
        filter_style_properties=set(PROPERTIES.split()),
    )
    is_visible = "<img" in kept or "<progress" in kept or "<meter" in kept or re.sub(r"<[^>]*>", "", kept).strip()
    if not is_visible:
        return ""
    for nameless, named in _NAMELESS:
        kept = nameless.sub(named, kept)
    return _ROLED.sub(_honest_role, kept)


@functools.cache
def _allowed() -> dict[str, set[str]]:
    return {"*": set(ATTRIBUTES.split()), "a": {"href"}, "img": {"src"}}


def _is_too_deep(markup: str) -> bool:
    depth = 0
    for closing, name in _ELEMENT.findall(markup):
        if name.lower() not in _UNCLOSED.split():
            depth = max(depth - 1, 0) if closing else depth + 1
        if depth > DEEPEST:
            return True
    return False


def _filtered(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if _LINK.match(value) else None
    if name == "src":
        return value if tag == "img" and _PICTURE.fullmatch(value) else None
    return None if name == "style" and _FETCHES.search(value) else value


def _honest_role(match: re.Match[str]) -> str:
    """Roles are kept where they are complete: half a role tells a screen reader what is not there."""
    given = dict(_ARIA.findall(match[0]))
    role = given.get("role")
    is_measure = re.match(r"<(progress|meter)\b", match[0]) is not None
    numbers = [value for name, value in given.items() if name in {"aria-valuenow", "aria-valuemin", "aria-valuemax"}]
    is_whole = all(re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", value) for value in numbers)
    if (role == "progressbar" or (is_measure and role is None)) and is_whole and given.get("aria-label", "").strip():
        return match[0]
    if role in {"alert", "status"} and len(given) == 1 and match[0].startswith(("<div", "<p")):
        return match[0]
    kept = _ARIA.sub("", match[0])
    return kept if not is_measure else re.sub(r"^<\w+", r'\g<0> aria-label="measure"', kept)


def _headings_in_order(markup: str) -> str:
    """Headings of the notebook below that of the page, each at most one level deeper than the one before it."""
    above: list[int] = []
    opened: list[int] = []

    def put(match: re.Match[str]) -> str:
        level = int(match[2])
        if match[1]:
            return f"</h{opened.pop() if opened else level}"
        while above and above[-1] >= level:
            above.pop()
        above.append(level)
        opened.append(min(2 + len(above), 6))
        return f"<h{opened[-1]}"

    return _HEADING.sub(put, markup)


def _markdown(source: str) -> str:
    import mistune

    shown = _clean(str(mistune.html(source))) if len(source) <= LONGEST else ""
    return shown or f"<pre>{_text(_shortened(source))}</pre>"


def _code(source: str) -> str:
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    shown = _CONTROL.sub("", _shortened(source))
    return f"<pre>{highlight(shown, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip()}</pre>"


def _highlighting() -> str:
    from pygments.formatters import HtmlFormatter

    return str(HtmlFormatter(style="default").get_style_defs(".source"))
