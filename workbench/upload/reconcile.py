"""unsure → identified | a person: look in the library for files whose answer was lost.

Looks are spaced and stored. Exactly one new creative that bears the name is the file; several, or none after the last
look, are for a person. A library that could not be read whole proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.engine.flow import Move, Stay, Yielded
from workbench.engine.item import Attention
from workbench.engine.retry import next_look
from workbench.errors import Fault, NeedsPerson
from workbench.upload.identify import candidates
from workbench.upload.model import Upload, UploadState
from workbench.upload.send import identified, resolve_hint, sweep, whole
from workbench.upload.site_answers import CreativeCard
from workbench.upload.tools import UploadTools


def look(uploads: Sequence[Upload], tools: UploadTools) -> Iterator[Yielded]:
    """The uploads are of one account, and were looked for equally often."""
    sweep(tools.sending)
    left, picture = [], ""
    with tools.visit(uploads[0].account_id) as visit:
        library = tools.library(visit)
        for tab in dict.fromkeys(one.tab for one in uploads):
            listing = whole(library, tab, visit)
            picture = visit.shot("looked-for")
            for one in uploads:
                if one.tab != tab:
                    continue
                move = _found(one, candidates(one, listing, tools), tools, picture)
                if move is None:
                    left.append(one)
                else:
                    yield move
    if left:
        yield _not_there(left, tools, picture)


def _found(one: Upload, found: Sequence[CreativeCard], tools: UploadTools, picture: str) -> Move | None:
    if not found:
        return None
    if len(found) == 1:
        values = {**identified(found[0], tools, at=one.armed_at), "screenshot": picture}
        reason = f"found in the library as {found[0].id}"
        return Move(to=UploadState.IDENTIFIED, item_id=one.id, reason=reason, values=values)
    ids = ", ".join(card.id for card in found[:5])
    reason = f"the library has it {len(found)} times since: {ids}. Say which: {resolve_hint(one)} --id ID"
    return Move(
        to=UploadState.UNKNOWN_ID, item_id=one.id, reason=reason, attention=Attention.PERSON,
        values={"screenshot": picture},
    )  # fmt: skip


def _not_there(left: Sequence[Upload], tools: UploadTools, picture: str) -> Stay:
    first, at = left[0], tools.now()
    again = next_look(first, first.state_at or at, tools.look_gaps, at)
    if again is not None:
        return again
    names = ", ".join(f"{one.name} ({one.id})" for one in left[:5])
    raise NeedsPerson(
        f"{first.looks + 1} looks did not find {names} in the library, see {picture}. Look there by hand, then: "
        f"{resolve_hint(first)} --absent (it is sent once more), --id ID, or --abandon",
        fault=Fault(kind="uncertain_submit", evidence=picture.rpartition("/")[0], certain=False),
    )
