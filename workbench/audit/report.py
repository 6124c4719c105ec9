"""The report of an execution for a person: one HTML file that opens anywhere, loads nothing and runs nothing.

Everything that a notebook prints may have been scraped from a stranger's page. Text is escaped, HTML is cut
down to an allow-list without classes, ids, scripts or outside addresses; a security policy backs that up.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from workbench.audit.notebook import Cell, CellState, Notebook, Outcome, is_runnable, state
from workbench.audit.redact import ANSI

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

TAGS: Final = (
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 "
    "h3 h4 h5 h6 hr i img ins kbd li mark meter ol p pre progress q s samp small span strong sub summary "
    "sup table tbody td tfoot th thead time tr tt u ul var"
)
ATTRIBUTES: Final = (
    "alt aria-label aria-valuemax aria-valuemin aria-valuenow aria-valuetext colspan datetime dir height "
    "lang max min open role rowspan scope start style title value width"
)
# No position, transform, margin or z-index: with them a cell could paint over what is not its own.
PROPERTIES: Final = (
    "background-color border border-bottom border-collapse border-color border-left border-radius "
    "border-right border-spacing border-style border-top border-width color display font font-family font-size "
    "font-style font-variant font-weight height letter-spacing line-height list-style-type max-width "
    "min-width opacity overflow overflow-x padding padding-bottom padding-left padding-right padding-top "
    "text-align text-decoration text-indent text-transform vertical-align white-space width word-break"
)
_LINK: Final = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_PICTURE: Final = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]+")
# What is never closed reaches to the end, as in a browser; a search that fails would start over and over.
_UNSEEN: Final = re.compile(r"(?is)<(script|style|template|noscript|title)\b.*?(?:</\1\s*>|\Z)")
# The sanitizer's time grows with the square of the depth: 20,000 nested elements take it 10 s.
DEEPEST: Final = 200
LARGEST: Final = 2_000_000
_ELEMENT: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_UNCLOSED: Final = "br col colgroup dd dt hr img input li option p tbody td tfoot th thead tr wbr"


def render(nb: Notebook, record: Mapping[str, Any], declared: Iterable[Mapping[str, Any]]) -> str:
    """The page; everything passed in is redacted already."""
    name = Path(record["notebook"]["path"]).name
    outcome = Outcome(record["outcome"])
    cells = "\n".join(_cell(number, cell) for number, cell in enumerate(nb["cells"]))
    return f"""<!DOCTYPE html>
