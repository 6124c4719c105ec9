"""Facebook: posts of a page, of a group and by address, reels, comments."""

from __future__ import annotations

from typing import Any, Final

from workbench.sandbox.brightdata.rows.dice import Dice, iso
from workbench.sandbox.brightdata.rows.words import (
    PLACES,
    REPLIES,
    caption,
    handle_of,
    person,
    picture,
    tags_in,
)
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
GROUP_POSTS: Final = columns(
    """url:url post_id user_url:url user_username_raw content date_posted:date hashtags:array num_comments:number
    num_shares:number num_likes_type:object likes:number count_reactions_type:array original_post:object
    attachments:array post_external_image post_type shortcode video_view_count:number play_count:number
    group_name group_id group_url:url group_intro group_category group_members:number user_is_verified:boolean
    profile_handle"""
)
REELS: Final = columns(
    """url:url post_id user_url:url user_username_raw content date_posted:date hashtags:array num_comments:number
    num_shares:number num_likes_type:object likes:number count_reactions_type:array video_view_count:number
    play_count:number shortcode post_type video_url:url thumbnail:url length:number audio:object page_name
    page_url:url profile_id page_followers:number page_is_verified:boolean"""
)
COMMENTS: Final = columns(
    """url:url post_id post_url:url comment_id user_name user_id user_url:url date_created:date comment_text
    num_likes:number num_replies:number attached_files:array video_length:number source_type subtype type"""
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


def make_group_post(ask: Ask, moment: int) -> Row:
    """A member's post: the group is where a page's own facts would be."""
    dice = Dice(ask.seed, "facebook group", ask.handle)
    group = {
        "group_name": ask.handle.replace(".", " ").replace("-", " ").title(),
        "group_id": dice.digits(15),
        "group_url": f"https://www.facebook.com/groups/{ask.handle}",
        "group_intro": None,
        "group_category": "Public group",
        "group_members": dice.crowd(90_000),
    }
    dice = Dice(ask.seed, "facebook group post", ask.handle, moment)
    name = person(dice)
    handle = handle_of(name, dice)
    post = make_post(ask, moment)
    number = post["post_id"]
    return {
        **{column: post.get(column) for column in GROUP_POSTS},
        **group,
        "url": f"https://www.facebook.com/groups/{ask.handle}/posts/{number}/",
        "user_url": f"https://www.facebook.com/{handle}",
        "user_username_raw": name,
        "user_is_verified": False,
        "profile_handle": handle,
        "post_type": "Post",
    }


def make_one_post(ask: Ask, moment: int) -> Row:
    """The post that has the address; its number is the last of the path."""
    number = next((part for part in reversed(ask.url.split("/")) if part.isdigit()), None)
    post = make_post(ask, moment)
    return {**post, "url": ask.url, "post_id": number or post["post_id"], "shortcode": number or post["shortcode"]}


def make_reel(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "facebook reel", ask.handle, moment)
    post = make_post(ask, moment)
    number, views = post["post_id"], dice.crowd(80_000)
    return {
        **{column: post[column] for column in REELS if column in post},
        "url": f"https://www.facebook.com/reel/{number}/",
        "video_view_count": views,
        "play_count": views,
        "post_type": "Reel",
        "video_url": picture(dice, "mp4"),
        "thumbnail": picture(dice),
        "length": dice.randrange(4, 90),
        "audio": None,
    }


def make_comment(ask: Ask, moment: int) -> Row:
    """Ids are texts of letters and digits, and a count of nothing is null."""
    dice = Dice(ask.seed, "facebook comment", ask.url, moment)
    name, number = person(dice), dice.base36(44)
    likes = dice.crowd(90)
    return {
        "url": f"{ask.url}?comment_id={number}",
        "post_id": Dice(ask.seed, "facebook post of", ask.url).base36(60),
        "post_url": ask.url,
        "comment_id": number,
        "user_name": name,
        "user_id": f"pfbid0{dice.base36(58)}",
        "user_url": f"https://www.facebook.com/{handle_of(name, dice)}",
        "date_created": iso(moment),
        "comment_text": None if dice.now_and_then(12) else dice.choice(REPLIES),
        "num_likes": likes if likes > 1 else None,
        "num_replies": dice.randrange(4),
        "attached_files": [picture(dice)] if dice.now_and_then(6) else None,
        "video_length": None,
        "source_type": "TextWithEntities",
        "subtype": "TextWithEntities",
        "type": "Comment",
    }
