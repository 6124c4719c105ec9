"""YouTube: videos, channels and comments. Some keys of channels begin with a capital, and tags are objects."""

from __future__ import annotations

from typing import Final

from workbench.sandbox.brightdata.rows.template import templates
from workbench.sandbox.brightdata.rows.words import caption, handle_of, person, tags_in
from workbench.sandbox.brightdata.shapes import Ask, Row, columns
from workbench.sandbox.dice import Dice

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
_ROWS: Final = templates(__file__)


def _video_id(url: str) -> str | None:
    _, found, rest = url.partition("watch?v=")
    if found:
        return rest.split("&")[0]
    last = url.rstrip("/").split("?")[0].rsplit("/", 1)[-1]
    return last if "/shorts/" in url or "/live/" in url or "youtu.be/" in url else None


def _channel(seed: int, handle: str) -> Row:
    dice = Dice(seed, "youtube", handle)
    return _ROWS["channel_facts"].fill(dice, handle=handle, md5=lambda dice: f"{dice.getrandbits(128):032x}")


def make_video(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "youtube video", ask.url, moment)
    number = _video_id(ask.url) or dice.base64(11)
    short, text = "/shorts/" in ask.url or dice.now_and_then(3), caption(dice)
    owner = ask.handle if "/@" in ask.url else handle_of(person(dice), dice)
    hashtags = [{"hashtag": tag, "link": f"https://www.youtube.com/hashtag/{tag.lstrip('#')}"} for tag in tags_in(text)]
    row = _ROWS["video"].fill(dice, moment=moment, number=number, short=short, text=text, hashtags=hashtags)
    row |= _channel(ask.seed, owner)
    if dice.now_and_then(4):
        del row["tags"]
    return row


def make_channel(ask: Ask, moment: int) -> Row:
    found = handle_of(person(Dice(ask.seed, ask.url, moment)), Dice(ask.seed, moment))
    handle = ask.handle if "/@" in ask.url else found
    dice = Dice(ask.seed, "youtube channel", handle)
    return _ROWS["channel"].fill(dice, handle=handle, **_channel(ask.seed, handle))


def make_comment(ask: Ask, moment: int) -> Row:
    dice = Dice(ask.seed, "youtube comment", ask.url, moment)
    return _ROWS["comment"].fill(dice, moment=moment, url=ask.url, video_id=_video_id(ask.url))
