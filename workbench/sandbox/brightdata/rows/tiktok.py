"""TikTok: profiles, posts and comments. Words of its own (create_time, digg_count), and the vendor's misspellings."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows.dice import Dice, iso
from workbench.sandbox.brightdata.rows.words import REPLIES, caption, handle_of, person, picture, tags_in
from workbench.sandbox.brightdata.shapes import Ask, Row, columns

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


def _user(seed: int, handle: str) -> Row:
    dice = Dice(seed, "tiktok", handle)
    return {
        "profile_id": "6" + dice.digits(18),
        "profile_username": handle.replace("_", " ").title(),
        "profile_url": f"https://www.tiktok.com/@{handle}",
        "profile_avatar": picture(dice),
        "profile_biography": None,
        "profile_followers": dice.crowd(2_000_000),
        "is_verified": dice.now_and_then(5),
        "account_id": handle,
        "secu_id": "MS4wLjAB" + dice.base64(68),
    }


def make_post(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "tiktok post", ask.handle, moment)
    number = "7" + dice.digits(18)
    asked_for = ask.url.rstrip("/").split("?")[0].rsplit("/", 1)[-1]
    if asked_for.isdigit():
        number = asked_for
    author = ask.handle if "/@" in ask.url else handle_of(person(dice), dice)
    carousel, text, shares = dice.now_and_then(4), caption(dice), dice.crowd(9000)
    row: Row = {
        "url": f"https://www.tiktok.com/@{author}/{'photo' if carousel else 'video'}/{number}",
        "post_id": number,
        "description": text,
        "create_time": iso(moment),
        "digg_count": dice.crowd(3_000_000),
        "share_count": None if dice.now_and_then(4) else str(shares),
        "collect_count": dice.crowd(9000),
        "comment_count": dice.crowd(9000),
        "play_count": dice.crowd(90_000_000),
        "video_duration": 0 if carousel else dice.randrange(4, 180),
        "hashtags": [tag.lstrip("#") for tag in tags_in(text)] or None,
        "original_sound": f"original sound - {author}",
        "preview_image": picture(dice),
        "post_type": "image" if carousel else "video",
        "discovery_input": None,
        "offical_item": False,
        "original_item": False,
        "shortcode": number,
        "width": 576,
        "ratio": "540p",
        "video_url": None if carousel else picture(dice, "mp4"),
        "music": {"authorname": author, "id": dice.digits(19), "original": True, "title": "original sound"},
        "cdn_url": None if carousel else picture(dice, "mp4"),
        "carousel_images": [picture(dice) for _ in range(dice.randrange(2, 6))] if carousel else None,
        "tagged_user": None,
        "tt_chain_token": dice.base64(22) + "==",
        "region": "LV",
        "commerce_info": None,
        "subtitle_url": None,
        "subtitle_format": None,
        "subtitle_info": None,
        "cdn_link": None if carousel else picture(dice, "mp4"),
        "num_share_count": shares,
        "comments": None,
        **_user(ask.seed, author),
    }
    for name in _SOMETIMES_ABSENT:
        if dice.now_and_then(4):
            del row[name]
    if dice.now_and_then(12):
        row["ai_generated"] = dice.choice((None, True, "unknown"))  # in no list of columns
    return row


def make_profile(ask: Ask, moment: int) -> Row:
    searched = "/search" in ask.url
    handle = handle_of(person(Dice(ask.seed, ask.url, moment)), Dice(ask.seed, moment)) if searched else ask.handle
    user, dice = _user(ask.seed, handle), Dice(ask.seed, "tiktok profile", handle)
    likes = dice.crowd(9_000_000)
    biography = f"{caption(dice)[:60]}\nline two"
    return {
        "account_id": handle,
        "nickname": user["profile_username"],
        "biography": biography,
        "awg_engagement_rate": round(dice.random() * 2, 9),
        "comment_engagement_rate": round(dice.random() / 50, 11),
        "like_engagement_rate": round(dice.random() * 2, 9),
        "bio_link": f"https://{handle.replace('_', '-')}.sandbox.example/" if dice.now_and_then(2) else None,
        "predicted_lang": "en",
        "is_verified": user["is_verified"],
        "followers": user["profile_followers"],
        "following": dice.crowd(900),
        "likes": likes,
        "videos_count": dice.crowd(900),
        "create_time": None,
        "id": user["profile_id"],
        "url": user["profile_url"],
        "profile_pic_url": user["profile_avatar"],
        "like_count": likes if dice.now_and_then(2) else None,
        "digg_count": 0,
        "is_private": None if dice.now_and_then(2) else False,
        "profile_pic_url_hd": picture(dice),
        "secu_id": None,
        "short_id": None,
        "ftc": None,
        "relation": None,
        "open_favorite": True,
        "comment_setting": 1,
        "duet_setting": 3,
        "stitch_setting": 3,
        "is_ad_virtual": False,
        "room_id": dice.digits(19) if dice.now_and_then(9) else None,
        "is_under_age_18": None,
        "region": "LV",
        "top_videos": [f"{user['profile_url']}/video/7{dice.digits(18)}" for _ in range(3)],
        "signature": biography,
        "discovery_input": None,
    }


def make_comment(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "tiktok comment", ask.url, moment)
    number, handle = "7" + dice.digits(18), handle_of(person(dice), dice)
    return {
        "url": ask.url,
        "post_url": ask.url,
        "post_id": ask.url.rstrip("/").split("?")[0].rsplit("/", 1)[-1],
        "post_date_created": iso(moment - 86_400),
        "date_created": iso(moment),
        "comment_text": dice.choice(REPLIES),
        "num_likes": dice.crowd(400),
        "num_replies": dice.randrange(3),
        "commenter_user_name": handle.replace("_", " ").title(),
        "commenter_id": "6" + dice.digits(18),
        "commenter_url": f"https://www.tiktok.com/@{handle}",
        "comment_id": number,
        "comment_url": f"{ask.url}?sharer_id={number}",
    }
