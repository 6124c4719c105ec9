"""Facebook: posts of a page, of a group and by address, reels, comments."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows.template import templates
from workbench.sandbox.brightdata.shapes import Ask, Row, columns
from workbench.sandbox.dice import Dice

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
_ROWS: Final = templates(__file__)


def _page(seed: int, handle: str) -> Row:
    name, url = handle.replace(".", " ").title(), f"https://www.facebook.com/{handle}"
    return _ROWS["page"].fill(Dice(seed, "facebook", handle), handle=handle, name=name, url=url)


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
    row = _ROWS["post"].fill(dice, handle=ask.handle, moment=moment)
    row |= _reactions(dice) | _page(ask.seed, ask.handle)
    for name in _SOMETIMES_ABSENT:
        if dice.now_and_then(4):
            del row[name]
    if dice.now_and_then(12):
        row["ai_label"] = dice.choice((None, "none", {"made_with": "pencil"}))  # in no list of columns
    return row


def make_group_post(ask: Ask, moment: int) -> Row:
    """A member's post: the group is where a page's own facts would be."""
    group = _ROWS["group"].fill(Dice(ask.seed, "facebook group", ask.handle), handle=ask.handle)
    dice = Dice(ask.seed, "facebook group post", ask.handle, moment)
    post = make_post(ask, moment)
    own = _ROWS["group_post"].fill(dice, handle=ask.handle, number=post["post_id"])
    return {**{column: post.get(column) for column in GROUP_POSTS}, **group, **own}


def make_one_post(ask: Ask, moment: int) -> Row:
    """The post that has the address; its number is the last of the path."""
    number = next((part for part in reversed(ask.url.split("/")) if part.isdigit()), None)
    post = make_post(ask, moment)
    return {**post, "url": ask.url, "post_id": number or post["post_id"], "shortcode": number or post["shortcode"]}


def make_reel(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "facebook reel", ask.handle, moment)
    post = make_post(ask, moment)
    own = _ROWS["reel"].fill(dice, number=post["post_id"])
    return {**{column: post[column] for column in REELS if column in post}, **own}


def make_comment(ask: Ask, moment: int) -> Row:
    """Ids are texts of letters and digits, and a count of nothing is null."""
    dice = Dice(ask.seed, "facebook comment", ask.url, moment)
    post_id = Dice(ask.seed, "facebook post of", ask.url).base36(60)
    return _ROWS["comment"].fill(dice, moment=moment, url=ask.url, post_id=post_id)