<html lang="{_language(nb)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(name)}: {outcome.replace("_", " ")}, {_time(record["ended_at"])}</title>
<style>
{STYLE.read_text()}{_highlighting()}</style>
</head>
<body>
<header class="summary">
<h1>{_text(name)}</h1>
<span class="badge {outcome}">{MEANING[outcome]}</span>
{_why(record)}
{_facts(record)}
{_parameters(record, declared)}
</header>
<main>
{cells}
</main>
<footer>Execution {_text(record["execution_id"])}. Every file and its hash: manifest.json.</footer>
</body>
</html>
"""


def _text(value: object) -> str:
    """Escaped, without terminal colours and control characters."""
    plain = ANSI.sub("", str(value))
    return html.escape("".join(c for c in plain if c >= " " or c in "\n\t"))


def _language(nb: Notebook) -> str:
    """Of the text: ``metadata.language`` of the notebook, where it says so."""
    found = str(nb["metadata"].get("language", "en"))
    return found if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", found) else "en"


def _time(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S %Z")


def _why(record: Mapping[str, Any]) -> str:
    error = record["error"]
    if not error["name"]:
        return ""
    place = record["cells"]["failed"]
    link = "" if place is None else f' <a href="#cell-{place}">Show the cell</a>'
    return f'<p class="why"><strong>{_text(error["name"])}</strong>: {_text(error["value"])}{link}</p>'


def _facts(record: Mapping[str, Any]) -> str:
    started, ended = (datetime.fromisoformat(record[key]) for key in ("started_at", "ended_at"))
    code, actor, cells = record["code"], record["actor"], record["cells"]
    version = f"commit {code['commit'][:12]}" if code["commit"] else f"version {code['version'] or 'unknown'}"
    facts = {
        "Notebook": record["notebook"]["path"],
        "Started": _time(record["started_at"]),
        "Ended": f"{_time(record['ended_at'])} (after {(ended - started).total_seconds():.1f} s)",
        "Cells": f"{cells['run']} of {cells['total']} were run",
        "Code": version + (", with changes that are not committed" if code["is_dirty"] else ""),
        "By": f"{actor['user']} on {actor['host']}",
    }
    if record["redactions"]:
        facts["Redacted"] = f"{record['redactions']} occurrences of a secret"
    return '<dl class="facts">' + "".join(f"<dt>{k}</dt><dd>{_text(v)}</dd>" for k, v in facts.items()) + "</dl>"


def _parameters(record: Mapping[str, Any], declared: Iterable[Mapping[str, Any]]) -> str:
    rows = "".join(_row(one, record) for one in declared)
    if not rows:
        return "<p>This notebook has no parameters.</p>"
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Name", "Value", "Source", "Meaning"))
    return (
        '<div class="scroll"><table><caption>Parameters</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(parameter: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    name = parameter["name"]
    cells = [
        f"<code>{_text(repr(record['parameters'][name]))}</code>",
        "given" if name in record["given"] else "default",
        _text(parameter["help"]),
    ]
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row"><code>{_text(name)}</code></th>{row}</tr>'


# --- cells


def _cell(number: int, cell: Cell) -> str:
    match cell["cell_type"]:
        case "code":
            return _section(number, _code_cell(cell), _mark(cell))
        case "markdown":
            return _section(number, f'<div class="output">{_markdown(cell["source"])}</div>')
    return _section(number, f'<pre class="output">{_text(cell["source"])}</pre>')


def _section(number: int, inside: str, mark: str = "") -> str:
    return f'<section class="{f"cell {mark}".strip()}" id="cell-{number}">{inside}</section>'


def _code_cell(cell: Cell) -> str:
    outputs = "".join(f'<div class="output">{_output(output)}</div>' for output in cell.get("outputs", ()))
    return f'<header>{_heading(cell)}</header><div class="source">{_code(cell["source"])}</div>{outputs}'


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
    return " · ".join(words)


def _output(output: Mapping[str, Any]) -> str:
    match output["output_type"]:
        case "stream":
            kind = "stderr" if output.get("name") == "stderr" else "stdout"
            return f'<pre class="{kind}">{_text(output["text"])}</pre>'
        case "error":
            lines = output.get("traceback") or [f"{output.get('ename')}: {output.get('evalue')}"]
            return f'<pre class="error">{_text(chr(10).join(map(str, lines)))}</pre>'
    return _data(output.get("data", {}))


def _data(data: Mapping[str, Any]) -> str:
    """The richest form that can stand still; HTML that was nothing but script counts as none."""
    if shown := _clean(str(data.get("text/html", ""))):
        return f'<div class="scroll">{shown}</div>'
    if svg := data.get("image/svg+xml"):
        return _picture("svg+xml", base64.b64encode(str(svg).encode("utf-8", "replace")).decode())
    for kind in ("png", "jpeg", "gif"):
        if picture := data.get(f"image/{kind}"):
            return _picture(kind, str(picture))
    if markdown := data.get("text/markdown"):
        return _markdown(str(markdown))
    text = data.get("text/plain", data.get("text/latex"))
    return f"<pre>{_text(text)}</pre>" if text is not None else "<p>(an output that needs a live page)</p>"


def _picture(kind: str, encoded: str) -> str:
    address = f"data:image/{kind};base64,{''.join(encoded.split())}"
    return f'<img src="{address}" alt="picture">' if _PICTURE.fullmatch(address) else "<p>(a damaged picture)</p>"


def _clean(markup: str) -> str:
    """Markup reduced to the allow-list; empty when it is unreasonable, or nothing visible is left."""
    import bleach  # type: ignore[import-untyped]
    from bleach.css_sanitizer import CSSSanitizer  # type: ignore[import-untyped]

    seen = _UNSEEN.sub("", markup)  # for the eye: the sanitizer would show their inside as text
    if len(seen) > LARGEST or _is_too_deep(seen):
        return ""
    kept = bleach.clean(
        seen,
        tags=set(TAGS.split()),
        attributes=_is_allowed,
        protocols={"http", "https", "mailto", "data"},
        css_sanitizer=CSSSanitizer(allowed_css_properties=PROPERTIES.split(), allowed_svg_properties=[]),
        strip=True,
    )
    is_visible = "<img" in kept or "<progress" in kept or "<meter" in kept or re.sub(r"<[^>]*>", "", kept).strip()
    return str(kept) if is_visible else ""


def _is_too_deep(markup: str) -> bool:
    depth = 0
    for closing, name in _ELEMENT.findall(markup):
        if name.lower() not in _UNCLOSED.split():
            depth = max(depth - 1, 0) if closing else depth + 1
        if depth > DEEPEST:
            return True
    return False


def _is_allowed(tag: str, name: str, value: str) -> bool:
    if name == "href":
        return tag == "a" and _LINK.match(value) is not None
    if name == "src":
        return tag == "img" and _PICTURE.fullmatch(value) is not None
    return name in ATTRIBUTES.split()


def _markdown(source: str) -> str:
    import mistune

    return _clean(str(mistune.html(source))) or f"<pre>{_text(source)}</pre>"


def _code(source: str) -> str:
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    shown = "".join(c for c in source if c >= " " or c in "\n\t")
    return f"<pre>{highlight(shown, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip()}</pre>"


def _highlighting() -> str:
    from pygments.formatters import HtmlFormatter

    return str(HtmlFormatter(style="default").get_style_defs(".source"))
