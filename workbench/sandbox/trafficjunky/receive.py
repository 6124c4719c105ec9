"""The upload of one file: read to its end, looked into, then taken, refused, or swallowed without a word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from werkzeug.exceptions import ClientDisconnected

from workbench.sandbox.dice import share
from workbench.sandbox.trafficjunky.library import slot
from workbench.sandbox.trafficjunky.media import Media, look
from workbench.sandbox.trafficjunky.multipart import BadForm, File, read_form
from workbench.sandbox.trafficjunky.rules import TABS, complaint
from workbench.sandbox.trafficjunky.world import Session, TrafficJunkyWorld
from workbench.sandbox.web import Answer, HangUp, Request, as_json, as_text


@dataclass(frozen=True)
class Arrival:
    """A file that arrived whole."""

    session: Session
    tab: str
    file: File
    media: Media

    @property
    def name(self) -> str:
        return PurePosixPath(self.file.name).stem

    @property
    def about(self) -> dict[str, str]:
        """What switches match."""
        return {"file": self.file.name, "tab": self.tab, "account": self.session.account}


def upload(world: TrafficJunkyWorld, request: Request, session: Session) -> Answer:
    try:
        with read_form(request) as (fields, file):
            tab = slot(fields.get("type", ""), fields.get("native_type", "0"))
            if file is None or not file.name or not tab:
                return as_json({"error": "The given data was invalid."}, 422)
            return _judge(world, Arrival(session, tab, file, look(file.content)))
    except BadForm as error:
        return as_json({"error": str(error)}, 400)
    except ClientDisconnected:
        world.notes.bump("uploads_cut")
        raise HangUp from None


def _judge(world: TrafficJunkyWorld, arrival: Arrival) -> Answer:
    strikes, about = world.switches.strikes, arrival.about
    if drop := strikes("drop_before", **about):
        _note(world, arrival, "dropped")
        return _lost(drop)
    refusal = strikes("reject", **about)
    message = refusal["message"] if refusal else complaint(TABS[arrival.tab], arrival.media, arrival.file.size)
    if message:
        _note(world, arrival, "rejected", message=message)
        return as_json({"error": message}, 422)
    if _is_known(world, arrival):
        _note(world, arrival, "duplicate")
        return as_json({"success": True})
    return _take(world, arrival)


def _is_known(world: TrafficJunkyWorld, arrival: Arrival) -> bool:
    if world.switches.strikes("silent_duplicate", **arrival.about):
        return True
    known = world.store.knows(arrival.session.account, arrival.tab, arrival.name)
    return known and not world.switches.strikes("duplicate_accepted", **arrival.about)


def _take(world: TrafficJunkyWorld, arrival: Arrival) -> Answer:
    strikes, about = world.switches.strikes, arrival.about
    terse = TABS[arrival.tab].is_terse and share(world.store.seed, "terse", arrival.name) < 0.5
    with world.store.db.writing():
        # Asked first: a switch that has struck, and the card that it struck, are committed together.
        hidden = strikes("id_after_reload", **about)
        wordless = strikes("answer_without_id", **about)
        dropped = strikes("commit_then_drop", **about)
        failed = strikes("commit_then_500", **about)
        creative_id = world.store.add_creative(
            {
                "account": arrival.session.account,
                "tab": arrival.tab,
                "name": arrival.name,
                "kind": arrival.media.kind,
                "dimensions": arrival.media.dimensions,
                "is_terse": terse,
                "hidden": bool(hidden),
            }
        )
        _note(world, arrival, "stored", id=creative_id)
    if dropped:
        return _lost(dropped)
    if failed:
        return as_text("Server Error", 500)
    answer: dict[str, Any] = {"success": True}
    return as_json(answer if hidden or wordless else {**answer, "id": int(creative_id), "name": arrival.name})


def _lost(drop: dict[str, Any]) -> Answer:
    if drop["how"] == "silent":
        raise HangUp
    # A browser that heard nothing sends once more by itself, where its connection was an old one. An answer that has
    # begun keeps it from that, so that this is what `how` means unless asked otherwise.
    begun = Answer()
    begun.content_length = 100
    return begun


def _note(world: TrafficJunkyWorld, arrival: Arrival, outcome: str, **more: str) -> None:
    world.store.add_file(
        {
            "account": arrival.session.account,
            "tab": arrival.tab,
            "file": arrival.file.name,
            "sha256": arrival.file.sha256,
            "size": arrival.file.size,
            "outcome": outcome,
            **more,
        }
    )
