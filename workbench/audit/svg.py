"""A drawing (SVG) of which nothing acts or reaches out: shapes, texts and their styles alone."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

LARGEST: Final = 10_000_000  # signs
DEEPEST: Final = 200
_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_KEPT: Final = (
    "svg g defs symbol use title desc metadata style switch path rect circle ellipse line polyline polygon text tspan "
    "textPath image linearGradient radialGradient stop pattern clipPath mask marker filter feGaussianBlur feOffset "
    "feBlend feColorMatrix feMerge feMergeNode feFlood feComposite"
)
_WITHIN: Final = re.compile(r"#|data:image/(png|jpeg|gif|webp);base64,")
_FETCHES: Final = re.compile(r"(?i)url\s*\(\s*(?![\"']?\s*\#)|@import|\\|image-set")


def harmless(drawing: str) -> bytes | None:
    """The drawing without scripts, handlers, animations, foreign markup and addresses; None where it is none."""
    if len(drawing) > LARGEST or "<!ENTITY" in drawing:
        return None
    try:
        root = ET.fromstring(drawing)  # noqa: S314 - entities are refused above, and nothing outside is ever read
    except (ET.ParseError, ValueError):
        return None
    if _name(root) != "svg" or not _pruned(root):
        return None
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    made: bytes = ET.tostring(root, encoding="utf-8")
    return made


def _name(element: ET.Element) -> str:
    """Its name where it is one of SVG's; else none."""
    space, _, name = str(element.tag).rpartition("}")
    return name if space in {"", "{" + _SVG} else ""


def _pruned(root: ET.Element) -> bool:
    """Take out what is not kept; false where it is nested without reason."""
    kept = set(_KEPT.split())
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            return False
        for element in level:
            for child in [one for one in element if _name(one) not in kept]:
                element.remove(child)
            if _name(element) == "style" and _FETCHES.search(element.text or ""):
                element.text = ""
            for name in [name for name, value in element.attrib.items() if not _is_kept(name, value)]:
                del element.attrib[name]
        level = [child for element in level for child in element]
    return True


def _is_kept(name: str, value: str) -> bool:
    plain = name.rpartition("}")[2].lower()
    if plain in {"href", "src", "base"}:
        return plain == "href" and _WITHIN.match(value.strip()) is not None
    return not plain.startswith("on") and not _FETCHES.search(value)
