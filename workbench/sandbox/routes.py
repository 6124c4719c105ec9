"""Tables of routes: which call of which address is answered by which function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter, Rule

from workbench.sandbox.web import Answer, Request


@dataclass(frozen=True)
class Route:
    method: str
    path: str  # of werkzeug's form, `/progress/<snapshot_id>`; a slash at the end makes no difference
    run: Callable[..., Answer]
    name: str = ""  # what a switch's "on" and the counts call it; files and controls have none
    needs: str = ""  # who gets in, where the service knows callers


class Routes:
    """A table, compiled when it is first needed: that takes about a millisecond a route."""

    def __init__(self, *routes: Route) -> None:
        self._routes = routes

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    @cached_property
    def _map(self) -> MapAdapter:
        rules = [Rule(each.path, methods=[each.method], endpoint=each) for each in self._routes]
        return Map(rules, strict_slashes=False, merge_slashes=False).bind("")

    def find(self, request: Request) -> tuple[Route, tuple[Any, ...]] | None:
        """The route and what its address holds; another method is another call, and not known."""
        try:
            route, values = self._map.match(request.path, request.method)
        except HTTPException:
            return None
        return route, tuple(values.values())
