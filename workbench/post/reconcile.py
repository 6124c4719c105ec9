"""unsure → posted | drafted: look at the account's own list for a click whose answer was lost.

Looks are spaced and stored, never slept. Exactly one new listing that is ours is adopted; none after the last look, or
several, wait for a person. Nothing is ever posted again from here.
"""

from __future__ import annotations

from collections.abc import Iterator

from workbench.engine.flow import Stay, Yielded
from workbench.engine.retry import next_look
from workbench.post.confirm import looked_for, proved
from workbench.post.model import Posting
from workbench.post.tools import PostTools, for_person


def look(posting: Posting, tools: PostTools) -> Iterator[Yielded]:
    with tools.visit(posting.account_id) as visit:
        found = looked_for(posting, tools, tools.selling_page(visit))
        if len(found) == 1:
            yield proved(posting, tools, visit, found[0])
            return
        yield _later(posting, tools, len(found))


def _later(posting: Posting, tools: PostTools, number: int) -> Stay:
    """When to look again; raises what only a person can say, while the page is there for the evidence."""
    if number:
        raise for_person(posting, f"{number} listings of the account look like it.")
    at = tools.now()
    again = next_look(posting, posting.armed_at or at, tools.look_gaps, at)
    if again is not None:
        return again
    raise for_person(posting, f"the site did not answer the click, and {posting.looks + 1} looks did not find it.")
