"""sent → identified: the platform's id, from the card that bears the file's name. Reading alone; repeatable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from workbench.engine.flow import Move, Stay, Yielded
from workbench.engine.item import Attention
from workbench.upload.fingerprint import bears, by_id, cut_short, matching, without
from workbench.upload.model import Upload, UploadState
from workbench.upload.send import identified, resolve_hint, sweep
from workbench.upload.site_answers import CreativeCard, TabListing
from workbench.upload.tools import UploadTools


def find(uploads: Sequence[Upload], tools: UploadTools) -> Iterator[Yielded]:
    """The uploads are of one account, and were looked for equally often."""
    sweep(tools.sending)
    first = uploads[0]
    left = []
    with tools.visit(first.account_id) as visit:
        library = tools.library(visit)
        for tab in dict.fromkeys(one.tab for one in uploads):
            wanted = [one for one in uploads if one.tab == tab]
            listing = library.cards(tab, enough=partial(_has_all, wanted))
            picture = visit.shot("uploaded" if listing.cards else "library")
            for one in wanted:
                move = _move_for(one, listing, tools, picture, is_last=first.looks >= len(tools.look_gaps))
                if move is None:
                    left.append(one)
                else:
                    yield move
    if left:
        yield Stay(after=tools.look_gaps[min(first.looks, len(tools.look_gaps) - 1)], values={"looks": first.looks + 1})


def _has_all(uploads: Sequence[Upload], cards: Sequence[CreativeCard]) -> bool:
    shown = {card.id for card in cards}
    return all(one.remote_id in shown for one in uploads)


def _move_for(one: Upload, listing: TabListing, tools: UploadTools, picture: str, *, is_last: bool) -> Move | None:
    """The move that the library justifies; None: look again later."""
    is_last = is_last and listing.is_complete
    if one.remote_id is not None:
        return _by_answer(one, one.remote_id, listing, tools, picture, is_last=is_last)
    found = candidates(one, listing, tools)
    if len(found) == 1:
        return _found(one, found[0], tools, picture)
    if found:
        return _unknown(one, f"the library has it {len(found)} times: {_ids(found)}", picture)
    return _by_old_card(one, listing, tools, picture) if is_last else None


def _by_answer(
    one: Upload, remote_id: str, listing: TabListing, tools: UploadTools, picture: str, *, is_last: bool
) -> Move | None:
    """Compare the id that the network said already with the card."""
    card = by_id(remote_id, listing.cards)
    if card is not None and bears(one, card):
        return _found(one, card, tools, picture)
    if card is not None:
        return _unknown(one, f"the site answered {remote_id}, and the library calls that {card.name!r}", picture)
    if is_last:
        return _unknown(one, f"the site answered {remote_id}, and the library shows no such creative", picture)
    return None


def candidates(one: Upload, listing: TabListing, tools: UploadTools) -> list[CreativeCard]:
    """New cards that bear the file's name and belong to nothing else of ours."""
    before = tools.view.baseline_of(one)
    taken = tools.view.remote_ids(one.account_id, but=None)
    return without(without(matching(one, listing.cards), before), taken)


def _by_old_card(one: Upload, listing: TabListing, tools: UploadTools, picture: str) -> Move:
    """The site took the file without a word and made nothing new of it: perhaps it is an old one under this name."""
    old = without(matching(one, listing.cards), tools.view.remote_ids(one.account_id, but=one.creative_id))
    if len(old) == 1:
        move = _found(one, old[0], tools, picture)
        return Move(**{**vars(move), "reason": "the site made nothing new of it: it has this file under this id"})
    hints = without(cut_short(one, listing.cards), tools.view.baseline_of(one))
    why = "the site took it, and the library does not show it"
    if hints:
        why = f"names in the library are cut short; perhaps it is {_ids(hints)}"
    return _unknown(one, why, picture)


def _found(one: Upload, card: CreativeCard, tools: UploadTools, picture: str) -> Move:
    values = {**identified(card, tools, at=one.uploaded_at), "screenshot": picture}
    return Move(to=UploadState.IDENTIFIED, item_id=one.id, values=values)


def _unknown(one: Upload, why: str, picture: str) -> Move:
    return Move(
        to=UploadState.UNKNOWN_ID, item_id=one.id, attention=Attention.PERSON,
        reason=f"{why}. Look at {picture}, then: {resolve_hint(one)} --id ID",
        values={"screenshot": picture, "remote_id": None},
    )  # fmt: skip


def _ids(cards: Sequence[CreativeCard]) -> str:
    return ", ".join(card.id for card in cards[:5])
