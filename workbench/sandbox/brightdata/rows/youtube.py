"""YouTube: videos, channels and comments. Some keys of channels begin with a capital, and tags are objects."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows.dice import Dice, iso
from workbench.sandbox.brightdata.rows.words import PLACES, REPLIES, caption, handle_of, person, picture, tags_in
from workbench.sandbox.brightdata.shapes import Ask, Row, columns

VIDEOS: Final = columns(
    """url:url title youtuber youtuber_md5 video_url:url video_length:number likes:number views:number date_posted:date
    description num_comments:number subscribers:number music:object video_id channel_url:url preview_image:url
    shortcode verified:boolean handle_name avatar_img_channel:url is_sponsored:boolean related_videos:array license:url
    viewport_frames current_optimal_res codecs color quality quality_label post_type youtuber_id transcript
    formatted_transcript:array hashtags:array tags:array next_recommended_videos:array recommended_videos:array
    transcript_language:array chapters:array transcription_language is_age_restricted:boolean channel_url_decoded:url
    category audio_tracks:array made_for_kids:boolean player_notification_text ai_content_label:boolean live_status
    comments:array discovery_input:object"""
)
CHANNELS: Final = columns(
    """url:url handle handle_md5 banner_img:url profile_image:url name subscribers:number Description
    videos_count:number created_date:date views:number Details:object Links:array identifier id"""
)
COMMENTS: Final = columns(
    """url:url comment_id comment_text likes:number replies:number username user_channel:url date:date video_id
    replies_value:array"""
)


def _video_id(url: str) -> str | None:
    _, found, rest = url.partition("watch?v=")
    if found:
        return rest.split("&")[0]
    last = url.rstrip("/").split("?")[0].rsplit("/", 1)[-1]
    return last if "/shorts/" in url or "/live/" in url or "youtu.be/" in url else None


def _channel(seed: int, handle: str) -> Row:
    dice = Dice(seed, "youtube", handle)
    return {
        "youtuber": f"@{handle}",
        "youtuber_md5": f"{dice.getrandbits(128):032x}",
        "youtuber_id": "UC" + dice.base64(22),
        "channel_url": f"https://www.youtube.com/%40{handle}",
        "channel_url_decoded": f"https://www.youtube.com/@{handle}",
        "handle_name": handle.replace("_", " ").title(),
        "avatar_img_channel": picture(dice),
        "subscribers": dice.crowd(9_000_000),
        "verified": dice.now_and_then(3),
    }


def make_video(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "youtube video", ask.url, moment)
    number = _video_id(ask.url) or dice.base64(11)
    short, text = "/shorts/" in ask.url or dice.now_and_then(3), caption(dice)
    owner = ask.handle if "/@" in ask.url else handle_of(person(dice), dice)
    row: Row = {
        "url": f"https://www.youtube.com/{'shorts/' if short else 'watch?v='}{number}",
        "title": text[:90],
        "video_url": picture(dice, "mp4"),
        "video_length": dice.randrange(9, 4000),
        "likes": None if dice.now_and_then(9) else dice.crowd(90_000),
        "views": dice.crowd(90_000_000),
        "date_posted": iso(moment),
        "description": text,
        "num_comments": dice.crowd(9000),
        "music": None,
        "video_id": number,
        "preview_image": picture(dice),
        "shortcode": number,
        "is_sponsored": False,
        "related_videos": [],
        "license": None,
        "quality": "hd720",
        "quality_label": "720p",
        "post_type": "short" if short else "post",
        "transcript": None,
        "formatted_transcript": [],
        "hashtags": [
            {"hashtag": tag, "link": f"https://www.youtube.com/hashtag/{tag.lstrip('#')}"} for tag in tags_in(text)
        ],
        "tags": None,
        "chapters": None,
        "transcription_language": None,
        "is_age_restricted": False,
        "category": "Howto & Style",
        "made_for_kids": False,
        "live_status": "not_live",
        "comments": None,
        "discovery_input": None,
        **_channel(ask.seed, owner),
    }
    if dice.now_and_then(4):
        del row["tags"]
    return row


def make_channel(ask: Ask, moment: int) -> Row:
    found = handle_of(person(Dice(ask.seed, ask.url, moment)), Dice(ask.seed, moment))
    handle = ask.handle if "/@" in ask.url else found
    channel, dice = _channel(ask.seed, handle), Dice(ask.seed, "youtube channel", handle)
    return {
        "url": f"{channel['channel_url_decoded']}/about",
        "handle": channel["youtuber"],
        "handle_md5": channel["youtuber_md5"],
        "banner_img": picture(dice),
        "profile_image": channel["avatar_img_channel"],
        "name": channel["handle_name"],
        "subscribers": channel["subscribers"],
        "Description": f"{caption(dice)}\n\nkettles, weekly\n",
        "videos_count": dice.crowd(900),
        "created_date": "2014-02-16T00:00:00.000Z",
        "views": dice.crowd(9_000_000_000),
        "Details": {"location": dice.choice(PLACES)},
        "Links": [f"{handle.replace('_', '-')}.sandbox.example"] if dice.now_and_then(2) else None,
        "identifier": channel["youtuber_id"],
        "id": channel["youtuber_id"],
    }


def make_comment(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "youtube comment", ask.url, moment)
    user = handle_of(person(dice), dice)
    return {
        "url": ask.url,
        "comment_id": "Ug" + dice.base64(24),
        "comment_text": dice.choice(REPLIES),
        "likes": dice.crowd(900),
        "replies": dice.randrange(5),
        "username": f"@{user}",
        "user_channel": f"https://www.youtube.com/@{user}",
        "date": iso(moment),
        "video_id": _video_id(ask.url),
        "replies_value": None,
    }
