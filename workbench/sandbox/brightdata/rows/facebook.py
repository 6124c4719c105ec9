"""Facebook: posts of a page or profile."""

from __future__ import annotations

from typing import Any, Final

from workbench.sandbox.brightdata.rows.dice import Dice, iso
from workbench.sandbox.brightdata.rows.words import PLACES, caption, picture, tags_in
from workbench.sandbox.brightdata.shapes import Ask, Row, columns

POSTS: Final = columns(
    """url:url post_id user_url:url user_username_raw content date_posted:date hashtags:array num_comments:number
    num_shares:number num_likes_type:object page_name profile_id page_intro page_category page_logo:url
    page_external_website page_followers:number page_likes:number page_is_verified:boolean original_post:object
    attachments:array post_external_image page_url:url header_image:url avatar_image_url:url profile_handle
    is_sponsored:boolean shortcode video_view_count:number play_count:number likes:number post_type following:number
    link_description_text count_reactions_type:array is_page:boolean page_phone page_email page_creation_time:date
    page_reviews_score page_reviewers_amount:number page_price_range about:array active_ads_urls:array
    delegate_page_id privacy_and_legal_info"""
)
_MOODS: Final = ("Love", "Care", "Wow", "Haha", "Sad", "Angry")
_SOMETIMES_ABSENT: Final = ("hashtags", "play_count", "page_likes")


def _page(seed: int, handle: str) -> Row:
    dice = Dice(seed, "facebook", handle)
    name = handle.replace(".", " ").title()
    url = f"https://www.facebook.com/{handle}"
    logo = picture(dice)
    return {
        "user_url": url,
        "user_username_raw": name,
        "page_name": name,
        "profile_id": "1000" + dice.digits(11),
        "page_intro": "Page · Community Kitchen",
        "page_category": "Community Kitchen",
        "page_logo": logo,
        "page_external_website": f"{handle.replace('.', '-')}.sandbox.example",
        "page_followers": (followers := dice.crowd(900_000)),
        "page_likes": followers - followers // 9,
        "page_is_verified": dice.now_and_then(2),
        "page_url": url,
        "header_image": picture(dice),
        "avatar_image_url": logo,
        "profile_handle": handle,
        "following": dice.crowd(900),
        "is_page": True,
        "page_phone": "+00 00 000 00 00",
        "page_email": None,
        "page_creation_time": "2011-04-01T00:00:00.000Z",
        "page_reviews_score": None,
        "page_reviewers_amount": None,
        "page_price_range": None,
        "about": [{"type": "INFLUENCER CATEGORY", "value": f"Page · {dice.choice(PLACES)}", "link": None}],
        "active_ads_urls": [],
        "delegate_page_id": dice.digits(11),
        "privacy_and_legal_info": None,
    }


def _reactions(dice: Dice) -> Row:
    counts: list[Row] = [{"type": "Like", "reaction_count": dice.crowd(20_000)}]
    counts += [{"type": mood, "reaction_count": dice.crowd(900)} for mood in _MOODS if not dice.now_and_then(3)]
    return {
        "num_likes_type": {"type": "Like", "num": counts[0]["reaction_count"]},
        "count_reactions_type": counts,
        "likes": sum(count["reaction_count"] for count in counts),
    }


def make_post(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "facebook post", ask.handle, moment)
    number, text = dice.digits(16), caption(dice)
    reel = dice.now_and_then(3)
    url = (
        f"https://www.facebook.com/reel/{number}/" if reel else f"https://www.facebook.com/{ask.handle}/posts/{number}"
    )
    views = dice.crowd(80_000) if reel else None
    row: dict[str, Any] = {
        "url": url,
        "post_id": number,
        "content": text,
        "date_posted": iso(moment),
        "hashtags": [tag.lstrip("#").lower() for tag in tags_in(text)] or None,
        "num_comments": dice.crowd(900),
        "num_shares": dice.crowd(500),
        "original_post": {"user_avatar_image": None},
        "attachments": [
            {
                "id": number,
                "type": "Video" if reel else "Photo",
                "url": picture(dice),
                "video_length": dice.digits(5) if reel else None,
                "attachment_url": url,
                "video_url": picture(dice, "mp4") if reel else None,
            }
        ],
        "post_external_image": None,
        "is_sponsored": False,
        "shortcode": number,
        "video_view_count": views,
        "play_count": views,
        "post_type": "Reel" if reel else "Post",
        "link_description_text": None,
        **_reactions(dice),
        **_page(ask.seed, ask.handle),
    }
    for name in _SOMETIMES_ABSENT:
        if dice.now_and_then(4):
            del row[name]
    if dice.now_and_then(12):
        row["ai_label"] = dice.choice((None, "none", {"made_with": "pencil"}))  # in no list of columns
    return row
