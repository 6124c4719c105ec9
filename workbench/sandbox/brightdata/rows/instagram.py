"""Instagram: posts, reels, profiles and comments."""

from __future__ import annotations

from typing import Any, Final

from workbench.sandbox.brightdata.rows.dice import Dice, iso
from workbench.sandbox.brightdata.rows.words import (
    PLACES,
    REPLIES,
    TAGS,
    caption,
    handle_of,
    person,
    picture,
    tags_in,
)
from workbench.sandbox.brightdata.shapes import Ask, Row, columns

POSTS: Final = columns(
    """url:url user_posted description num_comments:number date_posted:date likes:number photos:array videos:array
    location:array latest_comments:array post_id shortcode content_type pk content_id thumbnail:url product_type
    coauthor_producers:array tagged_users:array video_view_count:number video_play_count:number followers:number
    posts_count:number profile_image_link:url profile_url:url is_verified:boolean is_paid_partnership:boolean
    partnership_details:object user_posted_id post_content:array audio:object videos_duration:array images:array
    alt_text photos_number:number hashtags:array engagement_score_view:number"""
)
REELS: Final = columns(
    """url:url user_posted description hashtags:array num_comments:number date_posted:date likes:number views:number
    video_play_count:number top_comments:array post_id thumbnail:url shortcode content_id product_type
    coauthor_producers:array tagged_users:array length:number video_url:url audio_url:url posts_count:number
    followers:number following:number user_profile_url:url is_paid_partnership:boolean partnership_details:object
    is_verified:boolean profile_image_link:url"""
)
PROFILES: Final = columns(
    """account fbid id followers:number posts_count:number following:number is_verified:boolean is_private:boolean
    is_joined_recently:boolean external_url:array external_url_title:object external_urls:array biography
    post_hashtags:array bio_hashtags:array posts:array profile_image_link:url profile_url:url url:url profile_name
    full_name highlights_count:number highlights:array partner_id email_address pronouns"""
)
COMMENTS: Final = columns(
    """url:url comment_user comment_user_url:url comment_date:date comment likes_number:number replies_number:number
    replies:array hashtag_comment:array tagged_users_in_comment:array post_url:url post_user comment_id post_id"""
)
_NO_AUDIO: Final = dict.fromkeys(("audio_asset_id", "original_audio_title", "ig_artist_username", "ig_artist_id"), None)
_SOMETIMES_ABSENT: Final = ("coauthor_producers", "hashtags", "videos", "location", "engagement_score_view")


def _user(seed: int, handle: str) -> Row:
    dice = Dice(seed, "instagram", handle)
    return {
        "followers": dice.crowd(2_000_000),
        "posts_count": dice.crowd(4000),
        "profile_image_link": picture(dice),
        "profile_url": f"https://www.instagram.com/{handle}",
        "is_verified": dice.now_and_then(3),
        "user_posted_id": dice.digits(10),
    }


def _kind(ask: Ask, dice: Dice) -> str:
    if ask.post_type == "reel" or "/reel/" in ask.url:
        return "Reel"
    return dice.choices(("Image", "Carousel", "Video"), (5, 3, 2))[0]


def _latest_comments(dice: Dice) -> list[Row]:
    return [
        {
            "comments": dice.choice(REPLIES),
            "user_commenting": handle_of(person(dice), dice),
            "likes": dice.crowd(50),
            "profile_picture": picture(dice),
        }
        for _ in range(dice.randrange(3))
    ]


def _media(kind: str, dice: Dice) -> Row:
    moving = kind in {"Video", "Reel"}
    photos = [] if moving else [picture(dice) for _ in range(dice.randrange(2, 5) if kind == "Carousel" else 1)]
    videos = [picture(dice, "mp4")] if moving else None
    parts = [(videos or [""])[0]] if moving else photos
    views = dice.crowd(5_000_000) if moving else None
    return {
        "photos": photos or None,
        "videos": videos,
        "thumbnail": picture(dice),
        "content_type": kind,
        "product_type": {"Carousel": "carousel_container", "Reel": "clips"}.get(kind, "feed"),
        "video_view_count": views,
        "video_play_count": None if views is None else views * 2,
        "post_content": [
            {"index": index, "type": "Video" if moving else "Photo", "url": url, "id": dice.digits(19)}
            for index, url in enumerate(parts)
        ],
        "audio": {**_NO_AUDIO, "audio_asset_id": dice.digits(16)} if moving else _NO_AUDIO,
        "videos_duration": [{"url": parts[0], "video_duration": dice.randrange(4, 90)}] if moving else None,
        "images": [{"url": url, "id": dice.digits(19)} for url in photos] if kind == "Carousel" else [],
        "photos_number": len(photos) if kind == "Carousel" else 0,
    }


