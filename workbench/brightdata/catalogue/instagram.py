"""Instagram: profiles, posts, reels, comments."""

from __future__ import annotations

from typing import Final

from workbench.brightdata.catalogue.entry import BY_URL, COLLECT, DATES, NUMBER, SOME, Dataset, Input, Way

_HOSTS: Final = ("instagram.com",)
_ONE_POST: Final = r"^/([^/]+/)?(p|reel|reels|tv)/[\w-]+"
_NEWEST_REELS: Final = {**BY_URL, **NUMBER, **DATES}

DATASETS: Final = (
    Dataset(
        dataset_id="gd_lk5ns7kz21pck8jpis",
        platform="instagram",
        service="posts",
        kind="posts",
        ways={
            COLLECT: Way(None, BY_URL, paths=_ONE_POST),
            "url": Way(
                "url",
                {**BY_URL, **SOME, **DATES, "post_type": Input("text", choices=("Post", "Reel"))},
                paths=r"^/[^/]",
            ),
        },
        default_way="url",
        hosts=_HOSTS,
        columns={
            "post_id": ("media:post_id", "pk", "media:shortcode", "media:url"),
            "url": ("url",),
            "author": ("user_posted",),
            "author_url": ("profile_url", "user_profile_url"),
            "text": ("description",),
            "published_at": ("date_posted",),
            "like_count": ("likes",),
            "comment_count": ("num_comments",),
            "share_count": (),
            "view_count": ("video_view_count", "video_play_count", "views"),
            "media_type": ("content_type", "product_type"),
            "hashtags": ("hashtags",),
            "media_urls": ("post_content", "photos", "+videos", "+video_url", "thumbnail"),
        },
    ),
    Dataset(
        dataset_id="gd_lyclm20il4r5helnj",
        platform="instagram",
        service="reels",
        kind="posts",
        ways={
            COLLECT: Way(None, BY_URL, paths=_ONE_POST),
            "url": Way("url", _NEWEST_REELS, paths=r"^/[^/]"),
            "url_all_reels": Way("url_all_reels", _NEWEST_REELS),  # asked for by name only
        },
        default_way="url",
        hosts=_HOSTS,
        columns={
            # "<media>_<owner>", where the dataset of posts has the media's number alone: a reel is one post in both
            "post_id": ("media:post_id", "media:shortcode", "media:url"),
            "url": ("url",),
            "author": ("user_posted",),
            "author_url": ("user_profile_url", "profile_url"),
            "text": ("description",),
            "published_at": ("date_posted",),
            "like_count": ("likes",),
            "comment_count": ("num_comments",),
            "share_count": (),
            "view_count": ("views", "video_play_count"),
            "media_type": ("product_type",),
            "hashtags": ("hashtags",),
            "media_urls": ("video_url", "+videos", "thumbnail"),
        },
    ),
    Dataset(
        dataset_id="gd_l1vikfch901nx3by4",
        platform="instagram",
        service="profiles",
        kind="profiles",
        ways={
            COLLECT: Way(None, BY_URL, paths=r"^/[^/]"),
            "user_name": Way("user_name", {"user_name": Input("handle", required=True)}, source="user_name"),
        },
        default_way=COLLECT,
        hosts=_HOSTS,
        match_keys=("url", "user_name"),
        columns={
            "profile_id": ("id", "fbid"),
            "url": ("profile_url", "url"),
            "name": ("profile_name", "full_name"),
            "handle": ("account",),
            "text": ("biography",),
            "follower_count": ("followers",),
            "following_count": ("following",),
            "post_count": ("posts_count",),
            "is_verified": ("is_verified",),
            "is_private": ("is_private",),
            "image_url": ("profile_image_link",),
            "external_urls": ("external_urls", "external_url"),
        },
    ),
    Dataset(
        dataset_id="gd_ltppn085pokosxh13",
        platform="instagram",
        service="comments",
        kind="comments",
        ways={COLLECT: Way(None, BY_URL, paths=r"^/[^/]")},
        default_way=COLLECT,
        hosts=_HOSTS,
        columns={
            "comment_id": ("comment_id",),
            "post_id": ("media:post_id", "media:post_url"),
            "post_url": ("post_url",),
            "url": ("url",),
            "author": ("comment_user",),
            "author_url": ("comment_user_url",),
            "text": ("comment",),
            "published_at": ("comment_date",),
            "like_count": ("likes_number",),
            "reply_count": ("replies_number",),
        },
    ),
)
