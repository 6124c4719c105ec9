"""YouTube: videos, channels, comments."""

from __future__ import annotations

from typing import Final

from workbench.brightdata.catalogue.entry import BY_URL, COLLECT, COUNTRY, DATES, NUMBER, SOME, Dataset, Input, Way

_HOSTS: Final = ("youtube.com", "youtu.be")
_CHANNEL: Final = r"^/(@|channel/|c/|user/)[^/]"
_VIDEO: Final = r"^/(watch$|shorts/|live/|[\w-]{11}$)"  # the last is how youtu.be writes it
_TRANSCRIPT: Final = {"transcription_language": Input("text")}

DATASETS: Final = (
    Dataset(
        dataset_id="gd_lk56epmy2i5g7lzu0k",
        platform="youtube",
        service="videos",
        kind="posts",
        ways={
            COLLECT: Way(None, {**BY_URL, **COUNTRY, **_TRANSCRIPT}, paths=_VIDEO),
            "url": Way(
                "url",
                {
                    **BY_URL,
                    **NUMBER,
                    **DATES,
                    "order_by": Input("text"),
                    **COUNTRY,
                    "time_period": Input("text"),
                    **_TRANSCRIPT,
                },
                paths=_CHANNEL,
            ),
            "keyword": Way(
                "keyword",
                {
                    "keyword": Input("text", required=True),
                    **NUMBER,
                    **DATES,
                    **COUNTRY,
                    "include_shorts": Input("flag"),
                },
                source="keyword",
            ),
            "hashtag": Way(
                "hashtag", {"hashtag": Input("text", required=True), **SOME, **DATES, **COUNTRY}, source="hashtag"
            ),
            "search_filters": Way(
                "search_filters",
                {
                    "keyword_search": Input("text", required=True),
                    "upload_date": Input("text"),
                    "type": Input("text"),
                    "duration": Input("text"),
                    "features": Input("text"),
                    **COUNTRY,
                    "sort_by": Input("text"),
                },
                source="keyword_search",
            ),
            "explore": Way("explore", {**BY_URL, "all_tabs": Input("flag"), **COUNTRY}),
            "podcast_url": Way("podcast_url", BY_URL),
        },
        default_way="url",
        hosts=_HOSTS,
        match_keys=("url", "keyword", "hashtag", "keyword_search"),
        columns={
            "post_id": ("video_id", "shortcode"),
            "url": ("url",),
            "author": ("youtuber", "handle_name"),
            "author_url": ("channel_url_decoded", "channel_url"),
            "text": ("description", "title"),
            "published_at": ("date_posted",),
            "like_count": ("likes",),
            "comment_count": ("num_comments",),
            "share_count": (),
            "view_count": ("views",),
            "media_type": ("post_type",),
            "hashtags": ("hashtags",),
            "media_urls": ("video_url", "preview_image"),
        },
    ),
    Dataset(
        dataset_id="gd_lk538t2k2p1k3oos71",
        platform="youtube",
        service="channels",
        kind="profiles",
        ways={
            COLLECT: Way(None, BY_URL, paths=_CHANNEL),
            "keyword": Way("keyword", {"keyword": Input("text", required=True)}, source="keyword"),
        },
        default_way=COLLECT,
        hosts=_HOSTS,
        match_keys=("url", "keyword"),
        columns={
            "profile_id": ("id", "identifier"),
            "url": ("url",),
            "name": ("name",),
            "handle": ("handle",),
            "text": ("Description",),  # capitals as in real rows
            "follower_count": ("subscribers",),
            "following_count": (),
            "post_count": ("videos_count",),
            "is_verified": (),
            "is_private": (),
            "image_url": ("profile_image",),
            "external_urls": ("Links",),
        },
    ),
    Dataset(
        dataset_id="gd_lk9q0ew71spt1mxywf",
        platform="youtube",
        service="comments",
        kind="comments",
        ways={
            COLLECT: Way(
                None,
                {
                    **BY_URL,
                    "num_of_comments": Input("integer"),
                    "load_replies": Input("flag"),
                    "sort_by": Input("text", choices=("Newest first", "Top comments")),
                },
                paths=_VIDEO,
            )
        },
        default_way=COLLECT,
        hosts=_HOSTS,
        # Real rows have not been seen: keys are those of the vendor's tutorial and of programs that read it.
        columns={
            "comment_id": ("comment_id",),
            "post_id": ("video_id",),
            "post_url": ("video_url", "url"),
            "url": ("comment_url",),
            "author": ("username", "comment_user"),
            "author_url": ("user_channel", "comment_user_url"),
            "text": ("comment_text", "comment"),
            "published_at": ("date", "comment_date"),
            "like_count": ("likes",),
            "reply_count": ("replies", "replies_value"),
        },
    ),
)