def make_post(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "instagram post", ask.handle, moment)
    number, shortcode = "3" + dice.digits(18), "D" + dice.base64(10)
    if ask.method == "":
        shortcode = ask.url.rstrip("/").split("?")[0].rsplit("/", 1)[-1]
    author = ask.handle if ask.method else handle_of(person(dice), dice)
    kind, text = _kind(ask, dice), caption(dice)
    tagged = person(dice)
    row: dict[str, Any] = {
        "url": f"https://www.instagram.com/{'reel' if kind == 'Reel' else 'p'}/{shortcode}",
        "user_posted": author,
        "description": text,
        "num_comments": dice.crowd(2000),
        "date_posted": iso(moment),
        "likes": dice.crowd(300_000),
        "location": [dice.choice(PLACES)] if dice.now_and_then(3) else None,
        "latest_comments": _latest_comments(dice),
        "post_id": number,
        "shortcode": shortcode,
        "pk": number,
        "content_id": shortcode,
        "coauthor_producers": [handle_of(tagged, dice)],
        "tagged_users": [
            {
                "full_name": tagged,
                "id": dice.digits(10),
                "is_verified": dice.now_and_then(4),
                "profile_pic_url": picture(dice),
                "username": handle_of(tagged, dice),
            }
        ],
        "is_paid_partnership": dice.now_and_then(9),
        "partnership_details": {"profile_id": None, "username": None, "profile_url": None},
        "alt_text": f"Photo by {author}. May be an image of tea and text.",
        "hashtags": tags_in(text) or None,
        "engagement_score_view": dice.randrange(100),
        **_media(kind, dice),
        **_user(ask.seed, author),
    }
    for name in _SOMETIMES_ABSENT:
        if dice.now_and_then(6) or (row[name] is None and dice.now_and_then(2)):
            del row[name]
    if dice.now_and_then(12):
        row["remix_of"] = {"shortcode": dice.base64(11), "allowed": True}  # in no list of columns: vendors add keys
    return row


def make_reel(ask: Ask, moment: int) -> Row:
    """Like a post, but its id has the owner's number at the end."""
    dice = Dice(ask.seed, "instagram reel", ask.handle, moment)
    shortcode = "D" + dice.base64(10) if ask.method else ask.url.rstrip("/").split("?")[0].rsplit("/", 1)[-1]
    author = ask.handle if ask.method else handle_of(person(dice), dice)
    user, text, views = _user(ask.seed, author), caption(dice), dice.crowd(5_000_000)
    row: Row = {
        "url": f"https://www.instagram.com/reel/{shortcode}",
        "user_posted": author,
        "description": text,
        "hashtags": tags_in(text) or None,
        "num_comments": dice.crowd(2000),
        "date_posted": iso(moment),
        "likes": dice.crowd(300_000),
        "views": views,
        "video_play_count": views * 2,
        "top_comments": _latest_comments(dice) or None,
        "post_id": f"3{dice.digits(18)}_{user['user_posted_id']}",
        "thumbnail": picture(dice),
        "shortcode": shortcode,
        "content_id": shortcode,
        "product_type": "clips",
        "coauthor_producers": [],
        "tagged_users": [],
        "length": dice.randrange(400, 9000) / 100,
        "video_url": picture(dice, "mp4"),
        "audio_url": picture(dice, "m4a"),
        "posts_count": user["posts_count"],
        "followers": user["followers"],
        "following": dice.crowd(3000),
        "user_profile_url": user["profile_url"],
        "is_paid_partnership": dice.now_and_then(9),
        "partnership_details": {"profile_id": None, "username": None, "profile_url": None},
        "is_verified": user["is_verified"],
        "profile_image_link": user["profile_image_link"],
    }
    if dice.now_and_then(5):
        del row["audio_url"]
    return row


def make_profile(ask: Ask, _moment: int) -> Row:
    dice = Dice(ask.seed, "instagram profile", ask.handle)
    user, name = _user(ask.seed, ask.handle), person(dice)
    site = f"https://{ask.handle.replace('_', '-').replace('.', '-')}.sandbox.example/"
    return {
        "account": ask.handle,
        "fbid": dice.digits(17),
        "id": user["user_posted_id"],
        "followers": user["followers"],
        "posts_count": user["posts_count"],
        "following": dice.crowd(3000),
        "is_verified": user["is_verified"],
        "is_private": dice.now_and_then(8),
        "is_joined_recently": False,
        "external_url": [site] if dice.now_and_then(2) else None,
        "external_url_title": None,
        "external_urls": [],
        "biography": f"{dice.choice(PLACES)} ☕\nkettles & <3",
        "post_hashtags": [f"#{dice.choice(TAGS)}"] if dice.now_and_then(2) else None,
        "bio_hashtags": None,
        "posts": [
            {
                "caption": caption(dice),
                "likes": dice.crowd(9000),
                "image_url": picture(dice),
                "id": dice.digits(19),
                "content_type": "Image",
            }
            for _ in range(3)
        ],
        "profile_image_link": user["profile_image_link"],
        "profile_url": user["profile_url"],
        "url": user["profile_url"],
        "profile_name": name,
        "full_name": name,
        "highlights_count": 0,
        "highlights": [],
        "partner_id": None,
        "email_address": None,
        "pronouns": None,
    }


def make_comment(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "instagram comment", ask.url, moment)
    user = handle_of(person(dice), dice)
    owner = Dice(ask.seed, "instagram post of", ask.url)
    answers = dice.randrange(2)
    return {
        "url": f"https://www.instagram.com/{(post_user := handle_of(person(owner), owner))}",
        "comment_user": user,
        "comment_user_url": f"https://www.instagram.com/{user}",
        "comment_date": iso(moment),
        "comment": dice.choice(REPLIES),
        "likes_number": dice.crowd(400),
        "replies_number": answers,
        "replies": [
            {
                "likes_number": 0,
                "reply": f"@{user} {dice.choice(REPLIES)}",
                "reply_date": iso(moment + 3600),
                "reply_user": post_user,
            }
        ]
        * answers
        or None,
        "hashtag_comment": None,
        "tagged_users_in_comment": [f"@{post_user}"] if dice.now_and_then(4) else None,
        "post_url": ask.url,
        "post_user": post_user,
        "comment_id": dice.digits(17),
        "post_id": owner.digits(19),
    }
