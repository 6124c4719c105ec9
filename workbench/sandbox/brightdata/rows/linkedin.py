"""LinkedIn: posts, with reposts by others and articles whose id is a slug."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows.template import templates
from workbench.sandbox.brightdata.rows.words import caption, handle_of, person
from workbench.sandbox.brightdata.shapes import Ask, Row, columns
from workbench.sandbox.dice import Dice, iso

POSTS: Final = columns(
    """url:url id user_id use_url:url title headline post_text date_posted:date hashtags:array embedded_links:array
    images:array videos:array num_likes:number num_comments:number more_articles_by_user:array
    more_relevant_posts:array top_visible_comments:array user_followers:number user_posts:number
    user_articles:number post_type account_type post_text_html repost:object tagged_companies:array
    tagged_people:array user_title author_profile_pic num_connections:number video_duration:number
    video_thumbnail:url external_link_data:array document_cover_image:url document_page_count:number"""
)
_SOMETIMES_ABSENT: Final = ("user_title", "num_connections", "external_link_data", "document_cover_image")
_ROWS: Final = templates(__file__)


def _author(ask: Ask, dice: Dice) -> tuple[str, str, bool]:
    """Handle, name and whether it is a company; now and then not the one that was asked for (a repost)."""
    company = ask.method == "company_url" or "/company/" in ask.url
    if ask.method == "" or dice.now_and_then(4):
        name = person(dice)
        return handle_of(name, dice).replace("_", "-"), name, False
    return ask.handle, ask.handle.replace("-", " ").title(), company


def _comments(dice: Dice, moment: int) -> list[Row] | None:
    names = [person(dice) for _ in range(dice.randrange(3))]
    return [_ROWS["comment"].fill(dice, name=name, moment=moment) for name in names] or None


def _likes(dice: Dice) -> int | float:
    """Real rows carry 2.98e33 now and then."""
    return dice.random() * 1e34 if dice.now_and_then(25) else dice.crowd(90_000)


def make_post(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "linkedin post", ask.handle, moment)
    handle, name, company = _author(ask, dice)
    number, text = "7" + dice.digits(18), caption(dice)
    article = ask.method == "url" or "/pulse/" in ask.url or (ask.method == "" and dice.now_and_then(5))
    slug = f"{handle}-on-kettles-caf%C3%A9-{dice.base36(5)}"
    url = (
        f"https://www.linkedin.com/pulse/{slug}"
        if article
        else f"https://www.linkedin.com/posts/{handle}_kettles-activity-{number}-{dice.base64(4)}"
    )
    row = _ROWS["post"].fill(
        dice,
        moment=moment,
        url=ask.url if ask.method == "" else url,
        id=slug if article else number,
        author=handle,
        name=name,
        text=text,
        article=article,
        company=company,
        folder="company" if company else "in",
        posted=iso(moment + 0.77),
        earlier=lambda dice: iso(moment - dice.randrange(9_000_000)),
        likes=_likes,
        comments=lambda dice: _comments(dice, moment),
        reposted=handle != ask.handle and ask.method != "",
    )
    for column in _SOMETIMES_ABSENT:
        if dice.now_and_then(3):
            del row[column]
    if dice.now_and_then(12):
        row["newsletter"] = {"name": "Kettle weekly", "issue": dice.randrange(99)}  # in no list of columns
    return row
