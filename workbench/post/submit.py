"""queued → submitted: fill, read back, write down, click once. What follows the click is never repeated blindly."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from workbench.engine.flow import Intent, Move, Progress, Revoked, Yielded
from workbench.engine.item import Attention
from workbench.errors import Fault, Permanent, Unanswered
from workbench.post.confirm import proved
from workbench.post.matching import FoundListing, already_there, find
from workbench.post.model import Posting, PostingState
from workbench.post.site_listings import ListingCard
from workbench.post.tools import DRAFT, ItemContent, PostTools, item_of, wait_for_pace

if TYPE_CHECKING:
    from workbench.browser.account_page import AccountPage

ASKED: Final = "asked_about"  # in a posting's content: listings at the site that a person was asked about


def send(posting: Posting, tools: PostTools) -> Iterator[Yielded]:
    if posting.cancel_requested:
        yield Move(to=PostingState.CANCELED, reason="cancelled before anything was sent")
        return
    wait_for_pace(posting, tools)
    item = item_of(posting, tools)
    yield Progress(0, 3, "opening Marketplace")
    with tools.visit(posting.account_id) as visit:
        yield from _post(posting, item, tools, visit)


def _post(posting: Posting, item: ItemContent, tools: PostTools, visit: AccountPage) -> Iterator[Yielded]:
    selling = tools.selling_page(visit)
    cards = selling.cards(title=item.texts["title"])
    before = frozenset(card.remote_id for card in cards)
    visit.is_signed_in()  # proved here, so that a login that the site renews is saved
    there = already_there(posting, cards, tools, selling)
    if there is not None:
        yield proved(posting, tools, visit, there)
        return
    if strange := _of_that_title(posting, tools, cards):
        yield _asked(posting, strange)
        return
    yield Progress(1, 3, "filling the form")
    form = tools.item_form(visit, item)
    form.fill()
    end = "save_draft" if posting.end == DRAFT else "publish"
    button = form.ready(end)
    baseline = {"ids": sorted(before), "has_sku": form.has_sku}
    facts = {"end": posting.end, "token": posting.token}
    yield Intent(intent_id=secrets.token_urlsafe(16), facts=facts, baseline=baseline)
    answer = form.click_once(button, before, patience=tools.patience)
    if answer is None:
        raise visit.fail(
            Unanswered(
                "the site did not say whether it took the listing; Your listings is looked at.",
                fault=Fault(kind="uncertain_submit", certain=False),
            ),
            "waiting for the answer to the click",
            certain=False,
        )
    if not answer.was_taken:
        refusal = visit.fail(
            Permanent(f"the site refused the listing: {answer.why}", fault=Fault(kind="validation_error")), "publishing"
        )
        yield Revoked(refusal.message)
        raise refusal
    if answer.remote_id is None:
        yield proved(posting, tools, visit, _only(find(posting, baseline, selling)))
    else:
        yield Move(
            to=PostingState.SUBMITTED,
            reason=f"taken by the site ({answer.why})",
            # As old as its order: it is confirmed before the next listing is begun, so that a job is seen to go on.
            values={"remote_id": answer.remote_id, "error_type": None, "next_at": posting.next_at},
        )


def _of_that_title(posting: Posting, tools: PostTools, cards: list[ListingCard]) -> list[ListingCard]:
    """What is public under the same title, was not put there from here, and was not yet asked about."""
    known = tools.view.remote_ids(posting.account_id) | set(posting.content.get(ASKED, ()))
    title = str(posting.content["title"])
    return [one for one in cards if one.state != DRAFT and one.remote_id not in known and one.is_called(title)]


def _asked(posting: Posting, strange: list[ListingCard]) -> Move:
    """It may be this listing, put there by hand or by a ledger that is gone: whoever knows says so before the click."""
    ids = [one.remote_id for one in strange]
    told = ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")  # noqa: PLR2004 - as many as told
    resolve = f"workbench post resolve {posting.listing_id}"
    return Move(
        to=PostingState.UNSURE,
        attention=Attention.PERSON,
        reason=(
            f"Your listings has {posting.content['title']!r} already ({told}), which was not put there from here; "
            f"nothing was sent. If it is this listing: {resolve} --adopt {ids[0]}; to post this one beside it: "
            f"{resolve} --absent; to leave it: {resolve} --abandon"
        ),
        values={
            "next_at": None, "error_type": None,
            "content": {**posting.content, ASKED: sorted({*posting.content.get(ASKED, ()), *ids})},
        },
    )  # fmt: skip


def _only(found: list[FoundListing]) -> FoundListing:
    """The site went on as if it had taken the listing: it is posted when its own list shows it."""
    if len(found) != 1:
        raise Unanswered(
            f"the site went on without the listing's id, and {len(found)} new listings look like it.",
            fault=Fault(kind="uncertain_submit", certain=False),
        )
    return found[0]
