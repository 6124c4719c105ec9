"""What a stand-in is: one address with its routes, the counting around them, and its controls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from workbench.sandbox.routes import Routes
from workbench.sandbox.web import Answer, HangUp, Request, as_json
from workbench.sandbox.world import World


class StandIn(ABC):
    """One outside service. What it answers is `visit`; what runs beside the requests begins and ends with it."""

    name: ClassVar[str]
    controls: ClassVar[Routes]
    world: World[Any, Any]

    def start(self) -> None:  # noqa: B027 (most have nothing)
        """Begin what runs beside the requests."""

    def stop(self) -> None:
        self.world.stopping.set()

    def handle(self, request: Request) -> Answer:
        return self._control(request) if request.path.startswith("/sandbox") else self.visit(request)

    @abstractmethod
    def visit(self, request: Request) -> Answer:
        """Answer as the outside service would."""

    def counted(self, name: str, run: Callable[[], Answer]) -> Answer:
        """Count the request under the name of its route, if it has one, and how it was answered."""
        notes = self.world.notes
        if name:
            notes.bump(f"route:{name}")
        try:
            answer = run()
        except HangUp:
            notes.bump("answer:none")
            raise
        notes.bump(f"answer:{answer.status_code}")
        return answer

    def _control(self, request: Request) -> Answer:
        found = self.controls.find(request)
        if found is None:
            return as_json({"error": "Not found"}, 404)
        route, values = found
        try:
            return route.run(self.world, request, *values)
        except ValueError as error:
            return as_json({"error": str(error)}, 400)
