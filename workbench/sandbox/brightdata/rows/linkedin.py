"""LinkedIn: posts, with reposts by others and articles whose id is a slug."""

from __future__ import annotations

from typing import Any, Final

from workbench.sandbox.brightdata.rows.dice import Dice, iso
from workbench.sandbox.brightdata.rows.words import REPLIES, caption, handle_of, person, picture, tags_in
from workbench.sandbox.brightdata.shapes import Ask, Row, columns

POSTS: Final = columns(
    """url:url id user_id use_url:url title headline post_text date_posted:date hashtags:array embedded_links:array
    images:array videos:array num_likes:number num_comments:number more_articles_by_user:array
    more_relevant_posts:array top_visible_comments:array user_followers:number user_posts:number
    user_articles:number post_type account_type post_text_html repost:object tagged_companies:array
    tagged_people:array user_title author_profile_pic num_connections:number video_duration:number
    video_thumbnail:url external_link_data:array document_cover_image:url document_page_count:number"""
)
_REPOST: Final = (
    "repost_url",
    "repost_user_id",
    "repost_user_name",
    "repost_text",
    "repost_hangtags",
    "repost_date",
    "repost_attachments",
    "repost_id",
    "tagged_users",
    "tagged_companies",
)
_SOMETIMES_ABSENT: Final = ("user_title", "num_connections", "external_link_data", "document_cover_image")


def _author(ask: Ask, dice: Dice) -> tuple[str, str, bool]:
    """Handle, name and whether it is a company; now and then not the one that was asked for (a repost)."""
    company = ask.method == "company_url" or "/company/" in ask.url
    if ask.method == "" or dice.now_and_then(4):
        name = person(dice)
        return handle_of(name, dice).replace("_", "-"), name, False
    return ask.handle, ask.handle.replace("-", " ").title(), company


def _relevant(dice: Dice, moment: int) -> list[Row]:
    posts = []
    for _ in range(dice.randrange(3)):
        name = person(dice)
        handle, number = handle_of(name, dice), "7" + dice.digits(18)
        posts.append(
            {
                "post_url": f"https://www.linkedin.com/posts/{handle}_kettle-activity-{number}-{dice.base64(4)}",
                "post_id": number,
                "user_id": handle,
                "use_url": f"https://www.linkedin.com/in/{handle}?trk=public_post",
                "headline": None,
                "post_text": caption(dice),
                "date_posted": iso(moment - dice.randrange(9_000_000)),
                "num_likes": dice.crowd(900),
                "num_comments": dice.crowd(90),
                "images": None,
                "videos": None,
                "hashtags": None,
                "embedded_links": [f"https://www.linkedin.com/redir/redirect?url=kettle{dice.base36(4)}"],
            }
        )
    return posts


def _comments(dice: Dice, moment: int) -> list[Row] | None:
    return [
        {
            "use_url": f"https://www.linkedin.com/in/{handle_of(name, dice)}?trk=public_post_comment",
            "user_id": handle_of(name, dice),
            "user_name": name,
            "comment_date": iso(moment + 7200),
            "comment": dice.choice(REPLIES),
            "tagged_users": None,
            "num_reactions": dice.crowd(20),
        }
        for name in [person(dice) for _ in range(dice.randrange(3))]
    ] or None


def _repost(dice: Dice, moment: int, *, filled: bool) -> Row:
    row: Row = dict.fromkeys(_REPOST)
    if filled:
        name = person(dice)
        row |= {
            "repost_url": f"https://www.linkedin.com/in/{handle_of(name, dice)}",
            "repost_user_name": name,
            "repost_text": caption(dice),
            "repost_date": iso(moment - 86_400),
            "repost_id": "7" + dice.digits(18),
        }
    return row


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
    reposted = handle != ask.handle and ask.method != ""
    row: dict[str, Any] = {
        "url": ask.url if ask.method == "" else url,
        "id": slug if article else number,
        "user_id": None if dice.now_and_then(4) else handle,
        "use_url": f"https://www.linkedin.com/{'company' if company else 'in'}/{handle}",
        "title": f"{name} on kettles" if article else f"{name} on LinkedIn: {text[:60]}",
        "headline": f"{name}’s Post",
        "post_text": text,
        "date_posted": iso(moment + 0.77),
        "hashtags": tags_in(text) or None,
        "embedded_links": [f"https://www.linkedin.com/redir/redirect?url=kettle{dice.base36(4)}"],
        "images": [picture(dice)] if dice.now_and_then(2) else None,
        "videos": [picture(dice, "mp4")] if dice.now_and_then(6) else None,
        "num_likes": _likes(dice),
        "num_comments": dice.crowd(500),
        "more_articles_by_user": None,
        "more_relevant_posts": _relevant(dice, moment),
        "top_visible_comments": _comments(dice, moment),
        "user_followers": dice.crowd(20_000),
        "user_posts": dice.crowd(900),
        "user_articles": dice.randrange(9),
        "post_type": "article" if article else "post",
        "account_type": "Organization" if company else "Person",
        "post_text_html": f"<p>{text}</p>" if article else text,
        "repost": _repost(dice, moment, filled=reposted),
        "tagged_companies": [],
        "tagged_people": [],
        "user_title": "Kettle tester",
        "author_profile_pic": picture(dice),
        "num_connections": dice.crowd(500),
        "video_duration": None,
        "video_thumbnail": None,
        "external_link_data": None,
        "document_cover_image": None,
        "document_page_count": None,
    }
    for column in _SOMETIMES_ABSENT:
        if dice.now_and_then(3):
            del row[column]
    if dice.now_and_then(12):
        row["newsletter"] = {"name": "Kettle weekly", "issue": dice.randrange(99)}  # in no list of columns
    return row
