"""TikTok: profiles, posts and comments. Words of its own (create_time, digg_count), and the vendor's misspellings."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows.template import templates
from workbench.sandbox.brightdata.rows.words import caption, handle_of, person
from workbench.sandbox.brightdata.shapes import Ask, Row, columns
from workbench.sandbox.dice import Dice

POSTS: Final = columns(
    """url:url post_id description create_time:date digg_count:number share_count collect_count:number
    comment_count:number play_count:number video_duration:number hashtags:array original_sound profile_id
    profile_username profile_url:url profile_avatar:url profile_biography preview_image:url post_type
    discovery_input:object offical_item:boolean secu_id original_item:boolean shortcode width:number ratio
    video_url:url music:object cdn_url:url is_verified:boolean account_id carousel_images:array tagged_user:array
    profile_followers:number tt_chain_token region commerce_info subtitle_url:url subtitle_format
    subtitle_info:array cdn_link:url num_share_count:number comments:array"""
)
PROFILES: Final = columns(
    """account_id nickname biography awg_engagement_rate:number comment_engagement_rate:number
    like_engagement_rate:number bio_link:url predicted_lang is_verified:boolean followers:number following:number
    likes:number videos_count:number create_time:object id url:url profile_pic_url:url like_count:number
    digg_count:number is_private:boolean profile_pic_url_hd:url secu_id short_id ftc relation
    open_favorite:boolean comment_setting:number duet_setting:number stitch_setting:number is_ad_virtual:boolean
    room_id is_under_age_18:boolean region top_videos:array signature discovery_input:object"""
)
COMMENTS: Final = columns(
    """url:url post_url:url post_id post_date_created:date date_created:date comment_text num_likes:number
    num_replies:number commenter_user_name commenter_id commenter_url:url comment_id comment_url:url"""
)
_SOMETIMES_ABSENT: Final = ("num_share_count", "comments", "cdn_link", "subtitle_info")
_ROWS: Final = templates(__file__)


def _user(seed: int, handle: str) -> Row:
    return _ROWS["user"].fill(Dice(seed, "tiktok", handle), handle=handle)


def make_post(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "tiktok post", ask.handle, moment)
    thrown = "7" + dice.digits(18)
    author = ask.handle if "/@" in ask.url else handle_of(person(dice), dice)
    row = _ROWS["post"].fill(
        dice,
        moment=moment,
        number=ask.number or thrown,
        author=author,
        carousel=dice.now_and_then(4),
        text=caption(dice),
        shares=dice.crowd(9000),
    ) | _user(ask.seed, author)
    for name in _SOMETIMES_ABSENT:
        if dice.now_and_then(4):
            del row[name]
    if dice.now_and_then(12):
        row["ai_generated"] = dice.choice((None, True, "unknown"))  # in no list of columns
    return row


def make_profile(ask: Ask, moment: int) -> Row:
    searched = "/search" in ask.url
    handle = handle_of(person(Dice(ask.seed, ask.url, moment)), Dice(ask.seed, moment)) if searched else ask.handle
    return _ROWS["profile"].fill(
        Dice(ask.seed, "tiktok profile", handle),
        handle=handle,
        rate=lambda dice: round(dice.random() * 2, 9),
        small_rate=lambda dice: round(dice.random() / 50, 11),
        **_user(ask.seed, handle),
    )


def make_comment(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "tiktok comment", ask.url, moment)
    return _ROWS["comment"].fill(dice, moment=moment, url=ask.url, last=ask.last)
