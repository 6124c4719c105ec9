"""What executions said: the text that a search looks through, and where in it something was found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final

from workbench.audit.redact import ANSI
from workbench.audit.verify_archive import MANIFEST
from workbench.db.clock import now
from workbench.errors import BadInput
from workbench.files import canonical

OUTPUT: Final = "output.ipynb"
_LONGEST: Final = 200_000  # signs of an execution that are looked through; the end says more than the middle
_MATCHES: Final = 3
_AROUND: Final = 80
_TAG: Final = re.compile(r"<[^>]*>")


def found_in(folder: Path) -> dict[str, Any]:
    """What a search and a reader ask of a sealed report: parameters, text, effects, cost."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    parts = [" ".join(str(one) for one in (manifest.get("error") or {}).values() if one)]
    parts += [f"{name}={value}" for name, value in manifest.get("parameters", {}).items()]
    try:
        parts += _said(json.loads((folder / OUTPUT).read_bytes()))
    except (FileNotFoundError, ValueError):
        parts.append("")  # it is sealed all the same, and verify says what is missing
    text = ANSI.sub("", "\n".join(filter(None, parts)))
    half = _LONGEST // 2
    return {
        "parameters": manifest.get("parameters", {}),
        "text": text if len(text) <= _LONGEST else f"{text[:half]}\n...\n{text[-half:]}",
        "effects": manifest.get("effects", []),
        "cost_micro_usd": manifest.get("cost_micro_usd"),
    }


def _said(nb: Mapping[str, Any]) -> Iterator[str]:
    for cell in nb.get("cells", ()):
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            plain = data.get("text/plain", "")
            shown = _TAG.sub(" ", _joined(data["text/html"])) if "text/html" in data else _joined(plain)
            yield from filter(
                None, (_joined(output.get("text", "")), shown, _joined(output.get("traceback", ""), "\n"))
            )


def _joined(text: Any, between: str = "") -> str:
    return between.join(map(str, text)) if isinstance(text, list) else str(text)


def matches(text: str | None, wanted: str) -> list[str]:
    """Where `wanted` stands in a text, with what is around it; the first few."""
    found = []
    for at in re.finditer(re.escape(wanted), text or "", re.IGNORECASE):
        line = (text or "")[max(0, at.start() - _AROUND) : at.end() + _AROUND]
        found.append(" ".join(line.split()))
        if len(found) == _MATCHES:
            break
    return found


def has_parameters(parameters: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    """Whether each of `wanted` is a parameter with that value, as a person spells it."""
    return all(name in parameters and value in _spellings(parameters[name]) for name, value in wanted.items())


def _spellings(value: Any) -> Sequence[str]:
    """As `store.find` takes them too: plain, as Python and as JSON write it."""
    return (str(value), str(value).lower(), json.dumps(value, ensure_ascii=False), canonical(value))


def since_of(text: str, zone: tzinfo) -> datetime:
    """A day, a time, or how long ago: 2026-11-01, 2026-11-01T08:00, 7d, 12h."""
    if ago := re.fullmatch(r"([0-9]{1,6})([dh])", text.strip()):
        return now() - (timedelta(days=int(ago[1])) if ago[2] == "d" else timedelta(hours=int(ago[1])))
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(f"{text!r} is no time; give a day (2026-11-01), or how long ago (7d, 12h).") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)
