"""Instagram: posts, reels, profiles and comments."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows.template import templates
from workbench.sandbox.brightdata.rows.words import caption, handle_of, person, picture
from workbench.sandbox.brightdata.shapes import Ask, Row, columns
from workbench.sandbox.dice import Dice

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
_ROWS: Final = templates(__file__)


def _user(seed: int, handle: str) -> Row:
    return _ROWS["user"].fill(Dice(seed, "instagram", handle), handle=handle)


def _kind(ask: Ask, dice: Dice) -> str:
    if ask.post_type == "reel" or "/reel/" in ask.url:
        return "Reel"
    return dice.choices(("Image", "Carousel", "Video"), (5, 3, 2))[0]


def _latest_comments(dice: Dice) -> list[Row]:
    comments: list[Row] = _ROWS["latest_comments"].fill(dice)["list"]
    return comments


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
        shortcode = ask.last
    author = ask.handle if ask.method else handle_of(person(dice), dice)
    kind, text = _kind(ask, dice), caption(dice)
    row = _ROWS["post"].fill(
        dice,
        moment=moment,
        folder="reel" if kind == "Reel" else "p",
        shortcode=shortcode,
        number=number,
        author=author,
        text=text,
        tagged=person(dice),
        comments=_latest_comments,
    )
    row |= _media(kind, dice) | _user(ask.seed, author)
    for name in _SOMETIMES_ABSENT:
        if dice.now_and_then(6) or (row[name] is None and dice.now_and_then(2)):
            del row[name]
    if dice.now_and_then(12):
        row["remix_of"] = {"shortcode": dice.base64(11), "allowed": True}  # in no list of columns: vendors add keys
    return row


def make_reel(ask: Ask, moment: int) -> Row:
    """Like a post, but its id has the owner's number at the end."""
    dice = Dice(ask.seed, "instagram reel", ask.handle, moment)
    shortcode = "D" + dice.base64(10) if ask.method else ask.last
    author = ask.handle if ask.method else handle_of(person(dice), dice)
    user, text, views = _user(ask.seed, author), caption(dice), dice.crowd(5_000_000)
    row = _ROWS["reel"].fill(
        dice,
        moment=moment,
        shortcode=shortcode,
        author=author,
        text=text,
        views=views,
        plays=views * 2,
        comments=lambda dice: _latest_comments(dice) or None,
        length=lambda dice: dice.randrange(400, 9000) / 100,
        **user,
    )
    if dice.now_and_then(5):
        del row["audio_url"]
    return row


def make_profile(ask: Ask, _moment: int) -> Row:
    dice = Dice(ask.seed, "instagram profile", ask.handle)
    return _ROWS["profile"].fill(dice, handle=ask.handle, **_user(ask.seed, ask.handle))


def make_comment(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "instagram comment", ask.url, moment)
    user = handle_of(person(dice), dice)
    owner = Dice(ask.seed, "instagram post of", ask.url)
    answers = dice.randrange(2)
    names = {"moment": moment, "commenter": user, "owner": handle_of(person(owner), owner)}
    return _ROWS["comment"].fill(
        dice,
        url=ask.url,
        post_id=owner.digits(19),
        answers=answers,
        replies=lambda dice: [_ROWS["answer"].fill(dice, **names)] * answers or None,
        **names,
    )
