"""TikTok: profiles, posts (and the three datasets that are called fast), comments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from workbench.brightdata.catalogue.entry import (
    BY_URL,
    COLLECT,
    COUNTRY,
    DATES,
    NUMBER,
    SOME,
    URL,
    Dataset,
    Input,
    Way,
)

_HOSTS: Final = ("tiktok.com",)
_PROFILE: Final = r"^/@[^/]+/?$"
_ONE_POST: Final = r"^/@[^/]+/(video|photo)/\d+"
_FEED: Final = r"^/(discover|tag|music|channel|explore)\b"

_POSTS: Final[Mapping[str, tuple[str, ...]]] = {
    "post_id": ("post_id", "shortcode"),
    "url": ("url",),
    # profile_username is the display name, whatever it is called
    "author": ("account_id", "handle:profile_url", "handle:url"),
    "author_url": ("profile_url",),
    "text": ("description",),
    "published_at": ("create_time",),
    "like_count": ("digg_count",),
    "comment_count": ("comment_count",),
    "share_count": ("num_share_count", "share_count"),  # the older key holds text
    "view_count": ("play_count",),
    "media_type": ("post_type",),
    "hashtags": ("hashtags",),
    "media_urls": ("carousel_images", "+video_url", "cdn_url", "preview_image"),
}


def _fast(dataset_id: str, service: str, inputs: Mapping[str, Input], paths: str) -> Dataset:
    """The fast datasets take fewer inputs; their rows are taken for those of the posts, of which none was seen."""
    return Dataset(
        dataset_id=dataset_id,
        platform="tiktok",
        service=service,
        kind="posts",
        ways={COLLECT: Way(None, inputs, paths=paths)},
        default_way=COLLECT,
        hosts=_HOSTS,
        columns=_POSTS,
    )


DATASETS: Final = (
    Dataset(
        dataset_id="gd_l1villgoiiidt09ci",
        platform="tiktok",
        service="profiles",
        kind="profiles",
        ways={
            COLLECT: Way(None, {**BY_URL, **COUNTRY}, paths=_PROFILE),
            "search_url": Way("search_url", {"search_url": URL, **COUNTRY}, source="search_url", paths=r"^/search"),
        },
        default_way=COLLECT,
        hosts=_HOSTS,
        match_keys=("url", "search_url"),
        columns={
            "profile_id": ("id",),
            "url": ("url",),
            "name": ("nickname",),
            "handle": ("account_id",),
            "text": ("biography", "signature"),
            "follower_count": ("followers",),
            "following_count": ("following",),
            "post_count": ("videos_count",),
            "is_verified": ("is_verified",),
            "is_private": ("is_private",),
            "image_url": ("profile_pic_url_hd", "profile_pic_url"),
            "external_urls": ("bio_link",),
        },
    ),
    Dataset(
        dataset_id="gd_lu702nij2f790tmv9h",
        platform="tiktok",
        service="posts",
        kind="posts",
        ways={
            COLLECT: Way(None, {**BY_URL, **COUNTRY}, paths=_ONE_POST),
            "profile_url": Way(
                "profile_url",
                {
                    **BY_URL,
                    **SOME,
                    **DATES,
                    "what_to_collect": Input("text"),
                    "post_type": Input("text"),
                    **COUNTRY,
                    "include_pinned_post": Input("flag"),
                    "sort_by": Input("text"),
                },
                paths=_PROFILE,
            ),
            "keyword": Way(
                "keyword", {"search_keyword": Input("text", required=True), **SOME, **COUNTRY}, source="search_keyword"
            ),
            # in capitals, here alone
            "url": Way("url", {"URL": URL, **NUMBER, **COUNTRY}, source="URL", paths=_FEED),
        },
        default_way="profile_url",
        hosts=_HOSTS,
        match_keys=("url", "URL", "search_keyword"),
        columns=_POSTS,
    ),
    _fast("gd_m7n5v2gq296pex2f5m", "posts_by_profile_fast", BY_URL, _PROFILE),
    _fast("gd_m736hjp71lejc5dc0l", "posts_by_url_fast", BY_URL, _FEED),
    _fast("gd_m7n5ixlw1gc4no56kx", "posts_by_search_fast", {**BY_URL, **NUMBER, **COUNTRY}, r"^/search"),
    Dataset(
        dataset_id="gd_lkf2st302ap89utw5k",
        platform="tiktok",
        service="comments",
        kind="comments",
        ways={COLLECT: Way(None, BY_URL, paths=_ONE_POST)},
        default_way=COLLECT,
        hosts=_HOSTS,
        columns={
            "comment_id": ("comment_id",),
            "post_id": ("post_id",),
            "post_url": ("post_url", "url"),
            "url": ("comment_url",),
            "author": ("handle:commenter_url", "commenter_user_name"),
            "author_url": ("commenter_url",),
            "text": ("comment_text",),
            "published_at": ("date_created",),
            "like_count": ("num_likes",),
            "reply_count": ("num_replies",),
        },
    ),
)
