"""What a browser sees of a service: pages from templates, scripts and styles, texts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.sandbox.web import HTML, Answer, as_text

if TYPE_CHECKING:
    from jinja2 import Environment

_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


class SiteFiles:
    """A folder of templates, scripts and styles. No page reaches for anything outside its site."""

    def __init__(self, folder: Path, *, of_pages: Mapping[str, str], of_files: Mapping[str, str]) -> None:
        self._folder = folder
        self._of_pages, self._of_files = of_pages, of_files  # headers

    def page(self, name: str, status: int = 200, /, **values: Any) -> Answer:
        text = self._templates.get_template(f"{name}.html").render(values)
        return Answer(text, status, self._of_pages, content_type=HTML)

    def file(self, name: str) -> Answer:
        path = self._folder / name
        if path.suffix not in _TYPES or not path.is_file():
            return as_text("not found", 404)
        return Answer(path.read_bytes(), headers=self._of_files, content_type=_TYPES[path.suffix])

    @cached_property
    def _templates(self) -> Environment:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup

        def escaped(value: Any) -> Any:
            """As html.escape spells it."""
            return value if isinstance(value, Markup) else Markup(escape(str(value)))  # noqa: S704 (it is escaped)

        environment = Environment(
            autoescape=True,
            finalize=escaped,
            keep_trailing_newline=True,
            loader=FileSystemLoader(self._folder),
            undefined=StrictUndefined,
        )
        # Inside <script>, where nothing is unescaped: only an end of the element could be misread.
        environment.filters["in_script"] = lambda value: Markup(json.dumps(value).replace("<", "\\u003c"))  # noqa: S704
        return environment


def read_texts(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"))
